"""What stands in a form or an address, read for what it means."""

from countermand.core.errors import Refused
from countermand.core.instants import DAY, Instant

_LONGEST = 3_660


def number(text: str) -> int | None:
    """A whole number; None if none is there: what is no number names nothing."""
    return int(text) if text.isascii() and text.isdigit() and len(text) < 16 else None


def in_days(text: str, now: Instant) -> Instant:
    """So many days from now. Refused ``days-unreadable``."""
    found = number(text)
    if not found or found > _LONGEST:
        raise Refused("days-unreadable", said=text)
    return now + found * DAY
