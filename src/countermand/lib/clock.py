"""The only reader of the clock."""

import time


def now() -> int:
    """The real time as an Instant: milliseconds since 1970 (UTC). A drill's offset is added by whoever opens the store."""
    return time.time_ns() // 1_000_000


def steady() -> int:
    """Milliseconds of a clock that never jumps; only differences mean anything. What has run since something was heard."""
    return time.monotonic_ns() // 1_000_000
