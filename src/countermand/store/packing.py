"""Presence packed into one small value per device: app numbers, grouped by the time at which they were last shown.

Most apps of a device were shown by the same answer, so a list costs 12 bytes for a time and 4 for each app:
``(time int64, count uint32, count × number uint32)*``, little-endian, times ascending, numbers ascending.
"""

import struct
import sys
from array import array
from collections.abc import Mapping

from countermand.core.instants import Instant

_HEAD = struct.Struct("<qI")


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


def pack_at(at: Instant, numbers: memoryview) -> bytes:
    """The same for apps that were all shown at one time; ``numbers``: ascending, each once, as little-endian uint32."""
    return _HEAD.pack(at, len(numbers) // 4) + numbers


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
