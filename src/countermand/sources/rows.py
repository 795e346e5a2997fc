"""What every vendor's JSON has in common: any value may be null or of another type, and a page is a page."""

from collections.abc import Callable, Collection, Iterable, Mapping
from functools import lru_cache, partial
from typing import Any

from countermand.core.apps import App
from countermand.core.devices import Platform
from countermand.core.errors import Refused
from countermand.core.instants import DAY, Instant, from_iso
from countermand.core.mentions import too_far_ahead
from countermand.core.visibility import Sight
from countermand.lib.granted import Denied
from countermand.lib.http import Unreachable
from countermand.lib.vendor import Ability
from countermand.sources.source import ENOUGH, Checked, Page

#: Longest text that is taken, in characters.
LONGEST = 255
#: Before this, times stand where nothing is known.
_KNOWN = 365 * DAY


def text(value: Any) -> str:
    """A text that can be shown; '' for whatever is none."""
    return value.strip() if type(value) is str and len(value) <= LONGEST and value.isprintable() else ""


def word(value: Any) -> str:
    """A word of a vendor's closed list in small letters; '' for whatever is no text."""
    return _small(value) if type(value) is str else ""


@lru_cache(maxsize=1024)
def _small(value: str) -> str:
    return text(value).lower()


def _app(platform: Platform, name: str) -> App | None:
    return App(platform, found) if (found := text(name)) else None


# Phones have much the same apps: most are looked up, which is several times as fast as making them.
_NO_APP: frozenset[None] = frozenset({None})
_APPS = {platform: lru_cache(maxsize=1 << 15)(partial(_app, platform)) for platform in Platform}


def apps_of(platform: Platform, names: Collection[Any]) -> frozenset[App]:
    """The apps that these ids name; what is no text names nothing."""
    try:
        found = frozenset(map(_APPS[platform], names))
    except TypeError:  # a list or an object stands where an id should
        found = frozenset(map(_APPS[platform], [name for name in names if isinstance(name, str)]))
    return found - _NO_APP if None in found else found  # type: ignore[return-value]  # None is out


def first(value: Any) -> str:
    """The first text of a list of texts."""
    return next((found for one in value if (found := text(one))), "") if isinstance(value, list) else ""


def part(row: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    """An object within a row; an empty one if there is none."""
    found = row.get(name)
    return found if isinstance(found, dict) else {}


def rows_of(value: Any) -> list[Mapping[str, Any]]:
    """The objects of a list."""
    return [one for one in value if isinstance(one, dict)] if isinstance(value, list) else []


def thing(raw: Any) -> Mapping[str, Any]:
    """A row, which must be an object. Refused ``device-unreadable``."""
    if not isinstance(raw, dict):
        raise Refused("device-unreadable", device="", why="it is not an object")
    return raw


def moment(value: Any, now: Instant) -> Instant | None:
    """A time with its zone; None for none, and for those before 1971 that stand where nothing is known. Refused
    ``device-unreadable``, ``time-ahead``."""
    if value is None or value == "":
        return None
    try:
        found = from_iso(value)  # nothing but a time passes, so that nobody has to look what it shows
    except (ValueError, TypeError) as wrong:
        raise Refused("device-unreadable", device="", why=f"{text(value)[:40]!r} is not a time") from wrong
    if found > now and too_far_ahead(found, now):
        raise Refused("time-ahead", time=text(value))
    return found if found > _KNOWN else None


def looked_over(
    what: str, needs: str, pages: Iterable[Page], sight: Callable[[Any], Sight | None], tick: Callable[[int], None]
) -> Checked:
    """Whether devices can be listed, and in which way those of the first pages are seen."""
    seen: dict[Sight, int] = {}
    looked, whole = 0, True
    try:
        for page in pages:
            for raw in page.raw:
                if found := _sight_of(raw, sight):
                    seen[found] = seen.get(found, 0) + 1
            tick(len(page.raw))
            looked += len(page.raw)
            if looked >= ENOUGH and page.next:
                whole = False
                break
    except (Denied, Unreachable, Refused) as wrong:
        return Checked((Ability(what, needs, works=False, why=str(wrong)),), seen)
    return Checked((Ability(what, needs, works=True),), seen, whole=whole)


def _sight_of(raw: Any, sight: Callable[[Any], Sight | None]) -> Sight | None:
    """None also for a row that cannot be read: it is told when the set is fetched."""
    try:
        return sight(raw)
    except Refused:
        return None
