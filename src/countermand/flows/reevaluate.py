"""The funnel: whatever changed about devices, they come through here: load → judge → diff → save, record, promise.

Called inside the unit of the flow that changed rows and sets. A few devices are judged as a block built from their own
rows; many in one block are judged from the block's sets. Both give the same answer (a law in the tests).
"""

from collections.abc import Collection, Mapping, Sequence
from types import MappingProxyType

from pyroaring import BitMap

from countermand.access import Act
from countermand.core import facts
from countermand.core.facts import BLOCK_SIZE, Block
from countermand.core.terms import Lineage, needs
from countermand.flows.walk import walk, written_sets
from countermand.store import feed, known, sets, terms
from countermand.store.health import health

#: Up to this many devices of a block are judged from their own rows.
FEW = 64


def reevaluate(
    act: Act,
    ordinals: Collection[int],
    *,
    only_looked: bool = False,
    names: Mapping[int, frozenset[str]] = MappingProxyType({}),
    lineages: Sequence[Lineage] | None = None,
    written: Mapping[int, Block] = MappingProxyType({}),
) -> None:
    """Judge these devices afresh under every issued lineage, and mark what gates must hear. ``names``: the sets that some
    of them are in by their rows, ``lineages``: those issued, and ``written``: the ``written_sets`` of some blocks, where the
    caller read them in this unit.

    ``only_looked``: nothing but evidence of absence changed, which no gate needs to hear unless a lapse ends by it.
    """
    lineages = terms.issued() if lineages is None else lineages
    if not lineages or not ordinals:
        return
    worth = health(act.now)
    by_block: dict[int, list[int]] = {}
    for ordinal in sorted(ordinals):
        by_block.setdefault(ordinal // BLOCK_SIZE, []).append(ordinal)
    heard: list[tuple[str, str, int]] = []
    for number, members in by_block.items():
        offsets = BitMap([ordinal % BLOCK_SIZE for ordinal in members])
        stood = written.get(number) or written_sets(number, lineages)
        few = _from_rows(number, members, names, stood) if len(members) <= FEW else None
        for lineage in lineages:
            walk(act, few or block_for(number, lineage), offsets, lineage, worth, stood)
            if not only_looked and any(version.directive.denies for version in lineage.versions):
                heard.append(("denials", lineage.id, number))
    feed.mark_all(heard)


def block_for(number: int, lineage: Lineage) -> Block:
    """The sets of a block that judging this lineage reads."""
    return sets.load(sets.DEVICES, number, *needs(lineage))


def _from_rows(number: int, ordinals: list[int], names: Mapping[int, frozenset[str]], written: Block) -> Block:
    """A block of these devices alone, from their own rows, with the written sets they are in."""
    found = {ordinal: names[ordinal] for ordinal in ordinals if ordinal in names}
    unread = known.load([ordinal for ordinal in ordinals if ordinal not in names])
    found |= {ordinal: facts.names(rows) for ordinal, rows in unread.items()}
    members = {ordinal % BLOCK_SIZE: sets_ for ordinal, sets_ in found.items() if sets_}
    block = facts.block_of(number, members)
    mine = BitMap(members.keys())
    return Block(number, {**block.sets, **{name: written[name] & mine for name in written.family("lapsed:")}})
