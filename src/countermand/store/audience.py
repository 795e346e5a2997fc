"""The audience of a version as one set of people's ordinals, counted over the whole fleet before anybody is told."""

from collections.abc import Iterable

from pyroaring import BitMap

from countermand.core.audience import addressed
from countermand.core.facts import BLOCK_SIZE
from countermand.core.terms import Lineage, needs_to_deny
from countermand.store import bulk, owners, sets


def members(lineage: Lineage) -> BitMap:
    """Whom the lineage's current version is told to: its audience, and whoever was told of an earlier version and must
    hear that it changed. Ordinals of active people."""
    found = BitMap()
    for number in sets.blocks(sets.DEVICES):
        block = sets.load(sets.DEVICES, number, *needs_to_deny(lineage))
        devices = addressed(block, lineage.current)
        if devices:
            found |= owners_in(number, devices)
    return (found | told_before(lineage)) - _inactive()


def told_before(lineage: Lineage) -> BitMap:
    """People who were told of an earlier version of the lineage."""
    prefixes = [f"told:{terms.row}:" for terms in lineage.versions[:-1]]
    found = BitMap()
    for number in sets.blocks(sets.PEOPLE) if prefixes else ():
        block = sets.load(sets.PEOPLE, number, (), prefixes)
        told = BitMap.union(BitMap(), *block.sets.values())
        found |= BitMap([number * BLOCK_SIZE + offset for offset in told])
    return found


def owners_in(number: int, devices: BitMap) -> BitMap:
    """The owners of these offsets in a block of devices."""
    return owners.in_block(number)(devices)


def devices_of(people: Iterable[int]) -> list[tuple[int, int]]:
    """(device's ordinal, owner's) of every device that belongs to one of these people."""
    return list(bulk.by_numbers("SELECT ordinal, owner_id FROM store_device WHERE owner_id IN ({})", sorted(people)))


def logins(ordinals: Iterable[int]) -> dict[int, str]:
    """Person's ordinal → login."""
    return dict(bulk.by_numbers("SELECT ordinal, login FROM store_person WHERE ordinal IN ({})", sorted(ordinals)))


def _inactive() -> BitMap:
    return BitMap([row[0] for row in bulk.all_rows("SELECT ordinal FROM store_person WHERE NOT active")])
