"""Publishing: one publisher turns the marks of committed flows into numbered, signed records, and says what time it is.

Bodies are made in a consistent read, then numbered and stored in one short unit, so that no writer waits for the making.
INVARIANT: a heartbeat is written only in a unit in which no mark is pending: whoever holds its number holds everything
that was committed before its time.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from countermand.core.decision import Standing
from countermand.core.errors import Refused
from countermand.core.instants import SECOND, Instant
from countermand.flows.bodies import Said, bodies, standing
from countermand.flows.speaker import Speaker
from countermand.snapshot.hashes import Hashes
from countermand.snapshot.records import Kind, Record, digest, standing_body, write
from countermand.snapshot.signed import NOTHING_BEFORE, Heartbeat, heartbeat
from countermand.store import feed, installation, lease
from countermand.store.feed import Mark
from countermand.store.unit import aside, reading

#: A publisher that dies is followed by another after this long.
_LEASE = 5 * SECOND
#: Marks that one batch takes; a flow leaves a handful, an import a few per block.
_MARKS = 5_000


@dataclass(frozen=True, slots=True)
class Published:
    """``records``: how many were stored; ``n``: the last number now; ``held``: False if somebody else is the publisher."""

    records: int
    n: int
    held: bool = True


def publish(speaker: Speaker, holder: str, real: Instant, *, beat: bool = False, older: Refused | None = None) -> Published:
    """Publish everything that is marked, and a heartbeat if there was anything or ``beat`` asks for it.

    ``real``: the real time (a drill's offset is added from its row); ``holder`` names this publisher. Refused
    ``feed-behind-gate`` if a gate has heard more than this database knows, ``epoch-behind`` if a restore opened a later
    epoch here: then this is an older copy. ``older``: why it is known to be one; then halts and rescissions are published,
    and nothing else.
    """
    total = 0
    while True:
        batch = _gather(speaker, real)
        if older is not None and not batch.only_stops:
            raise older
        if not (batch.marks or beat):
            return Published(total, _n(batch.epoch))
        with aside():
            if not lease.hold("publisher", holder, real, _LEASE):
                return Published(total, _n(batch.epoch), held=False)
            stored = _store(speaker, batch, beat=beat)
        if stored is None:
            continue  # another publisher stored records since the batch was read, and may know better: read again
        total += stored
        if batch.complete:
            return Published(total, _n(batch.epoch))


@dataclass(frozen=True, slots=True)
class _Batch:
    """Marks and what they come to, read when the last record was number ``n``. ``complete``: no other mark was waiting
    then; ``only_stops``: they are halts and rescissions alone."""

    epoch: int
    n: int
    now: Instant
    marks: Sequence[Mark]
    lineages: Sequence[str]
    said: Sequence[Said]
    complete: bool
    only_stops: bool = False


def _gather(speaker: Speaker, real: Instant) -> _Batch:
    with reading():
        house = installation.load()
        if house is None:
            raise Refused("no-installation", path="(open)")
        if house.epoch < speaker.epoch:
            raise Refused("epoch-behind", kept=speaker.epoch, epoch=house.epoch)
        now = real + house.clock_offset
        n = feed.last(house.epoch).n
        stops = [mark for mark in feed.stopping_marks() if _stops(standing(mark.key))]
        if stops:
            return _Batch(house.epoch, n, now, stops, [mark.key for mark in stops], [], complete=False, only_stops=True)
        found = feed.marks(_MARKS)
        complete = sum(len(mark.ids) for mark in found) < _MARKS
        # What could begin denials goes last: until everything about whom and when is told, a lineage is not (again) in force.
        taken = found if complete else [mark for mark in found if mark.kind != Kind.LINEAGE] or found
        lineages = [mark.key for mark in taken if mark.kind == Kind.LINEAGE]
        said = list(bodies(taken, Hashes(speaker.secret, house.epoch), now))
        return _Batch(house.epoch, n, now, taken, lineages, said, complete)


def _stops(row: Standing) -> bool:
    return not row.live or row.halted


def _store(speaker: Speaker, batch: _Batch, *, beat: bool) -> int | None:
    """Number, sign and store the batch; returns how many records, None if they would not follow what the batch was read
    after. Inside the unit, where no key can be rotated meanwhile."""
    speaker = speaker.fresh()
    before = feed.last(batch.epoch)
    further = feed.ahead(batch.epoch, before.n)
    if further is not None:
        raise Refused(
            "feed-behind-gate", gate=further.name, epoch=further.epoch, n=further.n, our_epoch=batch.epoch, our_n=before.n
        )
    if before.n != batch.n:
        return None
    # Lineage rows are read here, not before: a halt that was committed meanwhile must not be told later than it is known.
    said = [*batch.said, *(Said(Kind.LINEAGE, standing_body(standing(name, speaker.language))) for name in batch.lineages)]
    rows: list[feed.Row] = []
    n, previous = before.n, before.digest or NOTHING_BEFORE
    for index, one in enumerate(said):
        n += 1
        more = index < len(said) - 1
        line = write(speaker.key, Record(batch.epoch, n, previous, batch.now, one.kind, one.body, more))
        previous = digest(line)
        rows.append(feed.Row(n, previous, line))
    feed.append(batch.epoch, rows, batch.now)
    feed.unmark(batch.marks)
    if (beat or batch.marks) and not feed.any_marks():
        line = heartbeat(speaker.key, Heartbeat(batch.epoch, n, previous, batch.now))
        feed.save_beat(feed.Beat(batch.epoch, n, batch.now, line))
    return len(rows)


def _n(epoch: int) -> int:
    return feed.last(epoch).n
