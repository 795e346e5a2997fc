"""How many notices may leave in an hour: what a mail server, or those behind it, will take from us."""

from countermand.core.instants import HOUR, Instant

#: A cap is filled evenly; so much of an hour's worth may leave at once.
_AT_ONCE = 60


class Hourly:
    """Counts in this process. ``most`` an hour, 0 for no cap."""

    def __init__(self, most: int, now: Instant) -> None:
        self._most = most
        self._left = float(self._burst)
        self._at = now

    @property
    def _burst(self) -> int:
        return max(self._most // _AT_ONCE, 1)

    def left(self, wanted: int, now: Instant) -> int:
        """How many of ``wanted`` may leave now."""
        if not self._most:
            return wanted
        self._left = min(self._burst, self._left + max(now - self._at, 0) * self._most / HOUR)
        self._at = now
        return min(wanted, int(self._left))

    def took(self, count: int) -> None:
        """So many were handed over."""
        self._left -= count


class PerHost:
    """As ``Hourly``, for each mail host that recipients have. ``most`` an hour, 0 for no cap."""

    def __init__(self, most: int, now: Instant) -> None:
        self._most = most
        self._began = now
        self._hosts: dict[str, Hourly] = {}

    def takes(self, address: str, now: Instant) -> bool:
        """Whether one more may leave for the host of this address now; then it counts."""
        if not self._most:
            return True
        pace = self._hosts.setdefault(address.rpartition("@")[2].lower(), Hourly(self._most, self._began))
        if not pace.left(1, now):
            return False
        pace.took(1)
        return True
