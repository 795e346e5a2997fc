"""Many sets of the devices of one block at once, from numbers that say who is in which: millions are sorted where they lie."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from countermand.core import facts
from countermand.sources.devices_parquet import Longs
from countermand.store import sets

_AT_ONCE = 1 << 18
#: Sets by name, as they are stored.
Serialized = Iterable[tuple[str, bytes]]


@dataclass(frozen=True, slots=True)
class ManySets:
    """Sets in the order of their ``names``. The offsets of each lie from its place in ``begins`` on, its count of them."""

    names: npt.NDArray[np.str_]
    begins: Longs
    counts: Longs
    offsets: npt.NDArray[np.uint16]

    def serialized(self, low: int, high: int) -> Serialized:
        """The sets ``low`` to ``high`` as they are stored."""
        counts = self.counts[low:high]
        starts: Longs = np.append(0, np.cumsum(counts))
        rows = np.arange(starts[-1]) + np.repeat(self.begins[low:high] - starts[:-1], counts)
        return zip(self.names[low:high].tolist(), sets.serialized(starts, self.offsets[rows]), strict=True)


def app_sets(keys: Longs, numbers: npt.NDArray[np.uint32], offset: int) -> ManySets:
    """Of these (how manieth device << 32 | number of an app), each of which stands once, and the numbers alone; the first device
    has ``offset`` in its block. They are turned round where they lie: afterwards ``keys`` means nothing."""
    keys >>= 32
    keys += offset
    for start in range(0, len(keys), _AT_ONCE):
        keys[start : start + _AT_ONCE] |= numbers[start : start + _AT_ONCE].astype(np.int64) << 16
    keys.sort()
    offsets = keys.astype(np.uint16)
    keys >>= 16
    begins = np.flatnonzero(np.append(True, keys[1:] != keys[:-1])) if len(keys) else np.empty(0, np.int64)
    counts = np.diff(np.append(begins, len(keys)))
    names = np.array([*map(facts.app, keys[begins].tolist())], np.str_)
    by_name = np.argsort(names)
    return ManySets(names[by_name], begins[by_name], counts[by_name], offsets)


def united(members: Mapping[str, Sequence[Longs]]) -> ManySets:
    """Of these offsets by name, in parts that have none in common."""
    names = sorted(members)
    offsets = [np.sort(np.concatenate(members[name])) for name in names]
    counts = np.array([*map(len, offsets)], np.int64)
    together = np.concatenate(offsets) if offsets else np.empty(0, np.int64)
    return ManySets(np.array(names, np.str_), np.cumsum(counts) - counts, counts, together.astype(np.uint16))


def numbers_in(keys: Longs) -> npt.NDArray[np.uint32]:
    """The lower half of each."""
    numbers = np.empty(len(keys), np.uint32)
    np.copyto(numbers, keys, casting="unsafe")
    return numbers


def distinct(keys: Longs) -> Longs:
    """The keys in order, each once. What is in ``keys`` itself afterwards means nothing."""
    keys.sort()
    same = keys[1:] == keys[:-1]
    return keys[np.append(True, ~same)] if same.any() else keys
