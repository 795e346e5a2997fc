"""Instants as people read them: on their clock, in their language, with the zone said so that nobody mistakes it."""

from datetime import UTC, date, datetime
from functools import lru_cache
from zoneinfo import ZoneInfo

from countermand.core.instants import Instant, to_datetime
from countermand.core.languages import LANGUAGES, spoken

#: English without a country is written as most of the world writes it: day before month, hours to 24.
_PLAIN = {"en": "en_GB"}


@lru_cache(maxsize=1024)
def locale_of(language: str, tag: str = "") -> str:
    """The Babel locale to write dates by: of ``tag`` ("en-US") if it is that language's, else of the language itself."""
    from babel import Locale, UnknownLocaleError

    if tag and spoken(tag, LANGUAGES) == language:
        try:
            found = Locale.parse(tag.replace("-", "_").split(".")[0])
        except (ValueError, UnknownLocaleError):
            found = None  # a directory may hold anything
        if found is not None and found.territory:
            return str(found)
    return _PLAIN.get(language, language.replace("-", "_"))


@lru_cache(maxsize=4096)
def moment(at: Instant, zone: str, locale: str) -> str:
    """ "Friday, 17 July 2020, 14:00 (Europe/Berlin, UTC+02:00)"."""
    from babel.dates import format_date, format_time

    local = to_datetime(at).astimezone(ZoneInfo(zone))
    offset = local.strftime("%z")
    day, hour = format_date(local, "full", locale=locale), format_time(local, "short", tzinfo=local.tzinfo, locale=locale)
    return f"{day}, {hour} ({zone}, UTC{offset[:3]}:{offset[3:]})"


def brief(at: Instant, zone: str, locale: str) -> str:
    """ "17 Jul 2020, 14:00"."""
    from babel.dates import format_date, format_time

    local = to_datetime(at).astimezone(ZoneInfo(zone))
    hour = format_time(local, "short", tzinfo=local.tzinfo, locale=locale)
    return f"{format_date(local, 'medium', locale=locale)}, {hour}"


def utc(at: Instant) -> str:
    return to_datetime(at).astimezone(UTC).strftime("%Y-%m-%d %H:%M UTC")


def day(at: Instant, now: Instant, zone: str, locale: str) -> str:
    """ "Tuesday" of the last six days, "7 July 2020" before: as people speak of a day that has been."""
    clock = ZoneInfo(zone)
    then: datetime = to_datetime(at).astimezone(clock)
    return _day(then.date(), to_datetime(now).astimezone(clock).date(), locale)


@lru_cache(maxsize=4096)
def _day(then: date, today: date, locale: str) -> str:
    from babel.dates import format_date

    near = 0 <= (today - then).days < 7
    return str(format_date(then, "EEEE" if near else "long", locale=locale))


def short(at: Instant, zone: str, locale: str, *, hour: bool = False) -> str:
    """ "17 Jul", or with the hour "17:00", for the foot of a chart."""
    from babel.dates import format_skeleton, format_time

    local = to_datetime(at).astimezone(ZoneInfo(zone))
    day = format_skeleton("MMMd", local, locale=locale)
    return f"{day} {format_time(local, 'short', tzinfo=local.tzinfo, locale=locale)}" if hour else day
