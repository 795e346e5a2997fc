"""Who is in which ring, as rows and sets. Whoever is in no earlier ring is in the last; of the last
ring only those are stored who were in an earlier one of another version."""

from collections.abc import Iterable, Mapping

from countermand.core import facts
from countermand.core.facts import BLOCK_SIZE
from countermand.store import audience, bulk, sets


def place(lineage: str, ring_of: Mapping[int, int], last: int) -> frozenset[int]:
    """Put people (ordinal → ring) into their rings, in the caller's unit; returns the blocks of devices that changed. Whom an
    earlier version drew into an earlier ring than this one does waits with the ``last``."""
    before = _load(lineage, ring_of)
    moved = {person: ring for person, ring in ring_of.items() if before.get(person, last) != ring}
    bulk.write(
        'INSERT INTO store_ringmember (lineage_id, person_id, "index") VALUES (%s, %s, %s) '
        'ON CONFLICT (lineage_id, person_id) DO UPDATE SET "index" = excluded."index"',
        [(lineage, person, ring) for person, ring in moved.items()],
    )
    owned = dict(audience.devices_of(moved))
    sets.flip(sets.PEOPLE, {person: _names(lineage, before.get(person), ring) for person, ring in moved.items()})
    sets.flip(sets.DEVICES, {device: _names(lineage, before.get(owner), moved[owner]) for device, owner in owned.items()})
    return frozenset(device // BLOCK_SIZE for device in owned)


def _names(lineage: str, before: int | None, after: int) -> tuple[frozenset[str], frozenset[str]]:
    left = frozenset() if before is None else frozenset({facts.ring(lineage, before)})
    return left, frozenset({facts.ring(lineage, after)})


def _load(lineage: str, people: Iterable[int]) -> dict[int, int]:
    rows = bulk.by_numbers('SELECT person_id, "index", lineage_id FROM store_ringmember WHERE person_id IN ({})', people)
    return {person: ring for person, ring, of in rows if of == lineage}
