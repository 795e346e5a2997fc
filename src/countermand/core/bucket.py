"""A bucket that fills evenly and is drawn from a few at a time: it is one instant, the one at which it is full again."""

from dataclasses import dataclass
from math import ceil, floor

from countermand.core.instants import MINUTE, Instant


@dataclass(frozen=True, slots=True)
class Rate:
    """``per_minute`` in the long run, ``burst`` at once; both at least 1."""

    per_minute: int
    burst: int

    @property
    def each(self) -> float:
        """Milliseconds in which the bucket gains one."""
        return MINUTE / self.per_minute


@dataclass(frozen=True, slots=True)
class Drawn:
    """``count`` drawn, ``full_at`` afterwards. ``wait``: milliseconds until there is one, if there was none."""

    count: int
    full_at: Instant
    wait: int = 0


def draw(full_at: Instant, now: Instant, wanted: int, rate: Rate) -> Drawn:
    """As many of ``wanted`` as are in it. No bucket is emptier than empty: after a jump of the clock, or under a new rate, it
    fills from there."""
    empty = now + ceil(rate.burst * rate.each)
    level = min(max(full_at, now), empty)
    count = min(wanted, floor((empty - level) / rate.each))
    if count < 1:
        return Drawn(0, level, ceil(rate.each) - (empty - level))
    return Drawn(count, level + ceil(count * rate.each))
