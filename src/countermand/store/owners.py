"""Whose device is whose: the mapping between the two ordinals, for counting people and for telling them."""

from array import array
from collections.abc import Iterable

from django.db import connection

from countermand.core.facts import BLOCK_SIZE

#: Most host parameters that one statement carries (SQLite's floor is 999).
_CHUNK = 900


def of(devices: Iterable[int]) -> dict[int, int]:
    """Device ordinal → its owner's ordinal; devices of nobody are left out."""
    wanted = list(devices)
    found: dict[int, int] = {}
    with connection.cursor() as cursor:
        for start in range(0, len(wanted), _CHUNK):
            part = wanted[start : start + _CHUNK]
            marks = ",".join(["%s"] * len(part))
            cursor.execute(
                f"SELECT ordinal, owner_id FROM store_device WHERE ordinal IN ({marks}) AND owner_id IS NOT NULL", part
            )
            found.update(cursor.fetchall())
    return found


def in_block(block: int) -> "array[int]":
    """Offset → owner's ordinal, -1 for nobody, over a whole block."""
    owners = array("i", [-1]) * BLOCK_SIZE
    first = block * BLOCK_SIZE
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT ordinal - %s, owner_id FROM store_device WHERE ordinal >= %s AND ordinal < %s AND owner_id IS NOT NULL",
            [first, first, first + BLOCK_SIZE],
        )
        for offset, owner in cursor.fetchall():
            owners[offset] = owner
    return owners
