"""The only reader of the clock."""

import time


def now() -> int:
    """The real time as an Instant: milliseconds since 1970 (UTC). A drill's offset is added by whoever opens the store."""
    return time.time_ns() // 1_000_000
