"""Which device of a staged load bears which name, in a dozen bytes each: the names of a million are not kept, but their hashes.

Two devices with one hash are told apart by the names themselves. A name that no device bears is taken for one that some does
once in 10 million million.
"""

from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt


@dataclass(slots=True)
class Bearers:
    """Devices by name. ``exact``: those whose names have the same hash as another's, ``doubtful``: these hashes."""

    exact: dict[str, int] = field(default_factory=dict)
    doubtful: set[int] = field(default_factory=set)
    _parts: list[npt.NDArray[np.int64]] = field(default_factory=list)
    _sorted: npt.NDArray[np.int64] = field(default_factory=lambda: np.empty(0, np.int64))
    _order: npt.NDArray[np.int32] = field(default_factory=lambda: np.empty(0, np.int32))

    def add(self, names: Any) -> None:
        self._parts.append(_hashes(names))

    def positions(self, names: Any) -> npt.NDArray[np.int64]:
        """The position of the device of each of these names; -1 of what is no device's."""
        if self._parts:
            hashes = np.concatenate([self._sorted, *self._parts])
            self._order = np.argsort(hashes, kind="stable").astype(np.int32)
            self._sorted, self._parts = hashes[self._order], []
        asked = _hashes(names)
        if not len(self._sorted):
            return np.full(len(asked), -1, np.int64)
        place = np.minimum(np.searchsorted(self._sorted, asked), len(self._sorted) - 1)
        found: npt.NDArray[np.int64] = np.where(self._sorted[place] == asked, self._order[place], -1).astype(np.int64)
        for offset in np.flatnonzero(np.isin(asked, [*self.doubtful])).tolist() if self.doubtful else ():
            found[offset] = self.exact.get(names[offset].as_py() or "", -1)
        return found


def _hashes(names: Any) -> npt.NDArray[np.int64]:
    return np.fromiter((hash(name or "") for name in names.to_pylist()), np.int64, len(names))
