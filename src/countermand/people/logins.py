"""Logins that were met, by their hashes: a million of them in a few megabytes.

Two logins with one hash are taken for one; that two among a million have one happens once in 10 million loads.
"""

from array import array
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

Longs = npt.NDArray[np.int64]
#: Logins met one by one that are kept aside until there are so many.
_LATE = 1 << 15


class FirstRows:
    """In which row each login stood first."""

    def __init__(self) -> None:
        self._hashes: Longs = np.empty(0, np.int64)  # ascending
        self._rows: Longs = np.empty(0, np.int64)
        self._late: dict[int, int] = {}

    def add(self, logins: Sequence[str], start: int) -> list[int]:
        """The row where each of these stood first, which are those of the rows from ``start`` on."""
        self._take_late()
        return self._add(np.fromiter(map(hash, logins), np.int64, len(logins)), np.arange(start, start + len(logins)))

    def setdefault(self, login: str, row: int) -> int:
        """The row where this login stood first, ``row`` if it is met now."""
        key = hash(login)
        place = int(np.searchsorted(self._hashes, key))
        if place < len(self._hashes) and self._hashes[place] == key:
            return int(self._rows[place])
        first = self._late.setdefault(key, row)
        if len(self._late) >= _LATE:
            self._take_late()
        return first

    def _take_late(self) -> None:
        if self._late:
            late, self._late = self._late, {}
            self._add(np.array([*late], np.int64), np.array([*late.values()], np.int64))

    def _add(self, hashes: Longs, rows: Longs) -> list[int]:
        met, index, inverse = np.unique(hashes, return_index=True, return_inverse=True)
        first, place = rows[index], np.searchsorted(self._hashes, met)
        known = np.append(self._hashes, 0)[place] == met
        known &= place < len(self._hashes)
        first[known] = self._rows[place[known]]
        self._hashes = np.insert(self._hashes, place[~known], met[~known])
        self._rows = np.insert(self._rows, place[~known], first[~known])
        found: list[int] = first[inverse].tolist()
        return found


class Heard:
    """Which logins there are."""

    def __init__(self) -> None:
        self._hashes = array("q")
        self._sorted: Longs = np.empty(0, np.int64)

    def add(self, login: str) -> None:
        self._hashes.append(hash(login))

    def without(self, logins: set[str]) -> set[str]:
        """Those of ``logins`` that were not heard."""
        if len(self._sorted) != len(self._hashes):
            self._sorted = np.sort(np.frombuffer(self._hashes, np.int64))
        asked = [*logins]
        hashes = np.fromiter(map(hash, asked), np.int64, len(asked))
        place = np.searchsorted(self._sorted, hashes)
        known = np.append(self._sorted, 0)[place] == hashes
        known &= place < len(self._sorted)
        return {login for login, is_known in zip(asked, known.tolist(), strict=True) if not is_known}
