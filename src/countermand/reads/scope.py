"""What a scope can be built of: the groups, countries, platforms and kinds of ownership that there are, with how many devices."""

from collections import Counter
from collections.abc import Mapping

from countermand.access import Act, require
from countermand.core import facts
from countermand.store import sets
from countermand.store.unit import reading

_FAMILIES = ("group", "country", "platform", "ownership")


def choices(act: Act) -> Mapping[str, Mapping[str, int]]:
    """Family → value → devices that are not retired, the most first."""
    require(act.actor, "write")
    found: dict[str, Counter[str]] = {family: Counter() for family in _FAMILIES}
    with reading():
        for number in sets.blocks(sets.DEVICES):
            prefixes = [f"{family}:" for family in _FAMILIES]
            block = sets.load(sets.DEVICES, number, {facts.EVERY, facts.RETIRED}, prefixes)
            there = block[facts.EVERY] - block[facts.RETIRED]
            for family, counted in found.items():
                for name in block.family(f"{family}:"):
                    counted[name.partition(":")[2]] += there.intersection_cardinality(block[name])
    return {family: dict(sorted(counted.items(), key=lambda one: (-one[1], one[0]))) for family, counted in found.items()}
