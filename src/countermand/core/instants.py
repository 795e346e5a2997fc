"""Instants: the one unit of time in which everything is stored, compared and signed.

An instant is a whole number of milliseconds since 1970-01-01T00:00Z. Local times exist only at the
edges: in a directive's text (core.schedule turns them into instants) and on a reader's screen.
"""

from datetime import UTC, datetime, timedelta
from functools import lru_cache

Instant = int

SECOND = 1_000
MINUTE = 60 * SECOND
HOUR = 60 * MINUTE
DAY = 24 * HOUR
QUARTER = 15 * MINUTE
FOREVER: Instant = 2**53 - 1  # the largest whole number that RFC 8785 JSON carries exactly

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def from_datetime(moment: datetime) -> Instant:
    """The instant of an aware datetime; a naive one is a programming error and raises TypeError."""
    since = moment - _EPOCH
    return since.days * DAY + since.seconds * SECOND + since.microseconds // 1_000


def to_datetime(instant: Instant) -> datetime:
    """The same moment as an aware datetime in UTC."""
    return _EPOCH + timedelta(milliseconds=instant)


def iso(instant: Instant) -> str:
    """RFC 3339 in UTC to the second, for logs, exports and error texts: ``2020-07-17T21:00:00Z``."""
    return _second(instant // SECOND)


@lru_cache(maxsize=64)
def _second(seconds: int) -> str:
    """Remembered, because a log says the same second many times."""
    return to_datetime(seconds * SECOND).strftime("%Y-%m-%dT%H:%M:%SZ")


def from_iso(text: str) -> Instant:
    """The instant of an RFC 3339 text with an offset; ValueError if the text or its offset is missing. Digits of a second
    beyond the sixth (Go and .NET write more) are passed over."""
    moment = datetime.fromisoformat(text)
    try:
        return from_datetime(moment)
    except TypeError:
        raise ValueError(f"{text!r} has no offset; write Z or +hh:mm after it") from None
