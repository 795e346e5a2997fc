"""Verifying a lever: every entry that is there by our receipts is read back; what is not as we left it is said."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, fields
from typing import cast

from countermand.access import require
from countermand.core.lever import NOTHING, Do, bears, step
from countermand.flows.files import Progress, silent
from countermand.flows.lever_switch import Way, look
from countermand.flows.lever_work import Acting, Hand, failed, hold, let_go
from countermand.flows.levers import known
from countermand.levers.lever import FAULTS, Asked, Seen
from countermand.store import entries, lease, levers, log
from countermand.store.entries import Entry, Settled
from countermand.store.levers import LeverRow
from countermand.store.unit import aside

#: Requests' worth of entries that one part takes.
_REQUESTS = 20
#: Keys that are named.
_NAMED = 20


@dataclass(slots=True)
class Read:
    """What was read so far, as ``Verified`` will say it."""

    looked: int = 0
    drifted: dict[str, int] = field(default_factory=dict)
    examples: list[str] = field(default_factory=list)
    strays: int = 0
    switch: str = ""
    whole: bool = False
    fault: str = ""


@dataclass(frozen=True, slots=True)
class Verified:
    """``looked``: entries that were read back; ``drifted``: why → how many are not as we left them; ``examples``: some of their
    keys; ``strays``: entries that bear our mark and of which we had no receipt; ``switch``: what somebody changed about it.
    ``whole``: whether all of it was looked at."""

    name: str
    looked: int = 0
    drifted: dict[str, int] = field(default_factory=dict)
    examples: list[str] = field(default_factory=list)
    strays: int = 0
    switch: str = ""
    whole: bool = False
    fault: str = ""


def verify(
    acting: Acting,
    name: str,
    using: Hand,
    way: Way,
    *,
    holder: str,
    progress: Progress = silent,
    until: Callable[[], bool] = lambda: False,
) -> Verified:
    """Read back what is there, from where an interrupted verification stopped. What others changed is let go and said; what is
    only not seen yet is not. Refused ``not-found``, ``lever-busy``."""
    act = acting()
    require(act.actor, "work-lever")
    found = known(name)
    done = Read()
    hold(found, holder)
    try:
        if using.kind.switch:
            done.switch = look(act, found, way)
        done.whole = _parts(acting, found, using, holder, done, progress, until)
        if done.whole:
            _strays(found, using, done)
            with aside():
                about = {"lever": name, "looked": done.looked, "drifted": done.drifted, "strays": done.strays}
                log.append("lever-verified", acting(), about)
    except FAULTS as wrong:
        done.fault = failed(found, wrong, using)
    finally:
        with aside():
            let_go(found, holder)
    return Verified(name, **{one.name: getattr(done, one.name) for one in fields(done)})


def _parts(
    acting: Acting,
    found: LeverRow,
    using: Hand,
    holder: str,
    done: Read,
    progress: Progress,
    until: Callable[[], bool],
) -> bool:
    after = found.verified_to
    while rows := entries.ours(found.pk, after, lease.real(), using.kind.batch * _REQUESTS):
        if until():
            return False
        seen = using.seen(found, rows)
        if using.kind.prevents is not None:
            _ask(using, [row.key for row in rows])
        drifted = [(row, settled) for row in rows if (settled := _drifted(found, row, seen.get(row.key)))]
        after = rows[-1].pk
        with aside():
            entries.settle([settled for _, settled in drifted])
            levers.update(found.pk, verified_to=after)
        for row, settled in drifted:
            why = str(settled.left or "gone")
            done.drifted[why] = done.drifted.get(why, 0) + 1
            done.examples += [row.key] if len(done.examples) < _NAMED else []
        done.looked += len(rows)
        progress(len(rows))
        hold(found, holder)
    with aside():
        levers.update(found.pk, verified_to=0, verified_at=acting().now)
    return True


def _ask(using: Hand, keys: Sequence[str]) -> None:
    """Have devices say what they have; what they say is noted when they do (flows.lever_profiles)."""
    for start in range(0, len(keys), using.kind.batch):
        part = keys[start : start + using.kind.batch]
        using.allowance.take(len(part))
        cast(Asked, using.lever).ask(part)


def _drifted(found: LeverRow, row: Entry, seen: Seen | None) -> Settled | None:
    """What follows for a row that is not as it should be; None if it is, or may be."""
    value = None if seen is None else seen.value
    decided = step(row.want, row.receipt, value, marked=value is not None and bears(found.mark, value))
    if decided.do is Do.LEAVE:
        return Settled(row.pk, NOTHING, NOTHING, left=decided.why, why=value or "")
    if decided.do is Do.CLOSE:
        return Settled(row.pk, NOTHING, NOTHING, close=True)
    return None  # as it should be, or the work's to write


def _strays(found: LeverRow, using: Hand, done: Read) -> None:
    """Entries that bear our mark and of which there is no receipt, as after an older database was restored: they are taken on as
    ours, so that they go unless they are wanted."""
    after, first = "", True
    while first or after:
        keys, after = using.lever.strays(after)
        first = False
        known_ = entries.keyed(found.pk, keys, lease.real())
        strays = [key for key in keys if key not in known_ or not known_[key].receipt.ours]
        with aside():
            entries.adopt(found.pk, strays)
        done.strays += len(strays)
