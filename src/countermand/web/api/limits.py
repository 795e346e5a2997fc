"""How often one token may ask: a bucket that fills evenly. Kept in each web process for itself, so that with several of them
the limit is so many times higher; it protects the process, not the order of the world."""

import threading
from dataclasses import dataclass

from countermand.core.instants import MINUTE, Instant

#: Buckets that are full again are forgotten once there are more than this.
_MOST = 10_000


@dataclass(slots=True)
class _Bucket:
    left: float
    at: Instant


class Limits:
    """``per_minute`` in the long run, ``burst`` at once."""

    def __init__(self, per_minute: int, burst: int) -> None:
        self._per_ms = per_minute / MINUTE
        self._burst = burst
        self._buckets: dict[str, _Bucket] = {}
        self._lock = threading.Lock()

    def wait(self, name: str, now: Instant) -> int:
        """0 if ``name`` may ask now, else the seconds after which it may."""
        with self._lock:
            bucket = self._buckets.setdefault(name, _Bucket(self._burst, now))
            bucket.left = min(self._burst, bucket.left + max(now - bucket.at, 0) * self._per_ms)
            bucket.at = now
            if len(self._buckets) > _MOST:
                self._forget(now)
            if bucket.left >= 1:
                bucket.left -= 1
                return 0
            return int((1 - bucket.left) / self._per_ms / 1000) + 1

    def _forget(self, now: Instant) -> None:
        full = [name for name, one in self._buckets.items() if one.left + (now - one.at) * self._per_ms >= self._burst]
        for name in full:
            del self._buckets[name]
