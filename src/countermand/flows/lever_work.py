"""Writing to a lever: entry by entry, each intent kept before its write, at the pace that the vendor lets us.

A part of the work: read the entries, decide about each (core.lever), keep what is about to be written, write, keep what became of
it. Killed anywhere, the next part reads what is there and goes on; nothing is written that is not wanted at that moment.
"""

import hashlib
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import partial

from countermand.access import Act, require
from countermand.config import Config
from countermand.core.errors import Refused
from countermand.core.instants import HOUR, MINUTE, SECOND, Instant
from countermand.core.lever import NOTHING, Do, Left, Step, bears, step
from countermand.flows import denials, lever_profiles
from countermand.flows.files import Progress, silent
from countermand.flows.lever_switch import Way, widen
from countermand.flows.lever_wants import walk
from countermand.flows.levers import kind_of, known, opened
from countermand.levers.lever import FAULTS, Kind, Later, Lever, Outcome, Seen, Write
from countermand.lib import clock
from countermand.lib.allowance import Allowance
from countermand.lib.granted import Denied
from countermand.lib.outward import Wait
from countermand.store import entries, lease, levers, log
from countermand.store.entries import Entry, Settled
from countermand.store.levers import LeverRow
from countermand.store.unit import aside, reading

#: Requests' worth of entries that one part takes.
_REQUESTS = 5
#: Milliseconds for which nobody else writes; whoever is killed is followed after so long.
_LEASE = 90 * SECOND
#: Seconds of waiting for the vendor for which a turn is not held; it is ended, and goes on then.
_PATIENCE = 15.0
#: How long after they were looked at entries of unknown devices, and refused ones, are looked at again.
_RETRY = 6 * HOUR
#: Between two walks over what is wanted, while there is work.
_WALKED = 15 * SECOND
_WAITS = (10 * SECOND, MINUTE, 5 * MINUTE, 15 * MINUTE)

Acting = Callable[[], Act]


@dataclass(frozen=True, slots=True)
class Worked:
    """``wrote``: entries that were written; ``removed``: of those, taken away; ``closed``: of which nothing of ours was left;
    ``left``: that are none of ours to write; ``refused``; ``waits``: entries about which something is still to be done."""

    name: str
    wrote: int = 0
    removed: int = 0
    closed: int = 0
    left: int = 0
    refused: int = 0
    waits: int = 0
    fault: str = ""


@dataclass(slots=True)
class Done:
    """What was done so far, as ``Worked`` will say it."""

    wrote: int = 0
    removed: int = 0
    closed: int = 0
    left: int = 0
    refused: int = 0


@dataclass
class _Part:
    """One part of the work: its entries with what is to be done about each."""

    steps: list[tuple[Entry, Seen | None, Step]]
    writes: list[tuple[Entry, Write]] = field(default_factory=list)


@dataclass
class Hand:
    """What writes to one lever: kept from one part to the next, and closed."""

    lever: Lever
    kind: Kind
    allowance: Allowance
    pool: ThreadPoolExecutor
    apps: dict[str, Sequence[str]] = field(default_factory=dict)

    def __enter__(self) -> "Hand":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        self.pool.shutdown()

    def seen(self, found: LeverRow, rows: Sequence[Entry]) -> dict[str, Seen]:
        """What is there under these entries' keys; of devices that only say so themselves, what follows from the receipts."""
        if self.kind.prevents is not None:
            return lever_profiles.seen(found.mark, rows)
        return self.read([row.key for row in rows])

    def read(self, keys: Sequence[str]) -> dict[str, Seen]:
        """Entries as they are there, several requests at once."""
        size = self.kind.batch
        parts = [keys[start : start + size] for start in range(0, len(keys), size)]
        return {key: one for part in self.pool.map(self.lever.read, parts) for key, one in part.items()}


def hand(act: Act, config: Config, name: str, wait: Wait = time.sleep) -> Hand:
    """Ready to write. Refused ``not-found``, and as ``opened`` does."""
    require(act.actor, "work-lever")
    found = known(name)
    kind = kind_of(found)
    apps: dict[str, Sequence[str]] = {}
    lever = opened(act, config, found, wait, apps)
    quota = kind.quota(found.settings)
    return Hand(lever, kind, Allowance(quota, kind.batch if quota.said else 0, wait), ThreadPoolExecutor(kind.lanes), apps)


def due(real: Instant) -> list[str]:
    """Names of the levers that are kept up, and may be asked now."""
    return [one.name for one in levers.every() if one.works and one.next_try <= real and kind_of(one).open is not None]


def work(
    acting: Acting,
    name: str,
    using: Hand,
    way: Way,
    *,
    holder: str,
    progress: Progress = silent,
    until: Callable[[], bool] = lambda: False,
) -> Worked:
    """Bring the lever up to what is wanted, until nothing is to be done or ``until`` says so. Refused ``not-found``,
    ``lever-paused``, ``lever-busy``. A system that does not answer is tried again later; ``fault`` says why."""
    act = acting()
    require(act.actor, "work-lever")
    found = known(name)
    if not found.works:
        raise Refused("lever-paused", name=name)
    done, fault = Done(), ""
    began = clock.steady()
    hold(found, holder)
    try:
        _parts(acting, found, using, way, holder, done, progress, until)
    except FAULTS as wrong:
        fault = failed(found, wrong, using)
    finally:
        with aside():
            let_go(found, holder)
            _rated(found, done, clock.steady() - began)
    waits = entries.count(found.pk).open
    return Worked(name, done.wrote, done.removed, done.closed, done.left, done.refused, waits, fault)


def _parts(
    acting: Acting,
    found: LeverRow,
    using: Hand,
    way: Way,
    holder: str,
    done: Done,
    progress: Progress,
    until: Callable[[], bool],
) -> None:
    walked: tuple[object, ...] = ()
    walked_at = 0
    while True:
        act = acting()
        standing = _standing(act, found)
        if not standing:
            return  # paused, or removed
        if walked != standing or clock.steady() - walked_at > _WALKED:
            walk(act, known(found.name), lambda: hold(found, holder))
            walked, walked_at = standing, clock.steady()
        taken = _part(act, found, using, done, partial(_still, acting, found, walked))
        if not taken:
            break
        progress(taken)
        if until():
            return
        hold(found, holder)
    with aside():
        entries.sweep(found.pk, lease.real())
    widen(acting(), known(found.name), way, holder)
    with aside():
        levers.failed(found.pk, "", 0, 0)


def _part(act: Act, found: LeverRow, using: Hand, done: Done, still: Callable[[], bool]) -> int:
    """One part; how many entries it looked at, 0 if there is nothing to do."""
    kind = using.kind
    with reading():
        rows = entries.open_(found.pk, lease.real(), kind.batch * _REQUESTS)
    if not rows:
        return 0
    part = _Part(_decided(found, using, rows))
    _begin(act, found, part, done, still)
    if part.writes:
        _write(act, found, using, part, done, still)
    return len(rows)


def _decided(found: LeverRow, using: Hand, rows: Sequence[Entry]) -> list[tuple[Entry, Seen | None, Step]]:
    seen = using.seen(found, rows)
    found_ = []
    for row in rows:
        there = seen.get(row.key)
        value = None if there is None else there.value
        marked = value is not None and bears(found.mark, value)
        found_.append((row, there, step(row.want, row.receipt, value, marked=marked)))
    return found_


def _begin(act: Act, found: LeverRow, part: _Part, done: Done, still: Callable[[], bool]) -> None:
    """Keep what was found, and what is about to be written; of what is not wanted any more, nothing is."""
    real = lease.real()
    settled, about = [], []
    for row, seen, decided in part.steps:
        if decided.do is Do.WRITE and seen is not None:
            about.append((row, Write(row.key, decided.value, seen)))
        else:
            settled.append(_found(row, seen, decided, real))
    with aside():
        if not still():
            return
        allowed = entries.ask(found.pk, [(row.pk, row.want, write.value, real) for row, write in about])
        entries.settle(settled)
        left = [row.key for row, _, decided in part.steps if decided.do is Do.LEAVE and decided.why is not Left.MISSING]
        if left:
            log.append("lever-left-alone", act, {"lever": found.name, "entries": len(left)}, [_subject(found, left)])
    part.writes = [(row, write) for row, write in about if row.pk in allowed]
    done.closed += sum(1 for _, _, decided in part.steps if decided.do is Do.CLOSE)
    done.left += sum(1 for _, _, decided in part.steps if decided.do is Do.LEAVE)


def _found(row: Entry, seen: Seen | None, decided: Step, real: Instant) -> Settled:
    """What follows for an entry that is not written."""
    idle = seen.idle if seen else ""
    if decided.do is Do.KEEP:
        return Settled(row.pk, decided.value, row.receipt.was, idle=idle)
    if decided.do is Do.CLOSE:
        return Settled(row.pk, NOTHING, row.receipt.was or row.receipt.value, close=True)
    retry = real + _RETRY if decided.why is Left.MISSING else 0
    return Settled(row.pk, NOTHING, NOTHING, left=decided.why, why=seen.value if seen else "", retry=retry)


def _write(act: Act, found: LeverRow, using: Hand, part: _Part, done: Done, still: Callable[[], bool]) -> None:
    """Send the writes and keep what became of each; what is not known is looked at again."""
    size = using.kind.batch
    if using.kind.prevents is not None:
        lever_profiles.learn(using.apps, [write.value for _, write in part.writes])
    under_way = []
    for start in range(0, len(part.writes), size):
        some = part.writes[start : start + size]
        using.allowance.take(len(some))
        if not still():
            break  # something was halted meanwhile; what was not sent is decided anew
        under_way.append((some, using.pool.submit(using.lever.write, [write for _, write in some])))
    later, settled, unknown = 0.0, [], []
    for some, sent in under_way:
        for (row, write), outcome in zip(some, sent.result(), strict=True):
            later = max(later, outcome.later)
            if one := _outcome(row, write, outcome, done):
                settled.append(one)
            else:
                unknown.append(row.pk)
    with aside():
        entries.settle(settled)
        wrote = [one.pk for one in settled if not one.left]
        if settled:
            keys = [write.key for _, write in part.writes]
            about = {"lever": found.name, "written": len(wrote), "refused": len(settled) - len(wrote)}
            log.append("lever-written", act, about, [_subject(found, keys)])
    if later > _PATIENCE:
        raise Later(later)
    if later:
        using.allowance.later(later)


def _outcome(row: Entry, write: Write, outcome: Outcome, done: Done) -> Settled | None:
    real = lease.real()
    if outcome.done:
        done.wrote += 1
        done.removed += write.value == NOTHING
        was = row.receipt.value or write.before.value
        return Settled(row.pk, write.value, was, idle=write.before.idle, wrote=real)
    if outcome.refused:
        done.refused += 1
        value = row.receipt.value
        return Settled(row.pk, value, row.receipt.was, left=Left.REFUSED, why=outcome.refused, retry=real + _RETRY)
    return None


def _standing(act: Act, found: LeverRow) -> tuple[object, ...]:
    """What the wants hang on: which directives are in force, and whether all is to be undone."""
    now = levers.find(found.name)
    if now is None or not now.works:
        return ()
    return (now.undoing, *((one.id, one.current.row, one.not_before) for one in denials.in_force_now(act.now)))


def _still(acting: Acting, found: LeverRow, standing: tuple[object, ...]) -> bool:
    return _standing(acting(), found) == standing


def hold(found: LeverRow, holder: str) -> None:
    """Nobody else writes to this lever. Refused ``lever-busy``."""
    with aside():
        if not lease.hold(_lease(found), holder, lease.real(), _LEASE):
            raise Refused("lever-busy", name=found.name)


def let_go(found: LeverRow, holder: str) -> None:
    """Inside a unit."""
    lease.release(_lease(found), holder)


def failed(found: LeverRow, wrong: Exception, using: Hand) -> str:
    """Why it did not answer, or not let us. Then it is tried again later and later, or when it said."""
    if isinstance(wrong, Later):
        using.allowance.later(wrong.seconds)
        with aside():
            levers.failed(found.pk, str(wrong), 0, lease.real() + int(wrong.seconds * SECOND))
        return str(wrong)
    if isinstance(wrong, Refused) and wrong.code == "lever-busy":
        raise wrong
    said = f"it does not let us: {wrong}" if isinstance(wrong, Denied) else str(wrong)
    with aside():
        now = known(found.name)
        levers.failed(found.pk, said, now.failures + 1, lease.real() + _WAITS[min(now.failures, len(_WAITS) - 1)])
    return said


def _rated(found: LeverRow, done: Done, took: int) -> None:
    if done.wrote and took > SECOND:
        levers.update(found.pk, rate=int(done.wrote * HOUR / took))


def _subject(found: LeverRow, keys: Sequence[str]) -> str:
    digest = hashlib.sha256("\n".join(sorted(keys)).encode()).hexdigest()
    return f"lever:{found.name}:{digest}"


def _lease(found: LeverRow) -> str:
    return f"lever:{found.pk}"
