"""Presence packed into one small value per device: app numbers, grouped by the time at which they were last shown.

Most apps of a device were shown by the same answer, so a list costs 12 bytes for a time and 4 for each app:
``(time int64, count uint32, count × number uint32)*``, little-endian, times ascending, numbers ascending.
"""

import struct
import sys
from array import array
from collections.abc import Mapping
from itertools import pairwise

import numpy as np
import numpy.typing as npt

from countermand.core.instants import Instant

_HEAD = struct.Struct("<qI")
_HEAD_WORDS = _HEAD.size // 4


def pack(shown: Mapping[int, Instant]) -> bytes:
    """App number → time last shown, as bytes; the same content always gives the same bytes."""
    by_time: dict[Instant, list[int]] = {}
    for number, at in shown.items():
        by_time.setdefault(at, []).append(number)
    parts: list[bytes] = []
    for at in sorted(by_time):
        numbers = array("I", sorted(by_time[at]))
        if sys.byteorder == "big":
            numbers.byteswap()
        parts += (_HEAD.pack(at, len(numbers)), numbers.tobytes())
    return b"".join(parts)


def pack_many(times: npt.NDArray[np.int64], starts: npt.NDArray[np.int64], numbers: npt.NDArray[np.uint32]) -> list[bytes]:
    """The same for many devices, each of which showed all of its apps at one time. ``numbers``: those of each device from its
    start to the next, ascending, each once; b'' for a device without any."""
    counts = np.diff(starts)
    heads = starts[:-1] - starts[0] + _HEAD_WORDS * np.arange(len(counts))
    words = np.empty(len(numbers) + _HEAD_WORDS * len(counts), "<u4")
    words[heads], words[heads + 1], words[heads + 2] = times & 0xFFFFFFFF, times >> 32, counts
    words[np.arange(len(numbers)) + np.repeat(_HEAD_WORDS * np.arange(1, len(counts) + 1), counts)] = numbers
    packed, bounds = words.tobytes(), [*(4 * heads).tolist(), 4 * len(words)]
    return [packed[low:high] if high - low > _HEAD.size else b"" for low, high in pairwise(bounds)]


def unpack(packed: bytes) -> dict[int, Instant]:
    """The inverse of ``pack``; ValueError if the bytes end in the middle of something."""
    shown: dict[int, Instant] = {}
    place = 0
    while place < len(packed):
        if place + _HEAD.size > len(packed):
            raise ValueError("a packed app list ends within a time")
        at, count = _HEAD.unpack_from(packed, place)
        place += _HEAD.size
        numbers = array("I", packed[place : place + 4 * count])
        if len(numbers) != count:
            raise ValueError("a packed app list ends within its numbers")
        if sys.byteorder == "big":
            numbers.byteswap()
        shown.update(dict.fromkeys(numbers, at))
        place += 4 * count
    return shown


def numbers_in(packed: bytes) -> frozenset[int]:
    """The app numbers alone."""
    return frozenset(unpack(packed))
