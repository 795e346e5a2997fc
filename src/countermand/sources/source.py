"""What a source is: the one protocol that every module of this package keeps, and the values that pass through it.

A source that is fetched has all five verbs. One that posts (NanoMDM) or comes as a file is a ``parse`` with its sights.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

from countermand.core.apps import App
from countermand.core.instants import Instant
from countermand.core.mentions import Mention
from countermand.core.visibility import Sight
from countermand.lib.outward import Outward


@dataclass(frozen=True, slots=True)
class Page:
    """Devices as the vendor describes them. ``next``: where the following page begins, in words that only the source reads;
    '' after the last. ``total``: how many devices there are in all, if the source says."""

    raw: tuple[Any, ...]
    next: str
    total: int | None = None


#: Devices that a check looks at: enough to see what can be seen, few enough for somebody who waits.
ENOUGH = 10_000


@dataclass(frozen=True, slots=True)
class Ability:
    """One thing that a source was asked for: ``works``, and if not ``why``; ``needs``: the permission that it takes."""

    what: str
    needs: str
    works: bool
    why: str = ""


@dataclass(frozen=True, slots=True)
class Checked:
    """``sees``: how many of its devices are seen in which way, ``whole`` unless it has so many that only the first were looked
    at; ``suggested``: names among its apps that look like a watched product, and on how many devices: a name is no evidence."""

    abilities: tuple[Ability, ...]
    sees: Mapping[Sight, int] = field(default_factory=dict)
    suggested: Mapping[str, int] = field(default_factory=dict)
    whole: bool = True


class Source(Protocol):
    """One system that is asked over the network. Unreachable, or Refused, from whatever goes out."""

    def fetch(self, since: str) -> Iterator[Page]:
        """All its devices, page by page, from where an interrupted fetch stopped ('' = the first). Each page is whole."""

    def parse(self, raw: Any, now: Instant) -> Mention:
        """One device of a page, with its reports and what they cover. Refused ``device-unreadable`` if it cannot be read."""

    def recheck(self, device: Mention, apps: frozenset[App]) -> str | None:
        """Ask the device itself for these apps now. A ticket by which the answer is known; None = not supported."""

    def visibility(self, raw: Any) -> Sight | None:
        """What the source could say of this device's apps; None if it is no phone."""

    def check(self, names: frozenset[str], tick: Callable[[int], None]) -> Checked:
        """What works with these credentials, and what can be seen. ``names``: of watched products, folded."""


@dataclass(frozen=True, slots=True)
class Setting:
    """One thing to be told about a source before it can be asked. ``default``: None if there is none; ``form``: the pattern
    of a whole value."""

    words: str
    default: str | None = None
    form: str = r"https?://[A-Za-z0-9.:\[\]-]{1,255}"


@dataclass(frozen=True, slots=True)
class Request:
    """A request that a source may send: the method, its path as a pattern, and the least permission that it takes."""

    method: str
    path: str
    needs: str


@dataclass(frozen=True, slots=True)
class Link:
    """What a source is opened with. ``outward``: makes the way to a host, for these requests alone."""

    name: str
    settings: Mapping[str, str]
    secret: str = field(repr=False)
    outward: Callable[[str, tuple[tuple[str, str], ...]], Outward]
    now: Callable[[], Instant]
