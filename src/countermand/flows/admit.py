"""How often somebody may ask, counted for all web processes together: a process takes a few requests at a time, so that most of
them write nothing."""

from countermand.core.bucket import Drawn, Rate
from countermand.store import buckets, lease
from countermand.store.unit import promptly

__all__ = ["Drawn", "Rate", "take_requests"]


def take_requests(name: str, wanted: int, rate: Rate) -> Drawn:
    """Take as many of ``wanted`` requests as this name may make now, from everybody's count. Refused like any unit;
    ``database-busy`` rather than waiting."""
    now = lease.real()
    with promptly():
        return buckets.take(name, wanted, rate, now)
