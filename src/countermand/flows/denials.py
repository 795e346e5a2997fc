"""Whom a directive denies, or would deny, now: the one read by which lists and levers are fed."""

from collections.abc import Iterator

from pyroaring import BitMap

from countermand.core import facts
from countermand.core.devices import Enrollment, Platform
from countermand.core.directive import Consequence, Force
from countermand.core.facts import BLOCK_SIZE
from countermand.core.handover import as_if_denying, in_force
from countermand.core.instants import Instant
from countermand.core.terms import Lineage, needs_to_deny
from countermand.core.timeline import denied_at, timeline
from countermand.core.verdict import exempt_at, in_scope
from countermand.store import sets, terms


def ordinals(lineage: Lineage, now: Instant) -> Iterator[list[int]]:
    """The devices, a block at a time. A gate needs a mail identity to deny; a list needs a name of the device, any that its
    reader knows, so that whoever has none is counted and not silently left out."""
    for number in sets.blocks(sets.DEVICES):
        yield [number * BLOCK_SIZE + offset for offset in in_block(lineage, number, now)]


def in_block(lineage: Lineage, number: int, now: Instant) -> BitMap:
    """The offsets of one block's devices."""
    foreseen = as_if_denying(lineage)
    block = sets.load(sets.DEVICES, number, *needs_to_deny(foreseen))
    return denied_at(timeline(block, foreseen), now)


def supervised_in_scope(lineage: Lineage, number: int, platform: Platform, now: Instant) -> BitMap:
    """The offsets of one block's supervised devices to which an order speaks with force, but for who is exempt or protected."""
    terms_ = lineage.current
    block = sets.load(sets.DEVICES, number, *needs_to_deny(as_if_denying(lineage)))
    bound = block.union(facts.ownership(one) for one in terms_.ownerships(Force.MANDATORY))
    managed = block[facts.platform(platform)] & block[facts.enrollment(Enrollment.SUPERVISED)]
    return (in_scope(block, terms_) & bound & managed) - exempt_at(block, lineage.id, now) - block[facts.PROTECTED]


def due_for_everybody(lineage: Lineage, now: Instant) -> bool:
    """Whether an order may strike whom nobody told: its last due and a resumption's notice are over, and its rings open."""
    due = lineage.current.last_due
    opened = not lineage.rings or len(lineage.rings_opened) >= lineage.rings
    return due is not None and max(due, lineage.not_before) <= now and opened


def in_force_now(now: Instant) -> tuple[Lineage, ...]:
    """The lineages that deny, or are handed over: issued, unhalted, not over, and not for a report alone."""
    return tuple(one for one in terms.live() if in_force(one, now) and _strikes(one))


def _strikes(lineage: Lineage) -> bool:
    return lineage.current.directive.consequence is not Consequence.REPORT_ONLY
