"""Loads in bulk as rows: how far each has come, written in the unit of what it wrote, so that a killed one goes on."""

from dataclasses import dataclass

from pyroaring import BitMap

from countermand.core.facts import BLOCK_SIZE
from countermand.core.instants import Instant
from countermand.store import bulk


@dataclass(frozen=True, slots=True)
class LoadRow:
    """``key`` names what is loaded. The new devices have the ``devices`` ordinals from ``first`` on; ``placed`` of them are
    there. ``named``: app sets written of the piece that is next; ``known``: rows of known devices that were taken."""

    key: str
    first: int
    devices: int
    placed: int
    named: int
    known: int
    finished_at: Instant | None


_COLUMNS = "key, first, devices, placed, named, known, finished_at"


def find(key: str) -> LoadRow | None:
    """The load that is not finished under this key."""
    rows = bulk.all_rows(f"SELECT {_COLUMNS} FROM store_load WHERE key = %s AND finished_at IS NULL", [key])
    return LoadRow(*rows[0]) if rows else None


def unfinished() -> list[LoadRow]:
    return [LoadRow(*row) for row in bulk.all_rows(f"SELECT {_COLUMNS} FROM store_load WHERE finished_at IS NULL ORDER BY id")]


def begin(key: str, first: int, devices: int, now: Instant) -> None:
    """A load begins; one under the same key that was finished is forgotten."""
    bulk.write("DELETE FROM store_load WHERE key = %s", [(key,)])
    bulk.write(
        "INSERT INTO store_load (key, first, devices, placed, named, known, started_at) VALUES (%s, %s, %s, 0, 0, 0, %s)",
        [(key, first, devices, now)],
    )


def move(key: str, *, placed: int, named: int, known: int) -> None:
    """How far it has come now."""
    bulk.write("UPDATE store_load SET placed = %s, named = %s, known = %s WHERE key = %s", [(placed, named, known, key)])


def finish(key: str, now: Instant) -> None:
    """It is done, or given up: what it reserved and did not place stays unused."""
    bulk.write("UPDATE store_load SET finished_at = %s WHERE key = %s", [(now, key)])


def awaited(block: int) -> BitMap:
    """Offsets of a block that stand in app sets already and whose devices an unfinished load has still to place."""
    start = block * BLOCK_SIZE
    found = BitMap()
    for load in unfinished():
        low, high = max(load.first + load.placed, start), min(load.first + load.devices, start + BLOCK_SIZE)
        if low < high:
            found.add_range(low - start, high - start)
    return found
