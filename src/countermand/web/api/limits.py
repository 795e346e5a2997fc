"""How often one may ask. ``Shared`` counts a token's requests once for every web process of the deployment; ``Limits`` counts in
this process alone: for strangers, whom nobody lets write into the database.
"""

import threading
from dataclasses import dataclass

from countermand.core.errors import Refused
from countermand.core.instants import MINUTE, SECOND, Instant
from countermand.flows.admit import Drawn, Rate, take_requests
from countermand.lib import clock

#: Buckets that are full again, and leases that are over, are forgotten once there are more than this.
_MOST = 10_000
#: A lease is this part of a bucket, and is void once the bucket could have been filled as often from empty.
_PART = 10
#: How long a process counts for itself after the database could not be written.
_ALONE = 10 * SECOND


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


@dataclass(slots=True)
class _Lease:
    """``left`` requests that were counted already; they and ``none`` (there were none to have) hold ``until`` then."""

    left: int
    until: int
    none: bool

    def spend(self, now: int) -> int | None:
        """0: one of them is spent; else the seconds until there may be one; None: somebody has to ask for more."""
        if now >= self.until or not (self.left or self.none):
            return None
        if self.none:
            return (self.until - now) // SECOND + 1
        self.left -= 1
        return 0


class Shared:
    """As ``Limits``, for all processes together. A process takes a lease of requests and counts against it by itself, so one
    request in many writes; whoever is refused writes nothing until it may ask again.

    INVARIANT: counting never stands in anybody's way. If the database cannot be written at once (a full disk, somebody else's
    long work), this process counts for itself.
    """

    def __init__(self, kind: str, per_minute: int, burst: int) -> None:
        """``kind``: what is asked; each has its own count."""
        self._kind = kind
        self._rate = Rate(per_minute, burst)
        self._portion = max(burst // _PART, 1)
        self._lasts = max(int(_PART * self._portion * self._rate.each), SECOND)
        self._own = Limits(per_minute, burst)
        self._alone_until = 0
        self._leases: dict[str, _Lease] = {}
        self._lock = threading.Lock()

    def wait(self, name: str) -> int:
        """0 if ``name`` may ask now, else the seconds after which it may."""
        now = clock.steady()
        with self._lock:
            if (lease := self._leases.get(name)) is not None and (seconds := lease.spend(now)) is not None:
                return seconds
        if now < self._alone_until:
            return self._own.wait(name, clock.now())
        try:
            drawn = take_requests(f"{self._kind} {name}", self._portion, self._rate)
        except Refused:
            self._alone_until = clock.steady() + _ALONE
            return self._own.wait(name, clock.now())
        return self._begin(name, drawn, clock.steady())

    def _begin(self, name: str, drawn: Drawn, now: int) -> int:
        with self._lock:
            if len(self._leases) > _MOST:
                self._leases = {known: one for known, one in self._leases.items() if one.until > now}
            lasts = self._lasts if drawn.count else drawn.wait
            self._leases[name] = lease = _Lease(drawn.count, now + max(lasts, 1), not drawn.count)
            return lease.spend(now) or 0
