"""An allowance: how fast somebody else's system may be written to, kept evenly, so that it never has to say "later".

Evenly, and a fiftieth under what is allowed: then no window of the vendor's, wherever it begins, holds more than it may. Who
was here before, and stopped or died a moment ago, may have just written a request's worth: so one that begins waits as long as
that takes.
"""

import time
from collections.abc import Callable

from countermand.core.lever import Quota

_SHARE = 0.98


class Allowance:
    """``spent``: writes that whoever was here before may have made just now. ``wait``: waits so many seconds; ``steady``: seconds
    of a clock that never jumps."""

    def __init__(
        self,
        quota: Quota,
        spent: int = 0,
        wait: Callable[[float], object] = time.sleep,
        steady: Callable[[], float] = time.monotonic,
    ) -> None:
        self._each = quota.span / 1000 / (quota.writes * _SHARE)
        self._wait, self._steady = wait, steady
        self._free = steady() + spent * self._each

    def take(self, writes: int) -> None:
        """Wait until so many may be written."""
        now = self._steady()
        if self._free > now:
            self._wait(self._free - now)
        self._free = max(self._free, now) + writes * self._each

    def later(self, seconds: float) -> None:
        """The vendor said "later": nothing before then."""
        self._free = max(self._free, self._steady() + seconds)
