"""Sets as rows: one roaring bitmap per (space, name, block), read as core Blocks and flipped in the change's transaction."""

import json
import struct
from array import array
from collections.abc import Collection, Iterable, Mapping, Sequence
from itertools import pairwise
from typing import Any

import numpy as np
import numpy.typing as npt
from django.db import connection
from pyroaring import BitMap

from countermand.core.facts import BLOCK_SIZE, Block
from countermand.lib.parts import cut
from countermand.store import bulk

DEVICES, PEOPLE = "d", "p"
Offsets = BitMap | Sequence[int]
# Roaring's portable format (RoaringFormatSpec): cookie of a bitmap without runs, number of containers; then of the only
# container its key, its size - 1 and where it starts. Up to 4,096 members it is the plain array of them.
_ARRAY_MOST = 4096
_ARRAY_HEAD = struct.pack("<IIHHI", 12346, 1, 0, 0, 16)
_HEAD_WORDS, _SIZE_WORD = len(_ARRAY_HEAD) // 2, 5
#: Most questions put in one statement: the database plans it anew each time.
_PARTS = 20


# From one block to the next by the index: DISTINCT would read every set of every app.
_BLOCKS = (
    "WITH RECURSIVE found(block) AS (SELECT MIN(block) FROM store_factset WHERE space = %s UNION ALL"
    " SELECT (SELECT MIN(f.block) FROM store_factset f WHERE f.space = %s AND f.block > found.block) FROM found"
    " WHERE found.block IS NOT NULL) SELECT block FROM found WHERE block IS NOT NULL ORDER BY block"
)


def blocks(space: str) -> list[int]:
    """The numbers of the blocks that hold anything, ascending: also the order in which writers take them."""
    with connection.cursor() as cursor:
        cursor.execute(_BLOCKS, [space, space])
        return [row[0] for row in cursor.fetchall()]


def load(space: str, block: int, wanted: Collection[str], prefixes: Collection[str] = ()) -> Block:
    """A block with the sets named in ``wanted`` and all whose name begins with one of ``prefixes`` (core.facts.begins)."""
    found: dict[str, BitMap] = {}
    names = sorted(wanted)
    parts = [_named(space, block, part) for part in cut(names, bulk.PARAMETERS)]
    parts += [_beginning(space, block, prefix) for prefix in sorted(prefixes)]
    for some in cut(parts, _PARTS):
        statement = " UNION ALL ".join(part for part, _ in some)
        rows = bulk.all_rows(statement, [value for _, values in some for value in values])
        found.update((name, BitMap.deserialize(bytes(blob))) for name, blob in rows)
    return Block(block, found)


_SETS = "SELECT name, bitmap FROM store_factset WHERE space = %s AND block = %s AND "
# One by one by the index: right after a load PostgreSQL has not counted the rows, and would read a block for a few names.
_BY_NAME = {
    "sqlite": _SETS + "name IN (SELECT value FROM json_each(%s))",
    "postgresql": "SELECT found.name, found.bitmap FROM unnest(%s::text[]) wanted CROSS JOIN LATERAL"
    f" ({_SETS} name = wanted LIMIT 1) found",
}


def _named(space: str, block: int, names: Sequence[str]) -> tuple[str, list[Any]]:
    if connection.vendor == "sqlite":
        return _BY_NAME["sqlite"], [space, block, json.dumps(names)]
    return _BY_NAME["postgresql"], [list(names), space, block]


def _beginning(space: str, block: int, prefix: str) -> tuple[str, list[Any]]:
    head, star, _ = prefix.partition("*")
    between = f"{_SETS}name >= %s AND name < %s"
    values: list[Any] = [space, block, head, head + "\U0010ffff"]
    return (f"{between} AND name LIKE %s", [*values, prefix.replace("*", "%") + "%"]) if star else (between, values)


def load_all(space: str, block: int) -> Block:
    """Every set of a block."""
    return load(space, block, (), ("",))


_PUT = (
    "INSERT INTO store_factset (space, name, block, bitmap) VALUES {}"
    " ON CONFLICT (space, block, name) DO UPDATE SET bitmap = excluded.bitmap"
)


def save(space: str, block: int, sets: Mapping[str, BitMap]) -> None:
    """Store these sets whole; an empty one is deleted, because a set nobody is in is not stored."""
    kept = [(space, name, block, bitmap.serialize()) for name, bitmap in sets.items() if bitmap]
    gone = [(space, name, block) for name, bitmap in sets.items() if not bitmap]
    bulk.put(_PUT, kept)
    bulk.write("DELETE FROM store_factset WHERE space = %s AND name = %s AND block = %s", gone)


def flip(
    space: str, changes: Mapping[int, tuple[frozenset[str], frozenset[str]]], beside: Collection[str] = ()
) -> dict[int, Block]:
    """Move members between sets: ordinal → (names before, names after). Writes each touched set once per block.
    Returns each block as it was, with the sets that begin with one of ``beside``."""
    touched: dict[int, dict[str, tuple[list[int], list[int]]]] = {}
    for ordinal, (before, after) in changes.items():
        block, offset = divmod(ordinal, BLOCK_SIZE)
        sets = touched.setdefault(block, {})
        for name in before - after:
            sets.setdefault(name, ([], []))[0].append(offset)
        for name in after - before:
            sets.setdefault(name, ([], []))[1].append(offset)
    return {block: change(space, block, touched[block], beside) for block in sorted(touched)}


def change(space: str, block: int, sets: Mapping[str, tuple[Offsets, Offsets]], beside: Collection[str] = ()) -> Block:
    """Take offsets out of sets and put offsets in: name → (out, in). Returns the block as ``flip`` does."""
    current = load(space, block, sets.keys(), beside)
    save(space, block, {name: _moved(current[name], out, into) for name, (out, into) in sets.items()})
    return current


def enter(space: str, coming: Mapping[int, Collection[frozenset[str]]]) -> None:
    """Put in members that are new: ordinal → the names of its sets in parts, few of which are distinct."""
    together: dict[int, dict[frozenset[str], list[int]]] = {}
    for ordinal, parts in coming.items():
        block, offset = divmod(ordinal, BLOCK_SIZE)
        here = together.setdefault(block, {})
        for names in parts:
            here.setdefault(names, []).append(offset)
    for block in sorted(together):
        change(space, block, {name: ((), offsets) for name, offsets in by_name(together[block]).items()})


def by_name(together: Mapping[frozenset[str], list[int]]) -> dict[str, list[int]]:
    """Names that members are in together → these members, as name → all of its members."""
    members: dict[str, list[int]] = {}
    for names, offsets in together.items():
        for name in names:
            members.setdefault(name, []).extend(offsets)
    return members


def _moved(found: BitMap, out: Offsets, into: Offsets) -> BitMap:
    found = found - BitMap(out) if out else found
    return found | BitMap(into) if into else found


def names(space: str, prefix: str) -> list[str]:
    """The names of all stored sets that start with ``prefix``."""
    found: set[str] = set()
    with connection.cursor() as cursor:
        for block in blocks(space):
            cursor.execute(
                "SELECT name FROM store_factset WHERE space = %s AND block = %s AND name >= %s AND name < %s",
                [space, block, prefix, prefix + "\U0010ffff"],
            )
            found.update(row[0] for row in cursor.fetchall())
    return sorted(found)


def drop(space: str, gone: Collection[str]) -> None:
    """Delete these sets in every block."""
    rows = [(space, block, name) for block in blocks(space) for name in sorted(gone)]
    with connection.cursor() as cursor:
        cursor.executemany("DELETE FROM store_factset WHERE space = %s AND block = %s AND name = %s", rows)


def serialized(starts: npt.NDArray[np.int64], offsets: npt.NDArray[np.uint16]) -> list[bytes]:
    """The stored forms of many sets, as BitMap.serialize gives them. ``offsets``: those of each set from its start to the next,
    ascending, each once; no set is empty."""
    counts = np.diff(starts)
    heads = starts[:-1] - starts[0] + _HEAD_WORDS * np.arange(len(counts))
    words = np.empty(len(offsets) + _HEAD_WORDS * len(counts), "<u2")
    for at, value in enumerate(np.frombuffer(_ARRAY_HEAD, "<u2").tolist()):
        words[heads + at] = value
    words[heads + _SIZE_WORD] = counts - 1
    words[np.arange(len(offsets)) + np.repeat(_HEAD_WORDS * np.arange(1, len(counts) + 1), counts)] = offsets
    packed, bounds = words.tobytes(), [*(2 * heads).tolist(), 2 * len(words)]
    found = [packed[low:high] for low, high in pairwise(bounds)]
    for at in np.flatnonzero(counts > _ARRAY_MOST).tolist():
        members = offsets[starts[at] - starts[0] : starts[at + 1] - starts[0]]
        found[at] = bytes(BitMap(array("I", members.astype(np.uint32).tobytes())).serialize())
    return found


def unite(space: str, block: int, sets: Mapping[str, bytes]) -> None:
    """Add the members of these serialised sets to the stored ones."""
    current = load(space, block, sets.keys())
    save(space, block, {name: current[name] | BitMap.deserialize(blob) for name, blob in sets.items()})


def add_new(space: str, block: int, sets: Iterable[tuple[str, bytes]]) -> None:
    """Store sets, serialised already, of names that the block has none of."""
    bulk.insert("store_factset", ("space", "name", "block", "bitmap"), [(space, name, block, blob) for name, blob in sets])
