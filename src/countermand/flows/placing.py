"""Placing new devices of a staged load: first the sets of their apps and looks, block by block, then the devices themselves.

A device appears in one unit with all of its rows and every other set it is in. Its bit stands in those sets before that, under
an ordinal that nobody else gets; nothing reads it there, because everything that is read is cut to the devices that exist
(core.facts.EVERY). So these sets are written once per block, and no unit is long.
"""

from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from countermand.core.facts import BLOCK_SIZE
from countermand.flows.many_sets import ManySets, app_sets, distinct, numbers_in
from countermand.flows.staged import Table, app_rows, lists
from countermand.flows.staging import Positions, Staged
from countermand.sources.devices_parquet import Longs
from countermand.store import packing


@dataclass(frozen=True, slots=True)
class Piece:
    """New devices ``low`` to ``high`` (counted among the new ones) of a staged group, all in one block."""

    group: int
    block: int
    low: int
    high: int


@dataclass(frozen=True, slots=True)
class Ready:
    """A piece worked out. ``devices``: the staged rows in the order of their ordinals, the first of which has ``offset`` in the
    block; ``numbers``: the app numbers of each, as one long row that is cut at ``starts``."""

    piece: Piece
    devices: Any
    offset: int
    app_sets: ManySets
    starts: Longs
    numbers: npt.NDArray[np.uint32]

    def rows(self, low: int, high: int) -> dict[str, list[Any]]:
        """Column → values of the new devices ``low`` to ``high``."""
        return lists(self.devices.slice(low - self.piece.low, high - low))

    def app_lists(self, low: int, high: int, seen: Longs) -> list[bytes]:
        """The packed presence of the new devices ``low`` to ``high``, which showed all of it when they were ``seen``; b'' of one
        without any."""
        starts = self.starts[low - self.piece.low : high - self.piece.low + 1]
        return packing.pack_many(seen, starts, self.numbers[starts[0] : starts[-1]])


class Placing:
    """The arithmetic of one load: which device gets which ordinal, and what lies ready for it. Touches no database."""

    def __init__(self, path: Path, staged: Staged, positions: Positions, first: int, numbers: npt.NDArray[np.uint32]) -> None:
        self._path, self._hint, self._first, self._numbers = path, staged.hint, first, numbers
        self._rows, self._positions = staged.rows, positions
        self._new: Longs = np.flatnonzero(positions.plain)
        self._table = Table(path)

    def pieces(self) -> list[Piece]:
        """All pieces, in order. They are whole blocks if the load began where it was expected to."""
        groups = (self._new + self._hint) // BLOCK_SIZE
        blocks = (np.arange(len(self._new)) + self._first) // BLOCK_SIZE
        cuts = np.flatnonzero((np.diff(groups) != 0) | (np.diff(blocks) != 0)) + 1
        bounds = [0, *cuts.tolist(), len(self._new)] if len(self._new) else [0]
        return [Piece(int(groups[low]), int(blocks[low]), low, high) for low, high in pairwise(bounds)]

    def ready(self, piece: Piece) -> Ready:
        """Work a piece out. Runs beside the writing of another."""
        here = self._new[piece.low : piece.high]
        ranks: Longs = np.zeros(here[-1] - here[0] + 1, np.int64)
        ranks[here - here[0]] = np.arange(len(here))
        keys = distinct(self._keys(piece, here, ranks))
        starts: Longs = np.searchsorted(keys, np.arange(len(here) + 1) << 32)
        numbers = numbers_in(keys)
        offset = self._first + piece.low - piece.block * BLOCK_SIZE
        return Ready(piece, self._table.at(here), offset, app_sets(keys, numbers, offset), starts, numbers)

    def _keys(self, piece: Piece, here: Longs, ranks: Longs) -> Longs:
        """(rank of a device within the piece, number of an app) of each row of apps, as one number."""
        found, filled = np.empty(self._rows.get(str(piece.group), 0), np.int64), 0
        for position, code, _, _ in app_rows(self._path, piece.group):
            mine = (position >= here[0]) & (position <= here[-1])
            mine &= self._positions.plain[position]
            if not mine.all():
                position, code = position[mine], code[mine]
            keys = found[filled : filled + len(position)]
            keys[:] = ranks[position - here[0]]
            keys <<= 32
            keys |= self._numbers[self._positions.platform[position], code]
            filled += len(keys)
        return found[:filled]
