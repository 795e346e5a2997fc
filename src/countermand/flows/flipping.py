"""Rows change, sets follow: the one way in which a change of rows reaches the sets, the verdicts and the gates.

Part of a flow, never one by itself: everything here runs inside the caller's unit.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager

from countermand.access import Act
from countermand.core import facts
from countermand.core.directive import OnUnknown
from countermand.core.facts import BLOCK_SIZE
from countermand.core.terms import Lineage
from countermand.flows.reevaluate import reevaluate
from countermand.flows.walk import written
from countermand.store import feed, known, sets, terms

#: (names before, names after)
Flip = tuple[frozenset[str], frozenset[str]]
_NONE: frozenset[str] = frozenset()


@contextmanager
def flipping(act: Act, *, devices: Collection[int] = (), people: Collection[int] = ()) -> Iterator[None]:
    """Whatever the body does to the rows of these devices and people, their sets are moved to match when it ends."""
    before = names_of(devices), names_of_people(people)
    yield
    after = names_of(devices), names_of_people(people)
    settle(
        act,
        {ordinal: (before[0].get(ordinal, _NONE), after[0].get(ordinal, _NONE)) for ordinal in devices},
        {ordinal: (before[1].get(ordinal, _NONE), after[1].get(ordinal, _NONE)) for ordinal in people},
    )


def names_of(devices: Collection[int]) -> dict[int, frozenset[str]]:
    """The sets that each of these devices is in, as far as they follow from rows."""
    return {ordinal: facts.names(found) for ordinal, found in known.load(devices).items()}


def names_of_people(people: Collection[int]) -> dict[int, frozenset[str]]:
    """The sets that each of these people is in."""
    return {ordinal: found.names for ordinal, found in known.load_people(people).items()}


def settle(
    act: Act,
    devices: Mapping[int, Flip],
    people: Mapping[int, Flip],
    lineages: Sequence[Lineage] | None = None,
) -> frozenset[int]:
    """Flip the sets, judge the devices that moved, and tell the gates; returns the devices that moved. ``lineages``: those
    issued, if the caller read them in this unit."""
    moved = {ordinal: flip for ordinal, flip in devices.items() if flip[0] != flip[1]}
    lineages = terms.issued() if lineages is None and moved else lineages or ()
    stood = sets.flip(sets.DEVICES, moved, written(lineages))
    only_looked = all(name.startswith(facts.LOOKED) for before, after in moved.values() for name in before ^ after)
    names = {ordinal: after for ordinal, (_, after) in moved.items()}
    reevaluate(act, sorted(moved), only_looked=only_looked, names=names, lineages=lineages, written=stood)
    people_moved = {ordinal: flip for ordinal, flip in people.items() if flip[0] != flip[1]}
    sets.flip(sets.PEOPLE, people_moved)
    _mark_unregistered({ordinal // BLOCK_SIZE for ordinal in people_moved})
    return frozenset(moved)


def _mark_unregistered(blocks: Collection[int]) -> None:
    if not blocks:
        return
    for lineage in terms.issued():
        if any(one.directive.applies_to.unregistered is OnUnknown.DENY for one in lineage.versions):
            for block in sorted(blocks):
                feed.mark("unregistered", lineage.id, block)
