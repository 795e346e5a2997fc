"""The sweep: once in a while, walk everything to now and write what others must be told because time passed.

It decides nothing that a gate waits for. It goes in short units, so the stop button never waits: on the day that an order
is due for everybody, too.
"""

from collections.abc import Callable
from dataclasses import dataclass

from pyroaring import BitMap

from countermand.access import SYSTEM, Act
from countermand.core import facts, schedule
from countermand.core.facts import BLOCK_SIZE
from countermand.core.handover import in_force
from countermand.core.instants import Instant
from countermand.core.terms import Lineage
from countermand.core.verdict import exempt_at, present
from countermand.flows import exemption_words
from countermand.flows.course import note
from countermand.flows.reevaluate import block_for
from countermand.flows.rings import advance
from countermand.flows.walk import walk, written_sets
from countermand.store import directives, log, outbox, owners, sets, terms
from countermand.store.health import health
from countermand.store.unit import reading, unit

#: Devices about which one unit writes at most: whoever wants to write, a halt above all, waits for a tenth of a second.
PART = 5_000


@dataclass(frozen=True, slots=True)
class Swept:
    """What a sweep wrote: blocks walked, blocks with changes, reminders promised, rings opened, sets dropped."""

    blocks: int
    changed: int
    reminders: int
    rings: int
    dropped: int


def sweep(now: Instant, *, drill: bool = False, lapse: bool = True, between: Callable[[], None] = lambda: None) -> Swept:
    """Walk every issued lineage to ``now``. ``between`` is called after each unit (the worker looks at its stop flag)."""
    act = Act(SYSTEM, now, drill)
    blocks = changed = reminders = rings = 0
    for name in [lineage.id for lineage in terms.issued()]:
        for number in sets.blocks(sets.DEVICES):
            moved = _block(act, name, number, lapse=lapse, between=between)
            if moved is None:
                break
            blocks, changed = blocks + 1, changed + bool(moved)
            reminders += _remind(act, name, number, between)
        rings += advance(act, name)
        with unit():
            if lineage := terms.lineage(name):
                _stages(act, lineage)
                if in_force(lineage, act.now):
                    reminders += _exemptions(act, lineage)
                directives.walked(name, now)
        note(name, now)
    return Swept(blocks, changed, reminders, rings, _drop_old_hours(now))


def _block(act: Act, name: str, number: int, *, lapse: bool, between: Callable[[], None]) -> int | None:
    """Walk one block, a part of what changed at a time; returns of how many devices. None: it is in force no longer."""
    moved = 0
    while True:
        with unit([number]):
            lineage = terms.lineage(name)  # inside the unit: it may have been halted or rescinded meanwhile
            if lineage is None:
                return None
            block, worth, stood = block_for(number, lineage), health(act.now), written_sets(number, [lineage])
            part = walk(act, block, block[facts.EVERY], lineage, worth, stood, lapse=lapse, most=PART)
        between()
        moved += part
        if part < PART:
            return moved


def _remind(act: Act, name: str, number: int, between: Callable[[], None]) -> int:
    """Promise the reminders whose moment came since the last sweep, to a part of a block's owners at a time."""
    promised = 0
    with reading():
        owed = _owed(act, name, number)
    for (version, moment), devices in owed.items():
        for start in range(0, len(devices), PART):
            with unit([number]):
                still = _owed(act, name, number).get((version, moment), BitMap()) & devices[start : start + PART]
                told = owners.of(number * BLOCK_SIZE + offset for offset in still)
                promised += outbox.promise(version, sorted(set(told.values())), "reminder", act, occurrence=moment)
            between()
    return promised


def _owed(act: Act, name: str, number: int) -> dict[tuple[int, str], BitMap]:
    """Devices of a block on which the app still is, by (version, which reminder) of what is to be said to their owners now."""
    lineage, owed = terms.lineage(name), dict[tuple[int, str], BitMap]()
    if lineage is None or not in_force(lineage, act.now) or not lineage.current.directive.reminders:
        return owed
    block, now, since = block_for(number, lineage), lineage.current, directives.walked_to(name)
    waiting = (present(block, now) | block[facts.lapsed(now.row)]) - exempt_at(block, lineage.id, act.now)
    for due, told in block.instants(f"told:{now.row}:"):
        moments = [moment for at, moment in schedule.reminders(now.directive, due) if since < at <= act.now]
        if moments and due > act.now and told & waiting:
            key = (now.row, moments[-1])
            owed[key] = owed.get(key, BitMap()) | (told & waiting)
    return owed


def _exemptions(act: Act, lineage: Lineage) -> int:
    """Words that an exemption ends soon, and one entry for them."""
    promised = exemption_words.ending(act, lineage.id, directives.walked_to(lineage.id))
    if promised:
        log.append("exemption-ends-promised", act, {"lineage": lineage.id, "people": promised})
    return promised


def _stages(act: Act, lineage: Lineage) -> None:
    """One ledger entry per stage whose date passed since the last sweep. Stages never deny."""
    since = directives.walked_to(lineage.id)
    directive = lineage.current.directive
    for stage in directive.stages:
        ends = schedule.end_of(stage.due, directive.fallback_zone) if stage.due else None
        if ends is not None and since < ends <= act.now:
            log.append("stage-passed", act, {"lineage": lineage.id, "stage": stage.what.value, "due": ends})


def _drop_old_hours(now: Instant) -> int:
    """Hour sets are kept for the two days before their source's last contact; nothing reads older ones."""
    healthy = health(now).contacts.healthy
    gone = [name for name in sets.names(sets.DEVICES, facts.LOOKED) if facts.hour_is_over(name, now, healthy)]
    if gone:
        with unit():
            sets.drop(sets.DEVICES, gone)
    return len(gone)
