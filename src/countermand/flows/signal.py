"""Telling subscribers what the ledger records: in its order, each entry at least once, under the same id whenever.

A subscriber that does not answer is tried again later and later; what it missed waits in the ledger, and nothing behind it
overtakes. One that says it is gone is paused.
"""

from dataclasses import dataclass

from countermand.access import Act, require
from countermand.config import Config
from countermand.core.errors import Refused
from countermand.core.instants import HOUR, MINUTE, SECOND
from countermand.flows.subscribe import known, opened
from countermand.ledger.entry import Entry, decode
from countermand.lib import clock
from countermand.signals.event import Event, event
from countermand.signals.way import Undelivered, Way
from countermand.store import lease, log, subscribers, tree
from countermand.store.subscribers import Subscriber
from countermand.store.unit import aside

#: Events that go out before it is written how far they came: so many may come twice after a crash.
BATCH = 20
#: Entries that are passed over before it is written how far that is.
_PASSED = 5_000
#: Milliseconds for which nobody else tells this subscriber; longer than a batch can take while it is patient.
_LEASE, _PATIENCE = 30 * MINUTE, MINUTE
#: Waits after failures in a row, and from then on the last.
_WAITS = (5 * SECOND, 5 * MINUTE, 30 * MINUTE, 2 * HOUR, 5 * HOUR, 10 * HOUR, 14 * HOUR, 20 * HOUR, 24 * HOUR)


@dataclass(frozen=True, slots=True)
class Told:
    """``told``: events that arrived; ``passed``: entries that the subscriber did not ask for; ``more``: whether any waits."""

    name: str
    told: int
    passed: int
    more: bool
    fault: str = ""


@dataclass(frozen=True, slots=True)
class Tried:
    """One event that was sent to see whether it arrives."""

    name: str
    id: str
    arrived: bool
    fault: str


def signal(act: Act, config: Config, name: str, holder: str) -> Told | None:
    """Tell one subscriber the next batch. None if it is paused, has to wait, heard everything, or is being told by another."""
    require(act.actor, "signal")
    real, size = lease.real(), _size()
    with aside():
        found = known(name)
        if found.paused_at is not None or found.next_try > real or found.position >= size:
            return None
        if not lease.hold(_lease(found), holder, real, _LEASE):
            return None
    try:
        return _tell(act, config, found, size)
    finally:
        with aside():
            lease.release(_lease(found), holder)


def due() -> list[str]:
    """Names of those who may hear something now."""
    real, size = lease.real(), _size()
    return [one.name for one in subscribers.every() if one.paused_at is None and one.next_try <= real and one.position < size]


def signal_test(act: Act, config: Config, name: str) -> Tried:
    """Send one event that says it is a test. Refused ``not-found``, ``drill-stays-in``, ``subscriber-credential``,
    ``address-private``."""
    require(act.actor, "subscribe")
    found = known(name)
    test = event(config.origin, -1, Entry("test", act.now, act.actor.name, {"subscriber": name}), hide_actor=found.hide_actors)
    try:
        opened(act, config, found).tell([test])
    except Undelivered as undelivered:
        return Tried(name, test.id, False, undelivered.why)
    return Tried(name, test.id, True, "")


def _tell(act: Act, config: Config, found: Subscriber, size: int) -> Told:
    try:
        way = opened(act, config, found)
    except Refused as refused:
        return _failed(act, found, Undelivered(str(refused)), 0, 0)
    end, told, passed = clock.steady() + _PATIENCE, 0, 0
    position = found.position
    while position < size and clock.steady() < end:
        events, following, skipped = _next(config.origin, found, position, size)
        fault = _out(way, events)
        position = following if fault is None else events[fault.arrived].leaf
        told += len(events) if fault is None else fault.arrived
        passed += skipped
        if position > found.position:
            with aside():
                if not subscribers.arrived(found.pk, found.position, position, act.now):
                    return Told(found.name, told, passed, True)  # placed anew meanwhile: it hears again from there
            found = known(found.name)
        if fault is not None:
            return _failed(act, found, fault, told, passed)
    return Told(found.name, told, passed, position < size)


def _out(way: Way, events: list[Event]) -> Undelivered | None:
    if not events:
        return None
    try:
        way.tell(events)
    except Undelivered as undelivered:
        return undelivered
    except Refused as refused:
        return Undelivered(str(refused))
    return None


def _failed(act: Act, found: Subscriber, fault: Undelivered, told: int, passed: int) -> Told:
    wait = max(_WAITS[min(found.failures, len(_WAITS) - 1)], int(fault.after * SECOND))
    with aside():
        subscribers.failed(found.pk, fault.why, found.failures + 1, lease.real() + min(wait, _WAITS[-1]))
        if fault.gone:
            subscribers.pause(found.pk, act.now)
            log.append("subscriber-paused", act, {"subscriber": found.name, "why": "gone"})
    return Told(found.name, told, passed, True, fault.why)


def _next(origin: str, found: Subscriber, start: int, size: int) -> tuple[list[Event], int, int]:
    """(the next events that it asked for, the leaf behind them, how many entries it did not ask for)."""
    events: list[Event] = []
    passed, following = 0, start
    for row in tree.sealed(start, size):
        leaf = row.leaf if row.leaf is not None else start
        entry = decode(row.entry)
        following = leaf + 1
        if _wanted(found, entry):
            events.append(event(origin, leaf, entry, hide_actor=found.hide_actors))
        else:
            passed += 1
        if len(events) == BATCH or passed >= _PASSED:
            break
    else:
        following = size
    return events, following, passed


def _wanted(found: Subscriber, entry: Entry) -> bool:
    return not found.only or entry.kind in found.only


def _size() -> int:
    """Entries under a signed checkpoint: nothing is told that could still be lost."""
    last = tree.last()
    return last.size if last else 0


def _lease(found: Subscriber) -> str:
    return f"signal:{found.pk}"
