"""Many sets of the devices of one block at once, from numbers that say who is in which: millions are sorted where they lie."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from countermand.core import facts
from countermand.sources.devices_parquet import Longs
from countermand.store import sets

_NUMBER = 0xFFFFFFFF


@dataclass(frozen=True, slots=True)
class ManySets:
    """Sets in the order of their ``names``. The offsets of each lie from its place in ``begins`` on, its count of them."""

    names: Sequence[str]
    begins: Longs
    counts: Longs
    offsets: npt.NDArray[np.uint16]

    def serialized(self, low: int, high: int) -> Iterator[tuple[str, bytes]]:
        """The sets ``low`` to ``high`` as they are stored."""
        counts = self.counts[low:high]
        starts: Longs = np.append(0, np.cumsum(counts))
        rows = np.arange(starts[-1]) + np.repeat(self.begins[low:high] - starts[:-1], counts)
        return zip(self.names[low:high], sets.serialized(starts, self.offsets[rows]), strict=True)


def app_sets(keys: Longs, offset: int) -> ManySets:
    """Of these (how manieth device << 32 | number of an app), each of which stands once; the first device has ``offset`` in its
    block. What is in ``keys`` afterwards means nothing: there is no room for both."""
    by_app = keys & _NUMBER
    by_app <<= 16
    keys >>= 32
    keys += offset
    by_app |= keys
    by_app.sort()
    offsets = by_app.astype(np.uint16)
    by_app >>= 16
    begins = np.flatnonzero(np.append(True, by_app[1:] != by_app[:-1])) if len(by_app) else np.empty(0, np.int64)
    counts = np.diff(np.append(begins, len(by_app)))
    names = list(map(facts.app, by_app[begins].tolist()))
    by_name = np.argsort(np.array(names, "S")) if names else np.empty(0, np.int64)
    return ManySets([names[one] for one in by_name.tolist()], begins[by_name], counts[by_name], offsets)


def united(members: Mapping[str, Sequence[Longs]]) -> ManySets:
    """Of these offsets by name, in parts that have none in common."""
    names = sorted(members)
    offsets = [np.sort(np.concatenate(members[name])) for name in names]
    counts = np.array([*map(len, offsets)], np.int64)
    together = np.concatenate(offsets) if offsets else np.empty(0, np.int64)
    return ManySets(names, np.cumsum(counts) - counts, counts, together.astype(np.uint16))


def distinct(keys: Longs) -> Longs:
    """The keys in order, each once. What is in ``keys`` itself afterwards means nothing."""
    keys.sort()
    same = keys[1:] == keys[:-1]
    return keys[np.append(True, ~same)] if same.any() else keys
