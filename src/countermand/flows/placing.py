"""Placing new devices of a staged load: first the sets of their apps, block by block, then the devices themselves.

A device appears in one unit with all of its rows and every other set it is in. Its bit stands in the sets of its apps
before that, under an ordinal that nobody else gets; nothing reads it there, because everything that is read is cut to the
devices that exist (core.facts.EVERY). So sets of apps are written once per block, and no unit is long.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from countermand.core import facts
from countermand.core.facts import BLOCK_SIZE
from countermand.flows.staging import Positions
from countermand.sources.devices_parquet import Longs, Mask
from countermand.store import packing, sets


@dataclass(frozen=True, slots=True)
class Piece:
    """New devices ``low`` to ``high`` (counted among the new ones) of a staged group, all in one block."""

    group: int
    block: int
    low: int
    high: int


@dataclass(frozen=True, slots=True)
class Ready:
    """A piece worked out: its app sets in the order of their names, and each device's app numbers, both as one long row that
    is cut at ``starts``."""

    piece: Piece
    names: Sequence[str]
    set_starts: Longs
    offsets: npt.NDArray[np.uint16]
    starts: Longs
    numbers: npt.NDArray[np.uint32]

    def app_sets(self, low: int, high: int) -> list[tuple[str, bytes]]:
        """The sets ``low`` to ``high``, serialised."""
        starts = self.set_starts[low : high + 1]
        return list(zip(self.names[low:high], sets.serialized(starts, self.offsets[starts[0] : starts[-1]]), strict=True))

    def app_lists(self, low: int, high: int, seen: Longs) -> list[bytes]:
        """The packed presence of the new devices ``low`` to ``high``, which showed all of it when they were ``seen``; b'' of one
        without any."""
        starts = self.starts[low - self.piece.low : high - self.piece.low + 1]
        return packing.pack_many(seen, starts, self.numbers[starts[0] : starts[-1]])


class Placing:
    """The arithmetic of one load: which device gets which ordinal, and what lies ready for it. Touches no database."""

    def __init__(self, path: Path, positions: Positions, hint: int, first: int, numbers: npt.NDArray[np.uint32]) -> None:
        self._path, self._hint, self.first, self._numbers = path, hint, first, numbers
        self.positions = positions
        self.new: Longs = np.flatnonzero(positions.plain)
        self._table = Table(path / "devices.arrow")

    def pieces(self) -> list[Piece]:
        """All pieces, in order. They are whole blocks if the load began where it was expected to."""
        groups = (self.new + self._hint) // BLOCK_SIZE
        blocks = (np.arange(len(self.new)) + self.first) // BLOCK_SIZE
        cuts = np.flatnonzero((np.diff(groups) != 0) | (np.diff(blocks) != 0)) + 1
        bounds = [0, *cuts.tolist(), len(self.new)] if len(self.new) else [0]
        return [Piece(int(groups[low]), int(blocks[low]), low, high) for low, high in pairwise(bounds)]

    def ready(self, piece: Piece) -> Ready:
        """Work a piece out. Runs beside the writing of another."""
        position, code = self._apps(piece)
        number = self._numbers[self.positions.platform[position], code]
        by_device = _distinct(self._ranks(piece)[position - self.new[piece.low]] << 32 | number)
        rank, number = by_device >> 32, (by_device & 0xFFFFFFFF).astype(np.uint32)
        starts: Longs = np.searchsorted(rank, np.arange(piece.high - piece.low + 1))
        offset = (rank + (self.first + piece.low - piece.block * BLOCK_SIZE)).astype(np.uint16)
        return Ready(piece, *_app_sets(number, offset), starts, number)

    def _ranks(self, piece: Piece) -> Longs:
        """The how manieth of the piece's devices each is, by its position after that of the first."""
        here = self.new[piece.low : piece.high] - self.new[piece.low]
        ranks: Longs = np.zeros(here[-1] + 1, np.int64)
        ranks[here] = np.arange(len(here))
        return ranks

    def _apps(self, piece: Piece) -> tuple[npt.NDArray[np.int32], npt.NDArray[np.int32]]:
        position, code, _, _ = read_apps(self._path, piece.group)
        low, high = self.new[piece.low], self.new[piece.high - 1]
        mine: Mask = (position >= low) & (position <= high)
        mine &= self.positions.plain[position]
        return (position, code) if mine.all() else (position[mine], code[mine])

    def rows(self, low: int, high: int) -> dict[str, list[Any]]:
        """Column → values of the new devices ``low`` to ``high``."""
        return self._table.take(self.new[low:high])


class Table:
    """The staged devices, read a part at a time."""

    def __init__(self, path: Path) -> None:
        self._file = pa.ipc.open_file(path)
        self._parts: dict[int, Any] = {}
        self._ends = np.cumsum([0])

    def take(self, positions: Longs) -> dict[str, list[Any]]:
        if not len(positions):
            return {}
        first, last = int(self._part_of(positions[0])), int(self._part_of(positions[-1]))
        for number in [number for number in self._parts if not first <= number <= last]:
            del self._parts[number]
        table = pa.Table.from_batches([self._part(number) for number in range(first, last + 1)])
        local = pa.array(positions - self._ends[first])
        taken = (
            table.take(local)
            if len(positions) < local[-1].as_py() - local[0].as_py() + 1
            else table.slice(local[0].as_py(), len(positions))
        )
        return {name: taken.column(name).to_numpy().tolist() for name in taken.column_names}

    def _part_of(self, position: int) -> int:
        while self._ends[-1] <= position:
            size = self._file.get_batch(len(self._ends) - 1).num_rows
            self._ends = np.append(self._ends, self._ends[-1] + size)
        return int(np.searchsorted(self._ends, position, side="right")) - 1

    def _part(self, number: int) -> Any:
        if number not in self._parts:
            self._parts[number] = self._file.get_batch(number)
        return self._parts[number]


def read_apps(path: Path, group: int) -> tuple[npt.NDArray[Any], ...]:
    """(position, code, when, source) of every staged row of apps of a group, as it was dealt out."""
    file = path / f"apps/{group}.arrow"
    if not file.exists():
        return tuple(np.empty(0, kind) for kind in (np.int32, np.int32, np.int64, np.int16))
    with pa.OSFile(str(file)) as opened, pa.ipc.open_stream(opened) as reader:
        batches = list(reader)
    return tuple(np.concatenate([batch.column(column).to_numpy() for batch in batches]) for column in range(4))


def _distinct(keys: Longs) -> Longs:
    """The keys in order, each once. Rows of apps mostly come device by device, which a stable sort makes use of."""
    keys.sort(kind="stable" if (np.diff(keys >> 32) >= 0).all() else None)
    same = keys[1:] == keys[:-1]
    return keys[np.append(True, ~same)] if same.any() else keys


def _app_sets(number: npt.NDArray[np.uint32], offset: npt.NDArray[np.uint16]) -> tuple[list[str], Longs, npt.NDArray[np.uint16]]:
    """The app sets of these rows (of devices in order) by name, and whose they are as one long row with where each begins."""
    order = _by_number(number)
    number = number[order]
    begins = np.flatnonzero(np.append(True, number[1:] != number[:-1])) if len(number) else np.empty(0, np.int64)
    counts = np.diff(np.append(begins, len(number)))
    names = list(map(facts.app, number[begins].tolist()))
    by_name = np.argsort(np.array(names, "S")) if names else np.empty(0, np.int64)
    starts: Longs = np.append(0, np.cumsum(counts[by_name]))
    rows = np.arange(len(number)) + np.repeat(begins[by_name] - starts[:-1], counts[by_name])
    return [names[one] for one in by_name.tolist()], starts, offset[order[rows]]


def _by_number(number: npt.NDArray[np.uint32]) -> Longs:
    """The order of these numbers, of equal ones the first first. Numpy sorts 16 bits at a time in no time for each."""
    order = np.argsort((number & 0xFFFF).astype(np.uint16), kind="stable")
    high = (number >> 16).astype(np.uint16)
    return order[np.argsort(high[order], kind="stable")] if high.any() else order
