"""Told: the rows that say who was told of a version and by when it is due for them, and the sets that follow from them.

Rows and sets change together, in the caller's unit: a person's own set, and that of every device in their name.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass

from django.db import connection

from countermand.core import facts
from countermand.core.facts import BLOCK_SIZE
from countermand.core.instants import Instant
from countermand.store import sets
from countermand.store.readers import told_dues

_CHUNK = 900


@dataclass(frozen=True, slots=True)
class Touched:
    """People whose telling changed, and the blocks of devices and of people whose sets changed with it."""

    people: frozenset[int]
    devices: frozenset[int]
    device_blocks: frozenset[int]
    people_blocks: frozenset[int]


def tell(version: int, dues: Mapping[int, Instant], at: Instant) -> Touched:
    """Person's ordinal → due stated. Whoever was told of this version before keeps the due of the first hand-over."""
    before = told_dues(version, dues.keys())
    fresh = {person: due for person, due in sorted(dues.items()) if person not in before}
    with connection.cursor() as cursor:
        cursor.executemany(
            "INSERT INTO store_told (version_id, person_id, due, at) VALUES (%s, %s, %s, %s)",
            [(version, person, due, at) for person, due in fresh.items()],
        )
    return _flip(version, {}, fresh)


def untell(version: int, person: int, instead: tuple[Instant, Instant] | None = None) -> Touched:
    """Take back that a person was told. ``instead``: (due, at) of another hand-over of the same version, which then counts."""
    before = told_dues(version, [person])
    after = {} if instead is None else {person: instead[0]}
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM store_told WHERE version_id = %s AND person_id = %s", [version, person])
        if instead is not None:
            cursor.execute(
                "INSERT INTO store_told (version_id, person_id, due, at) VALUES (%s, %s, %s, %s)", [version, person, *instead]
            )
    return _flip(version, before, after)


def _flip(version: int, before: Mapping[int, Instant], after: Mapping[int, Instant]) -> Touched:
    people = before.keys() | after.keys()
    owned = _devices(people)
    members = {sets.PEOPLE: [(person, person) for person in people], sets.DEVICES: owned}
    blocks: dict[str, frozenset[int]] = {}
    for space, pairs in members.items():
        moves: dict[int, dict[str, tuple[list[int], list[int]]]] = {}
        for ordinal, person in pairs:
            block, offset = divmod(ordinal, BLOCK_SIZE)
            for side, dues in enumerate((before, after)):
                if person in dues:
                    moved = moves.setdefault(block, {}).setdefault(facts.told(version, dues[person]), ([], []))
                    moved[side].append(offset)
        for block in sorted(moves):
            sets.change(space, block, moves[block])
        blocks[space] = frozenset(moves)
    devices = frozenset(ordinal for ordinal, _ in owned)
    return Touched(frozenset(people), devices, blocks[sets.DEVICES], blocks[sets.PEOPLE])


def _devices(people: Collection[int]) -> list[tuple[int, int]]:
    """(device, owner) of every device of these people, retired ones too: their sets must equal their rows."""
    wanted = sorted(people)
    found: list[tuple[int, int]] = []
    with connection.cursor() as cursor:
        for start in range(0, len(wanted), _CHUNK):
            part = wanted[start : start + _CHUNK]
            marks = ",".join(["%s"] * len(part))
            cursor.execute(f"SELECT ordinal, owner_id FROM store_device WHERE owner_id IN ({marks})", part)
            found.extend(cursor.fetchall())
    return found
