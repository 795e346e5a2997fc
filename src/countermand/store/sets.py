"""Sets as rows: one roaring bitmap per (space, name, block), read as core Blocks and flipped in the change's transaction."""

from collections.abc import Collection, Iterable, Mapping

from django.db import connection
from pyroaring import BitMap

from countermand.core.facts import BLOCK_SIZE, Block

DEVICES, PEOPLE = "d", "p"
#: Most host parameters that one statement carries (SQLite's floor is 999).
_CHUNK = 900


def blocks(space: str) -> list[int]:
    """The numbers of the blocks that hold anything, ascending: also the order in which writers take them."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT DISTINCT block FROM store_factset WHERE space = %s ORDER BY block", [space])
        return [row[0] for row in cursor.fetchall()]


def load(space: str, block: int, wanted: Collection[str], prefixes: Collection[str] = ()) -> Block:
    """A block with the sets named in ``wanted`` and all whose name starts with one of ``prefixes``."""
    found: dict[str, BitMap] = {}
    names = sorted(wanted)
    with connection.cursor() as cursor:
        for start in range(0, len(names), _CHUNK):
            part = names[start : start + _CHUNK]
            marks = ",".join(["%s"] * len(part))
            cursor.execute(
                f"SELECT name, bitmap FROM store_factset WHERE space = %s AND block = %s AND name IN ({marks})",
                [space, block, *part],
            )
            found.update((name, BitMap.deserialize(bytes(blob))) for name, blob in cursor.fetchall())
        for prefix in prefixes:
            cursor.execute(
                "SELECT name, bitmap FROM store_factset WHERE space = %s AND block = %s AND name >= %s AND name < %s",
                [space, block, prefix, prefix + "\U0010ffff"],
            )
            found.update((name, BitMap.deserialize(bytes(blob))) for name, blob in cursor.fetchall())
    return Block(block, found)


def load_all(space: str, block: int) -> Block:
    """Every set of a block."""
    return load(space, block, (), ("",))


def save(space: str, block: int, sets: Mapping[str, BitMap]) -> None:
    """Store these sets whole; an empty one is deleted, because a set nobody is in is not stored."""
    kept = [(space, name, block, bitmap.serialize()) for name, bitmap in sets.items() if bitmap]
    gone = [(space, name, block) for name, bitmap in sets.items() if not bitmap]
    with connection.cursor() as cursor:
        if kept:
            cursor.executemany(
                "INSERT INTO store_factset (space, name, block, bitmap) VALUES (%s, %s, %s, %s) "
                "ON CONFLICT (space, block, name) DO UPDATE SET bitmap = excluded.bitmap",
                kept,
            )
        if gone:
            cursor.executemany("DELETE FROM store_factset WHERE space = %s AND name = %s AND block = %s", gone)


def flip(space: str, changes: Mapping[int, tuple[frozenset[str], frozenset[str]]]) -> None:
    """Move members between sets: ordinal → (names before, names after). Writes each touched set once per block."""
    touched: dict[int, dict[str, tuple[list[int], list[int]]]] = {}
    for ordinal, (before, after) in changes.items():
        block, offset = divmod(ordinal, BLOCK_SIZE)
        sets = touched.setdefault(block, {})
        for name in before - after:
            sets.setdefault(name, ([], []))[0].append(offset)
        for name in after - before:
            sets.setdefault(name, ([], []))[1].append(offset)
    for block in sorted(touched):
        change(space, block, touched[block])


def change(space: str, block: int, sets: Mapping[str, tuple[Iterable[int], Iterable[int]]]) -> None:
    """Take offsets out of sets and put offsets in: name → (out, in)."""
    if not sets:
        return
    current = load(space, block, sets.keys())
    save(space, block, {name: (current[name] - BitMap(out)) | BitMap(into) for name, (out, into) in sets.items()})


def names(space: str, prefix: str) -> list[str]:
    """The names of all stored sets that start with ``prefix``."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT DISTINCT name FROM store_factset WHERE space = %s AND name >= %s AND name < %s ORDER BY name",
            [space, prefix, prefix + "\U0010ffff"],
        )
        return [row[0] for row in cursor.fetchall()]


def drop(space: str, gone: Collection[str]) -> None:
    """Delete these sets in every block."""
    with connection.cursor() as cursor:
        cursor.executemany("DELETE FROM store_factset WHERE space = %s AND name = %s", [(space, name) for name in gone])
