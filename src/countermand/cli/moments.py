"""Times and days as people write them on the command line."""

import re
from datetime import date, datetime, timedelta

from countermand.core.errors import Refused, Where
from countermand.core.instants import DAY, HOUR, MINUTE, Instant, from_datetime

_SPAN = re.compile(r"([0-9]{1,7})([dhm])")
_UNITS = {"d": DAY, "h": HOUR, "m": MINUTE}
HOW = "2021-01-17 (the end of that day), 2021-01-17T17:00, 2021-01-17T17:00Z or 30d (from now)"


def instant(text: str, now: Instant, option: str) -> Instant:
    """The instant that somebody means: this machine's zone where none is written. Refused ``not-a-moment``."""
    if span := _SPAN.fullmatch(text):
        return now + int(span[1]) * _UNITS[span[2]]
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise Refused("not-a-moment", Where(field=option), text=text, how=HOW) from None
    if "T" not in text and " " not in text:
        moment += timedelta(days=1)
    return from_datetime(moment.astimezone() if moment.tzinfo is None else moment)


def span(text: str, option: str) -> int:
    """A span in milliseconds. Refused ``not-a-moment``."""
    found = _SPAN.fullmatch(text)
    if not found:
        raise Refused("not-a-moment", Where(field=option), text=text, how="30d, 12h or 90m")
    return int(found[1]) * _UNITS[found[2]]


def since(text: str, now: Instant, option: str) -> Instant:
    """The instant from which somebody wants to see: as ``instant``, but a span counts back and a day from its beginning."""
    meant = instant(text, now, option)
    if _SPAN.fullmatch(text):
        return 2 * now - meant
    return meant - DAY if re.fullmatch(r"[0-9-]+", text) else meant


def day(text: str | None, option: str) -> date | None:
    """The day that somebody means, if they name one. Refused ``not-a-moment``."""
    if text is None:
        return None
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise Refused("not-a-moment", Where(field=option), text=text, how="2021-01-17") from None
