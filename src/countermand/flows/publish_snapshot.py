"""Writing the file that gates start from: everything they need, as the rows are now, after the feed's last record."""

from collections.abc import Iterable, Iterator
from itertools import chain
from pathlib import Path

from pyroaring import BitMap

from countermand.core import disowned
from countermand.core.blocks import BLOCK_SIZE
from countermand.core.errors import Refused
from countermand.core.instants import Instant
from countermand.flows import epochs
from countermand.flows.bodies import denials, denials_of_people, standing
from countermand.flows.speaker import Speaker
from countermand.snapshot.files import SnapshotFile, file_for, snapshots
from countermand.snapshot.hashes import Hashes
from countermand.snapshot.signed import NOTHING_BEFORE
from countermand.snapshot.write import Contents, Entry, Stamp, write
from countermand.store import feed, installation, mailnames, objections, sets, terms
from countermand.store.unit import aside, reading

#: Records kept behind a snapshot, for gates that are about to connect with an older one.
_KEPT = 20_000
_KEPT_FILES = 2


def publish_snapshot(speaker: Speaker, directory: Path, real: Instant) -> SnapshotFile:
    """Write ``snapshot-<epoch>-<n>`` into ``directory``, then let go of records and files that it makes needless."""
    speaker = speaker.fresh()
    with reading():
        house = installation.load()
        if house is None:
            raise Refused("no-installation", path="(open)")
        if speaker.state_dir is not None and house.epoch > max(speaker.epoch, 1):
            epochs.keep(speaker.state_dir, house.epoch)  # a restore was killed before it wrote that down
        now = real + house.clock_offset
        last = feed.last(house.epoch)
        hashes = Hashes(speaker.secret, house.epoch)
        stamp = Stamp(house.epoch, last.n, last.digest or NOTHING_BEFORE, now, hashes.key_id)
        path = file_for(directory, house.epoch, last.n)
        write(path, stamp, _contents(hashes, now, speaker.language), speaker.key, speaker.certificate)
    with aside():
        feed.prune(house.epoch, last.n - _KEPT)
    for older in snapshots(directory)[:-_KEPT_FILES]:
        older.path.unlink(missing_ok=True)
    return SnapshotFile(path, house.epoch, last.n)


def _contents(hashes: Hashes, now: Instant, language: str) -> Contents:
    names = [lineage.id for lineage in terms.issued()]
    tongues = _Tongues()
    cut = [disowned.LINEAGE] if objections.any_cut() else []
    return Contents(
        identities=((hashes.identity(*pair), ordinal) for pair, ordinal in mailnames.devices()),
        logins=((hashes.login(one.login), one.ordinal) for one in tongues.noting(mailnames.people())),
        protected=[hashes.login(login) for login in mailnames.protected()],
        standings=[standing(name, language) for name in [*names, *cut]],
        denials=chain(_entries(names, sets.DEVICES, now), _cut(cut)),
        unregistered=_entries(names, sets.PEOPLE, now),
        spoken=tongues.entries(),
    )


class _Tongues:
    """Who is spoken to in which language, noted while everybody is read for something else."""

    def __init__(self) -> None:
        self._found: dict[tuple[str, int], BitMap] = {}

    def noting(self, people: Iterable[mailnames.Owner]) -> Iterator[mailnames.Owner]:
        for one in people:
            if language := one.language:
                self._found.setdefault((language, one.ordinal // BLOCK_SIZE), BitMap()).add(one.ordinal % BLOCK_SIZE)
            yield one

    def entries(self) -> Iterator[tuple[str, int, BitMap]]:
        for (language, block), offsets in sorted(self._found.items(), key=lambda found: found[0]):
            yield language, block, offsets


def _entries(names: list[str], space: str, now: Instant) -> Iterator[Entry]:
    of = denials if space == sets.DEVICES else denials_of_people
    for block in sets.blocks(space):
        for name in names:
            for start, offsets in of(name, block, now):
                yield Entry(name, block, start, offsets)


def _cut(names: list[str]) -> Iterator[Entry]:
    for name in names:
        yield from (Entry(name, disowned.BLOCK, start, offsets) for start, offsets in disowned.entries(disowned.BLOCK))
