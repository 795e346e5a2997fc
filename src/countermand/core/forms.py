"""The small written forms of a directive: spans of time, shares, days, local times, zones. Each one text ↔ one value.

The parsers raise ValueError; core.schema turns that into a refusal that names the place and what to write instead.
"""

import re
from collections.abc import Iterable
from datetime import date, datetime, timedelta
from difflib import get_close_matches
from functools import cache
from zoneinfo import available_timezones

from countermand.core.errors import Refused
from countermand.core.instants import DAY, HOUR, MINUTE

RECIPIENT = "recipient"
LONGEST = 3650 * DAY
_UNITS = {"d": DAY, "h": HOUR, "m": MINUTE}
_DURATION = re.compile(r"([0-9]{1,7})([dhm])")
_SHARE = re.compile(r"([0-9]{1,3}(?:\.[0-9]{1,4})?)%")
_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_LOCAL = re.compile(r"([0-9]{4}-[0-9]{2}-[0-9]{2})(T[0-9]{2}:[0-9]{2})?")
#: Names that some systems' zone folders hold, but that are no zone anybody lives in.
_NO_ZONES = frozenset({"Factory", "localtime", "posixrules"})


def duration(text: str) -> int:
    """Milliseconds of ``7d``, ``72h``, ``15m``; at most ten years."""
    found = _DURATION.fullmatch(text)
    if found is None or (span := int(found[1]) * _UNITS[found[2]]) > LONGEST:
        raise ValueError(text)
    return span


def duration_text(span: int) -> str:
    """The shortest form of a span that is a whole number of minutes: ``3d``, ``90m``. The inverse of ``duration``."""
    unit = next(unit for unit in "dhm" if span % _UNITS[unit] == 0)
    return f"{span // _UNITS[unit]}{unit}"


def share(text: str) -> float:
    """The part of a whole, 0 < share <= 1, of ``1%`` or ``12.5%``."""
    found = _SHARE.fullmatch(text)
    if found is None or not 0 < (value := float(found[1]) / 100) <= 1:
        raise ValueError(text)
    return value


def day(text: str) -> date:
    """The day ``2020-07-17``. Years 1900 to 2199: whatever lies outside is a slip of the pen."""
    if not _DAY.fullmatch(text) or not 1900 <= (value := date.fromisoformat(text)).year <= 2199:
        raise ValueError(text)
    return value


def local_time(text: str) -> datetime:
    """The wall-clock time ``2020-07-17T17:00``, naive; a day alone means its end, midnight after it."""
    found = _LOCAL.fullmatch(text)
    if found is None:
        raise ValueError(text)
    start = day(found[1])
    if found[2] is None:
        return datetime.combine(start, datetime.min.time()) + timedelta(days=1)
    return datetime.fromisoformat(text)


@cache
def zones() -> frozenset[str]:
    """Every IANA zone name this installation knows."""
    return frozenset(available_timezones() - _NO_ZONES)


def zone(text: str) -> str:
    """The name of an IANA zone, whole and in its own spelling."""
    if text not in zones():
        raise ValueError(text)
    return text


def nearest_zone(text: str) -> str:
    """The zone that was probably meant: in another case, by its city alone (``Los Angeles``), or nearly so spelled."""
    wanted = text.strip().replace(" ", "_").lower()
    known = sorted(zones(), key=lambda name: ("/" not in name, name.startswith("Etc/"), name))
    for name in known:
        if wanted in (name.lower(), name.lower().rpartition("/")[2]):
            return name
    return nearest(wanted, known)


def not_found(what: str, name: str, known: Iterable[str]) -> Refused:
    """``not-found`` for a ``what`` that nobody knows by this name, with the known one that was probably meant."""
    return Refused("not-found", what=what, name=name, nearest=nearest(name, known) or "none")


def nearest(text: str, known: Iterable[str]) -> str:
    """The known word that is spelled most like ``text``, or '' if none is near."""
    by_spelling = {word.lower(): word for word in known}
    found = get_close_matches(text.lower(), by_spelling, n=1, cutoff=0.6)
    return by_spelling[found[0]] if found else ""
