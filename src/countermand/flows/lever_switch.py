"""The one switch of a lever: whose denials it lets through. Taking a directive out is the first thing that is written after it
was halted or rescinded, and needs nothing to be read; letting one in waits until no entry says what it should not."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import cast

from countermand.access import Act, require
from countermand.config import Config
from countermand.core.errors import Refused
from countermand.core.instants import MINUTE
from countermand.core.lever import Power, Switch, clause, narrowed, widened
from countermand.flows import denials
from countermand.flows.levers import kind_of, opened
from countermand.levers.lever import FAULTS, Switched
from countermand.lib.granted import Denied
from countermand.store import entries, lease, levers, log
from countermand.store.levers import LeverRow
from countermand.store.unit import aside

#: Milliseconds; longer than one request takes that is answered at all.
_LEASE = MINUTE


@dataclass(frozen=True, slots=True)
class Turned:
    """``power`` and ``armed`` as they were written."""

    name: str
    power: Power
    armed: int


Way = Callable[[LeverRow], Switched]


def way_of(act: Act, config: Config) -> Way:
    """How the switches of levers are reached: each is opened once, so that its token is at hand when it is needed."""
    ways: dict[tuple[int, bytes], Switched] = {}

    def way(found: LeverRow) -> Switched:
        key = (found.pk, found.credential)
        if key not in ways:
            ways[key] = cast(Switched, opened(act, config, found))
        return ways[key]

    return way


def narrow(act: Act, way: Way, holder: str) -> list[Turned]:
    """Whatever switch still lets through what is no longer in force is written, first of all that there is to do.

    Twice: at once, while whoever writes to the database keeps us waiting for nothing; and once more in our turn, after
    whatever another process wrote meanwhile, which is then kept. Refused ``lever-busy`` where that turn does not come."""
    require(act.actor, "work-lever")
    turned: list[Turned] = []
    failed: Refused | None = None
    for found in levers.every():
        target = _narrower(act, found)
        try:
            done = None if target is None else _narrow(act, found, target, way, holder)
        except Refused as refused:  # the others have their turn first
            failed = refused
        else:
            turned += [done] if done is not None else []
    if failed is not None:
        raise failed
    return turned


def _narrow(act: Act, found: LeverRow, target: Switch, way: Way, holder: str) -> Turned:
    with _told(found):
        _write(found, target, way(found))
    done = _turn(act, found, target, way, holder)
    if done is None:
        raise Refused("lever-busy", name=found.name)
    return done


def widen(act: Act, found: LeverRow, way: Way, holder: str) -> Turned | None:
    """Let the directives in that are ready: in force, with entries, and none of them left over from before."""
    if found.undoing or not found.works or not kind_of(found).switch:
        return None
    live = {one.id for one in denials.in_force_now(act.now)}
    ready = frozenset(one for one in live - found.switch.armed if _ready(found, one))
    target = widened(found.switch, ready, enabled=bool(found.enabled_by))
    return None if target is None else _turn(act, found, target, way, holder)


def look(act: Act, found: LeverRow, way: Way) -> str:
    """Compare the switch with what we wrote; what somebody changed is noted and from then on only switched off. Returns it."""
    switch = found.switch
    if not switch.policy or switch.power is Power.NONE:
        return ""
    lever = way(found)
    seen = lever.policy(switch.policy)
    said = ""
    if seen is None:
        said = "somebody deleted the policy"
    elif seen.power is not switch.power:
        said = f"somebody made the policy {seen.power}; we made it {switch.power}"
    elif switch.armed and seen.rule != lever.rule(switch.armed):
        said = "somebody changed what the policy looks at or does"
    if said and said != switch.changed:
        with aside():
            levers.update(found.pk, changed=said)
            log.append("lever-switch-changed", act, {"lever": found.name, "what": said})
    return said


def _narrower(act: Act, found: LeverRow) -> Switch | None:
    if found.switch.power in {Power.NONE, Power.OFF} or not found.switch.armed:
        return None
    if found.undoing or (found.switch.power is Power.ON and not found.enabled_by):
        return narrowed(found.switch, frozenset())
    return narrowed(found.switch, frozenset(one.id for one in denials.in_force_now(act.now)))


def _ready(found: LeverRow, lineage: str) -> bool:
    word = clause(found.mark, lineage)
    return entries.says(found.pk, word) and not entries.stale(found.pk, word)


def _turn(act: Act, found: LeverRow, target: Switch, way: Way, holder: str) -> Turned | None:
    """Write the switch, then keep that it was written: after a crash in between it is written again, to the same. None while
    another process has its turn."""
    name = f"lever-switch:{found.pk}"
    with aside():
        if not lease.hold(name, holder, lease.real(), _LEASE):
            return None
    try:
        with _told(found):
            made = _write(found, target, way(found))
        with aside():
            if not levers.turned(found.pk, found.switch, made):
                return None
            about = {"lever": found.name, "power": made.power.value, "armed": sorted(made.armed)}
            log.append("lever-switched", act, about)
    finally:
        with aside():
            lease.release(name, holder)
    return Turned(found.name, made.power, len(made.armed))


def _write(found: LeverRow, target: Switch, lever: Switched) -> Switch:
    before = found.switch
    if not before.policy:
        policy = lever.create(target.armed)
        lever.turn(policy, Power.ON if target.power is Power.ON else None, target.armed)
        return Switch(policy, target.power, target.armed)
    power = None if target.power is before.power else target.power
    same = target.armed == before.armed and target.power is before.power
    armed = None if same or target.power is Power.OFF else target.armed  # a switch that turns on looks at what we say, whole
    try:
        lever.turn(before.policy, power, armed)
    except Denied as denied:
        if denied.status != 404 or target.armed - before.armed:
            raise
        return Switch(before.policy, Power.OFF, frozenset(), "somebody deleted the policy")  # it denies nobody
    return target


@contextmanager
def _told(found: LeverRow) -> Iterator[None]:
    """What goes wrong at the other system, in our words."""
    try:
        yield
    except Refused:
        raise
    except Denied as denied:
        raise Refused("lever-denied", name=found.name, why=str(denied)) from denied
    except FAULTS as wrong:
        raise Refused("lever-away", name=found.name, why=str(wrong)) from wrong
