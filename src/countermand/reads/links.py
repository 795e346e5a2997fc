"""Which devices may be one phone: a list for an operator, who decides."""

from countermand.access import Act, require
from countermand.core import links
from countermand.core.links import Link
from countermand.store import linking
from countermand.store.unit import reading

_PEOPLE = 500


def suggestions(act: Act, most: int) -> list[Link]:
    """Pairs that may be one phone, by login, each person's likeliest first; at most so many."""
    require(act.actor, "read-person")
    found: list[Link] = []
    after = -1
    with reading():
        while len(found) < most and (owners := linking.people(after, _PEOPLE)):
            found += links.of_each(linking.candidates(owners))
            after = owners[-1]
    return found[:most]
