"""Bring a fleet in bulk: people, groups, devices and their apps from Parquet.

Everything is checked before anything is written, and a load that was interrupted goes on where it was when it is started
again with the same files: what was checked lies staged in the state directory, and the database says how far it came.
"""

import fcntl
import hashlib
import shutil
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path

from countermand.access import Act, require
from countermand.config import Holdbacks
from countermand.core.claims import Voice
from countermand.core.errors import Refused, RefusedMany
from countermand.core.facts import BLOCK_SIZE
from countermand.core.fleet_tables import GROUPS, PEOPLE
from countermand.core.instants import Instant
from countermand.core.people import Person
from countermand.core.table import Problems, Row
from countermand.flows import staging, taking
from countermand.flows.bring_devices import doubts_of
from countermand.flows.bring_people import check_nesting, check_people, write_nesting, write_people
from countermand.flows.files import Brought, Progress, settle_doubts, silent
from countermand.flows.loading import Loading
from countermand.flows.mentioning import mentions
from countermand.flows.staging import Stage, Staging
from countermand.lib.collector import rarely
from countermand.lib.parquet import Delivery, Reader, delivered
from countermand.lib.rejects import Rejects
from countermand.lib.spare import give_back, sparing
from countermand.people import csv, parquet
from countermand.people.logins import Heard
from countermand.store import bulk, fleet, loads, log, reporters, watching
from countermand.store.unit import reading, unit


@dataclass(frozen=True, slots=True)
class Loaded:
    """Counts per table, of a dry run what they would be. ``apps``: rows read; ``kept``: of those, what may be kept; ``resumed``:
    devices that an interrupted run had written already. ``doubts``: what asks for a second look."""

    people: Brought = field(default_factory=Brought)
    groups: Brought = field(default_factory=Brought)
    devices: Brought = field(default_factory=Brought)
    apps: int = 0
    kept: int = 0
    resumed: int = 0
    doubts: tuple[Refused, ...] = ()


@dataclass(slots=True)
class _Files:
    """The files of a load, and everything that is wrong with them."""

    delivery: Delivery
    rejects: Rejects
    problems: list[Problems] = field(default_factory=list)

    def told(self, reader: Reader) -> Problems:
        return self._collect(reader.path.name, reader.names)

    def _collect(self, name: str, names: Mapping[str, str]) -> Problems:
        self.problems.append(Problems(name, tell=self.rejects.add, names=names))
        return self.problems[-1]

    def people(self) -> Iterator[Person]:
        for reader in self.delivery.readers(PEOPLE):
            yield from (person for _, person in parquet.people(reader, self.told(reader)))

    def nesting(self) -> frozenset[tuple[str, str]]:
        mapped = self.delivery.mappings.get(GROUPS.name)
        problems = self._collect("groups.parquet", mapped.names if mapped else {})
        rows: list[Row] = [row for reader in self.delivery.readers(GROUPS) for row in parquet.nesting(reader, problems)]
        return csv.nesting(rows, problems)

    def refuse_if_any(self) -> None:
        """RefusedMany if anything is wrong: the first problems in words, and how many more there are."""
        wrong = [problems for problems in self.problems if problems.count]
        if not wrong:
            return
        found = [problem for problems in wrong for problem in problems.found]
        count = sum(problems.count for problems in wrong)
        raise RefusedMany([*found[:_SHOWN], Refused("load-errors", count=count, path=str(self.rejects.path))])


#: Problems shown in words; the file of errors has them all.
_SHOWN = 20
_FORMS = ("csv", "parquet")
#: What is written before the devices of a block. A load that began in another order is checked anew.
_ORDER = "apps and looks"


def bring_parquet(
    act: Act,
    paths: Sequence[Path],
    state_dir: Path,
    *,
    source: str = "parquet",
    whole: bool = True,
    dry_run: bool = False,
    confirmed: bool = True,
    progress: Progress = silent,
    hold: Holdbacks = Holdbacks(),  # noqa: B008  # frozen
    errors: str = "csv",
    mapping: str = "",
) -> Loaded:
    """Load these files and directories, somebody else's tables with a ``mapping`` (core.mapping.parse_tables). ``source`` says
    what rows without one say; ``whole``, ``confirmed`` and refusals as
    for other imports. RefusedMany with the first problems, and all of them in ``loads/errors.csv`` (or ``.parquet``) of the
    state directory; nothing is written then."""
    require(act.actor, "import")
    if errors not in _FORMS:
        raise Refused("unknown-format", format=errors, known=", ".join(_FORMS))
    with rarely(), sparing(), _alone(state_dir / "loads") as folder, Rejects(folder / f"errors.{errors}") as rejects:
        files = _Files(delivered(paths, mapping), rejects)
        key = _key(act, files, f"{source}\n{mapping}" if mapping else source)
        stage = folder / ("dry" if dry_run else "staged")
        if not dry_run and _interrupted(key, stage):
            return _write(act, key, stage, files, Loaded(), whole=whole, progress=progress)
        looking = dry_run or not confirmed
        counted = _check(act, stage, key, files, source, whole=whole, looking=looking, progress=progress, hold=hold)
        if dry_run:
            shutil.rmtree(stage)
            return counted
        settle_doubts(counted.doubts, confirmed=confirmed)
        return _write(act, key, stage, files, counted, whole=whole, progress=progress)


def _interrupted(key: str, stage: Path) -> bool:
    """Whether this load began, and what it checked still lies ready. A load that began and lost that is given up: what it
    wrote is whole, and it is checked anew."""
    if loads.find(key) is None:
        return False
    if staging.opened(stage, key) is not None:
        return True
    with unit():
        loads.finish(key, 0)
    return False


@contextmanager
def _alone(folder: Path) -> Iterator[Path]:
    """One load at a time. Refused ``load-running``."""
    folder.mkdir(parents=True, mode=0o700, exist_ok=True)
    with (folder / "lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise Refused("load-running") from None
        yield folder


def _key(act: Act, files: _Files, how: str) -> str:
    """Names the load: the same files, read in the same way under the same watch list, go on where they were."""
    made = hashlib.sha256(f"{_ORDER}\n{how}\n{_watched_words(act.now)}\n".encode())
    for table in sorted(files.delivery.files):
        for path in files.delivery.files[table]:
            with path.open("rb") as file:
                made.update(f"{table} {hashlib.file_digest(file, 'sha256').hexdigest()}\n".encode())
    return made.hexdigest()


def _watched_words(now: Instant) -> str:
    return " ".join(sorted(map(str, watching.watch_list(now))))


# -- checking --


def _check(
    act: Act,
    stage: Path,
    key: str,
    files: _Files,
    source: str,
    *,
    whole: bool,
    looking: bool,
    progress: Progress,
    hold: Holdbacks,
) -> Loaded:
    """Read everything, and lay ready what is to be written. RefusedMany if a row is wrong."""
    logins = Heard()

    def heard() -> Iterator[Person]:
        for person in files.people():
            logins.add(person.login)
            progress(1)
            yield person

    people = check_people(heard(), whole=whole and "people" in files.delivery.files, hold=hold)
    groups = check_nesting(files.nesting(), hold) if "groups" in files.delivery.files else Brought()
    shutil.rmtree(stage, ignore_errors=True)
    give_back()
    read = Staging(
        Stage(stage), key, source, act.now, watching.watch_list(act.now), hint=fleet.next_ordinal() % BLOCK_SIZE, logins=logins
    )
    for _ in staging.stage_all(read, files.delivery, files.told, progress):
        pass
    files.refuse_if_any()
    read.finish()
    devices = _foreseen(act, stage, read, whole=whole, looking=looking, hold=hold)
    doubts = (*people.doubts, *groups.doubts, *devices.doubts)
    return Loaded(people, groups, devices, read.staged.apps, read.staged.kept, doubts=doubts)


def _foreseen(act: Act, stage: Path, read: Staging, *, whole: bool, looking: bool, hold: Holdbacks) -> Brought:
    """Counts of the devices, and per source what asks for a second look."""
    staged, positions = read.staged, read.positions
    surfaced, changed = Counter(staged.surfaced), 0
    with reading():
        for said in mentions(stage, positions, staged, read.ids, 0) if looking and positions.known.any() else ():
            for number, mention in said:
                drawn = taking.plan(act, staged.sources[number], [mention], may_add=True, voice=Voice.FILE)
                changed += drawn.changed
                surfaced[staged.sources[number]] += sum(drawn.surfaced.values()) if not drawn.added else 0
        doubts = [
            doubt
            for number, name in enumerate(staged.sources)
            for doubt in doubts_of(
                act, reporters.looked_up(name), int((positions.source == number).sum()), surfaced[name], whole, hold
            )
        ]
    added = int((~positions.known).sum())
    return Brought(staged.devices, added, changed, surfaced=surfaced.total(), doubts=tuple(doubts))


# -- writing --


def _write(act: Act, key: str, stage: Path, files: _Files, counted: Loaded, *, whole: bool, progress: Progress) -> Loaded:
    found = staging.opened(stage, key)
    if found is None:
        raise RuntimeError("what was staged cannot be read back")
    staged, positions, ids, used = found
    before = loads.find(key)
    if before is None:
        write_people(act, key, files.people(), progress)
        if "groups" in files.delivery.files:
            write_nesting(act, key, files.nesting(), progress)
    give_back()
    load = Loading(act, stage, key, watching.watch_list(act.now), staged, positions, ids, used, progress)
    done = load.run()
    with unit():
        for number, name in enumerate(staged.sources):
            count = int((positions.source == number).sum())
            source = reporters.named(name, "parquet")
            if whole:
                reporters.contacted(source, act.now, count)
                log.append("source-contacted", act, {"source": name, "devices": count})
        loads.finish(key, act.now)
    bulk.analyze()
    shutil.rmtree(stage, ignore_errors=True)
    devices = replace(counted.devices, rows=staged.devices, added=int((~positions.known).sum()), moved=done.moved + done.placed)
    resumed = before.placed + before.known if before else 0
    return replace(counted, devices=devices, apps=staged.apps, kept=staged.kept, resumed=resumed)
