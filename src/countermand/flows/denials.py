"""Whom a directive denies, or would deny, now: the one read by which lists and levers are fed."""

from collections.abc import Iterator

from pyroaring import BitMap

from countermand.core.devices import Platform
from countermand.core.directive import Consequence
from countermand.core.facts import BLOCK_SIZE
from countermand.core.handover import as_if_denying, in_force, supervised
from countermand.core.instants import Instant
from countermand.core.terms import Lineage, needs_to_deny
from countermand.core.timeline import denied_at, timeline
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


def supervised_in_block(lineage: Lineage, number: int, platform: Platform, now: Instant) -> BitMap:
    """The offsets of one block's devices that ``core.handover.supervised`` speaks of."""
    return supervised(sets.load(sets.DEVICES, number, *needs_to_deny(as_if_denying(lineage))), lineage, platform, now)


def in_force_now(now: Instant) -> tuple[Lineage, ...]:
    """The lineages that deny, or are handed over: issued, unhalted, not over, and not for a report alone."""
    return tuple(one for one in terms.live() if in_force(one, now) and _strikes(one))


def _strikes(lineage: Lineage) -> bool:
    return lineage.current.directive.consequence is not Consequence.REPORT_ONLY
