"""The funnel: whatever changed about devices, they come through here: load → judge → diff → save, record, promise.

Called inside the unit of the flow that changed rows and sets. A few devices are judged as a block built from their own
rows; many in one block are judged from the block's sets. Both give the same answer (a law in the tests).
"""

from collections.abc import Collection, Mapping
from types import MappingProxyType

from pyroaring import BitMap

from countermand.access import Act
from countermand.core import facts
from countermand.core.facts import BLOCK_SIZE, Block, Known
from countermand.core.terms import Lineage, needs
from countermand.flows.walk import walk
from countermand.store import feed, known, sets, terms
from countermand.store.health import health

#: Up to this many devices of a block are judged from their own rows.
FEW = 64


def reevaluate(
    act: Act, ordinals: Collection[int], *, only_looked: bool = False, rows: Mapping[int, Known] = MappingProxyType({})
) -> None:
    """Judge these devices afresh under every issued lineage, and mark what gates must hear. ``rows``: what the rows of some
    of them say, where the caller has just read or written them.

    ``only_looked``: nothing but evidence of absence changed, which no gate needs to hear unless a lapse ends by it.
    """
    lineages = terms.issued()
    if not lineages or not ordinals:
        return
    worth = health(act.now)
    by_block: dict[int, list[int]] = {}
    for ordinal in sorted(ordinals):
        by_block.setdefault(ordinal // BLOCK_SIZE, []).append(ordinal)
    for number, members in by_block.items():
        offsets = BitMap([ordinal % BLOCK_SIZE for ordinal in members])
        few = _from_rows(number, members, rows) if len(members) <= FEW else None
        for lineage in lineages:
            walk(act, few or block_for(number, lineage), offsets, lineage, worth)
            if not only_looked and any(version.directive.denies for version in lineage.versions):
                feed.mark("denials", lineage.id, number)


def block_for(number: int, lineage: Lineage) -> Block:
    """The sets of a block that judging this lineage reads."""
    return sets.load(sets.DEVICES, number, *needs(lineage))


def _from_rows(number: int, ordinals: list[int], rows: Mapping[int, Known]) -> Block:
    """A block of these devices alone, from their own rows, with the written sets they are in."""
    loaded = {ordinal: rows[ordinal] for ordinal in ordinals if ordinal in rows}
    loaded |= known.load([ordinal for ordinal in ordinals if ordinal not in rows])
    members = {ordinal % BLOCK_SIZE: facts.names(found) for ordinal, found in loaded.items()}
    block = facts.block_of(number, members)
    mine = BitMap(members.keys())
    written = {name: found & mine for name, found in sets.load(sets.DEVICES, number, (), ("lapsed:",)).sets.items()}
    return Block(number, {**block.sets, **written})
