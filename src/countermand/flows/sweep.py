"""The sweep: once in a while, walk everything to now and write what others must be told because time passed.

It decides nothing that a gate waits for. Each block of each lineage is one short unit, so the stop button never waits.
"""

from collections.abc import Callable
from dataclasses import dataclass

from countermand.access import SYSTEM, Act
from countermand.core import facts, schedule
from countermand.core.facts import BLOCK_SIZE, Block
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
from countermand.store.unit import unit


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
            with unit([number]):
                lineage = terms.lineage(name)  # inside the unit: it may have been halted or rescinded meanwhile
                if lineage is None:
                    break
                block = block_for(number, lineage)
                every = block[facts.EVERY]
                changed += walk(act, block, every, lineage, health(now), written_sets(number, [lineage]), lapse=lapse)
                reminders += _remind(act, block, lineage)
            blocks += 1
            between()
        rings += advance(act, name)
        with unit():
            if lineage := terms.lineage(name):
                _stages(act, lineage)
                if in_force(lineage, act.now):
                    reminders += _exemptions(act, lineage)
                directives.walked(name, now)
        note(name, now)
    return Swept(blocks, changed, reminders, rings, _drop_old_hours(now))


def _remind(act: Act, block: Block, lineage: Lineage) -> int:
    """Reminders whose moment came since the last sweep, to owners of devices on which the app still is."""
    terms_ = lineage.current
    if not in_force(lineage, act.now) or not terms_.directive.reminders:
        return 0
    since = directives.walked_to(lineage.id)
    waiting = (present(block, terms_) | block[facts.lapsed(terms_.number)]) - exempt_at(block, lineage.id, act.now)
    promised = 0
    for due, told in block.instants(f"told:{terms_.number}:"):
        moments = [name for at, name in schedule.reminders(terms_.directive, due) if since < at <= act.now]
        if moments and due > act.now:
            told_of = owners.of(block.number * BLOCK_SIZE + offset for offset in told & waiting)
            promised += outbox.promise(terms_.number, sorted(set(told_of.values())), "reminder", act, occurrence=moments[-1])
    return promised


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
