"""Quiet hours: when people are left alone, each by their own clock. The correction is never kept waiting by them."""

from dataclasses import dataclass
from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

from countermand.core.instants import Instant, from_datetime, to_datetime


@dataclass(frozen=True, slots=True)
class Quiet:
    """From ``begins`` to ``ends`` by the clock on the wall, over midnight where it ends before it begins. Equal: never."""

    begins: time = time()
    ends: time = time()

    def until(self, zone: str, now: Instant) -> Instant | None:
        """When the quiet that it is now ends in the zone; None if it is not quiet there."""
        local = to_datetime(now).astimezone(ZoneInfo(zone))
        at = local.time()
        over_midnight = self.ends < self.begins
        inside = at >= self.begins or at < self.ends if over_midnight else self.begins <= at < self.ends
        if not inside:
            return None
        day = local.date() + timedelta(days=1) if over_midnight and at >= self.begins else local.date()
        # An hour that the clock skips ends when it would have; fold is the earlier of two, so nobody waits twice.
        return from_datetime(datetime.combine(day, self.ends, ZoneInfo(zone)))


#: Nobody is left alone at any hour.
NEVER = Quiet()
