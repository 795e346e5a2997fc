"""The only reader of the clock, and who notices that it jumped."""

import time
from collections.abc import Callable


def now() -> int:
    """The real time as an Instant: milliseconds since 1970 (UTC). A drill's offset is added by whoever opens the store."""
    return time.time_ns() // 1_000_000


def steady() -> int:
    """Milliseconds of a clock that never jumps; only differences mean anything. What has run since something was heard."""
    return time.monotonic_ns() // 1_000_000


#: More than this at once is no correction but a fault: of the clock, of a virtual machine that slept, of a hand.
JUMP = 5 * 60_000


class Watch:
    """Compares the wall's clock with the one that never jumps. Small corrections are followed; after a jump it stays with
    the earlier of the two, until the process begins anew: nothing is due by an hour that did not pass."""

    def __init__(self, wall: Callable[[], int] | None = None) -> None:
        """``wall``: what says the time, if it is not this machine's clock."""
        self._read = wall or now
        self._wall, self._steady = self._read(), steady()
        self.jumped = 0

    def now(self) -> int:
        """The time to go by. ``jumped``: by how many milliseconds the wall's clock is off what has passed, 0 if it is not."""
        wall, expected = self._read(), self._wall + steady() - self._steady
        off = wall - expected
        if abs(off) >= JUMP:
            self.jumped = off
            return min(wall, expected)
        self.jumped = 0
        self._wall, self._steady = wall, self._steady + expected - self._wall
        return wall
