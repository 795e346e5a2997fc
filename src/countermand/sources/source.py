"""What a source is: the one protocol that every module of this package keeps, and the values that pass through it.

A source that is fetched has all five verbs. One that posts (NanoMDM) or comes as a file is a ``parse`` with its sights.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Protocol, runtime_checkable

from countermand.core.apps import App
from countermand.core.coverage import Coverage
from countermand.core.errors import Refused
from countermand.core.instants import Instant
from countermand.core.mentions import Mention
from countermand.core.visibility import Sight
from countermand.lib.granted import Denied
from countermand.lib.vendor import Ability as Ability
from countermand.lib.vendor import Link as Link
from countermand.lib.vendor import Request as Request
from countermand.lib.vendor import Setting as Setting


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
class Checked:
    """``sees``: how many of its devices are seen in which way, ``whole`` unless it has so many that only the first were looked
    at; ``suggested``: names among its apps that look like a watched product, and on how many devices: a name is no evidence."""

    abilities: tuple[Ability, ...]
    sees: Mapping[Sight, int] = field(default_factory=dict)
    suggested: Mapping[str, int] = field(default_factory=dict)
    whole: bool = True


class Said(StrEnum):
    """What an event says of questions to a device."""

    ANSWERED = "answered"  # also with an error: there is nothing more to come
    LATER = "later"  # it heard the question and will answer when it can
    AWAKE = "awake"  # it asks what there is to do: whatever waits for it reaches it now
    ENROLLED = "enrolled"
    LEFT = "left"


@dataclass(frozen=True, slots=True)
class Word:
    """``who``: the name under which the source knows the device; ``ticket``: of the question, if it is about one."""

    said: Said
    who: str
    ticket: str
    at: Instant


@dataclass(frozen=True, slots=True)
class Answer:
    """What a device answered to a command, whoever sent it: ``done``, or it could not. ``profiles``: identifier → UUID of all
    that are installed, if it said so."""

    who: str
    ticket: str
    done: bool
    profiles: Mapping[str, str] | None
    at: Instant


@dataclass(frozen=True, slots=True)
class Rest:
    """What of an event could not be read, as an event of its own, and why."""

    body: bytes
    why: Refused


@dataclass(frozen=True, slots=True)
class Posted:
    """What one event of a source that posts says; ``rest``: what waits for a person while the others are taken."""

    mentions: tuple[Mention, ...] = ()
    words: tuple[Word, ...] = ()
    answer: Answer | None = None
    rest: Rest | None = None


@dataclass(frozen=True, slots=True)
class Sent:
    """``refused``: those to whom the question could not be given; ``asleep``: why they could not be woken, '' if they were."""

    refused: frozenset[str] = frozenset()
    asleep: str = ""


@dataclass(frozen=True, slots=True)
class Question:
    """One look at devices, ready to be sent. ``names``: by which their answers say who answers; ``ticket``: to which question;
    ``coverage``: what an answer could show; ``what``: what it is, in a word of the source's. All of it is remembered before it
    is sent, or a quick answer would prove nothing."""

    what: str
    ticket: str
    names: tuple[str, ...]
    coverage: Coverage
    send: Callable[[], Sent]


#: Devices that one question is put to at most.
AT_ONCE = 100


class Asker(Protocol):
    """A system through which single devices can be asked. Unreachable, or Refused, from whatever goes out."""

    def recheck(self, devices: Sequence[Mention], apps: frozenset[App] | None) -> Question | None:
        """How these devices, all managed in the same way, are asked for these apps now; None: for every app. None = not
        supported."""

    def check(self, names: frozenset[str], tick: Callable[[int], None]) -> Checked:
        """What works with these credentials, and what can be seen. ``names``: of watched products, folded."""


@runtime_checkable
class Caller(Asker, Protocol):
    """One that tells of devices by events of its own, so that what it was not heard of has to be asked for again."""

    def introduce(self, devices: Sequence[Mention]) -> Question | None:
        """How these devices are asked for the names that join them to what other systems know. None if none can be asked."""

    def again(self, what: str, names: Sequence[str], coverage: Coverage) -> Question:
        """The same question under a new ticket."""


class Source(Asker, Protocol):
    """One system whose whole set is fetched over the network."""

    def fetch(self, since: str) -> Iterator[Page]:
        """All its devices, page by page, from where an interrupted fetch stopped ('' = the first). Each page is whole."""

    def parse(self, raw: Any, now: Instant) -> Mention | None:
        """One device of a page, with its reports and what they cover; None if it is no phone. Refused ``device-unreadable`` if it
        cannot be read."""

    def visibility(self, raw: Any) -> Sight | None:
        """What the source could say of this device's apps; None if it is no phone."""


def strange(link: Link) -> Callable[[str], Refused]:
    """The refusal of what this source says and would not."""
    return lambda why: Refused("source-strange", source=link.name, why=why)


@contextmanager
def allowed(source: str) -> Iterator[None]:
    """Whatever a source does not let us do is Refused ``source-denied``, with what it says of it."""
    try:
        yield
    except Denied as denied:
        raise Refused("source-denied", source=source, why=str(denied)) from denied
