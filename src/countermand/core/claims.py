"""Claims: what each source says of one device, and what counts when they do not say the same.

Every fact is kept with the time at which its source said so; of one source the latest counts. Between sources nothing depends on
the order in which they were heard:

* a source with which the device is enrolled goes before one that it left;
* whose it is says first who guards the mail, then who manages the phone, then a file; what it is, first who manages it, then a
  file, then who guards the mail; among equals whoever saw it last, counted in days;
* the company's it is only if nobody says otherwise (privacy);
* it reads mail if anybody says so.
"""

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from enum import IntEnum

from countermand.core.devices import Enrollment, Ownership, Platform
from countermand.core.instants import DAY, Instant
from countermand.core.mentions import Mention


class Voice(IntEnum):
    """What a source knows devices by."""

    FILE = 1
    MANAGER = 2
    MAIL = 3


#: What is claimed: the name of each fact as of a Mention.
FACTS = ("login", "platform", "model", "ownership", "enrollment", "reads_mail")
_WHOSE = {Voice.MAIL: 3, Voice.MANAGER: 2, Voice.FILE: 1}
_WHAT = {Voice.MANAGER: 3, Voice.FILE: 2, Voice.MAIL: 1}
_CAREFUL = (Ownership.PERSONAL, Ownership.CONTRACTOR, Ownership.CORPORATE)

#: A fact as it is written down, and when it was said.
Fact = tuple[str, Instant]


@dataclass(frozen=True, slots=True)
class Claims:
    """What one source says. ``since``, ``until``: the device's enrolment with it, ``until`` None while it lasts; ``seen``: the
    last day on which it saw the device."""

    voice: Voice
    since: Instant
    until: Instant | None
    said: Mapping[str, Fact] = field(default_factory=dict)
    seen: int = 0

    @property
    def here(self) -> bool:
        return self.until is None


@dataclass(frozen=True, slots=True)
class Settled:
    """What counts. None: nobody says. ``logins``: whose it is said to be, the most trusted first; '' = nobody's."""

    logins: tuple[str, ...]
    platform: Platform | None
    model: str | None
    ownership: Ownership | None
    enrollment: Enrollment | None
    reads_mail: bool | None


@dataclass(frozen=True, slots=True)
class Difference:
    """Sources do not say the same: ``said`` has each one's word; ``counts``: which of them does."""

    fact: str
    said: tuple[tuple[str, str], ...]
    counts: str


def hear(before: Claims | None, mention: Mention, voice: Voice, now: Instant) -> Claims:
    """The source's claims after this mention."""
    at = now if mention.seen_at is None else mention.seen_at
    if before is None:
        since, until, said, seen = at, None if mention.enrolled else at, dict[str, Fact](), 0
    else:
        (since, until), said, seen = _stays(before, mention.enrolled, at), dict(before.said), before.seen
    for name, value in _words(mention):
        if mention.said_at is not None:
            _keep(said, name, (value, mention.said_at))
        elif name not in said or (said[name][0] != value and said[name][1] <= now):
            said[name] = (value, now)
    if mention.managed is not None and mention.enrollment is None:
        _keep(said, "enrollment", (mention.managed.value, 0))
    return Claims(voice, since, until, said, max(seen, (mention.seen_at or 0) // DAY))


def together(one: Claims, other: Claims) -> Claims:
    """What a source said of two devices that are one."""
    said = dict(one.said)
    for name, fact in other.said.items():
        _keep(said, name, fact)
    ends = [claims.until for claims in (one, other) if claims.until is not None]
    until = max(ends) if len(ends) == 2 else None  # both
    since = min(claims.since for claims in (one, other) if until is not None or claims.here)
    return Claims(max(one.voice, other.voice), since, until, said, max(one.seen, other.seen))


def settled(claims: Mapping[str, Claims]) -> Settled:
    """What counts of all that the sources say of a device."""
    found = {name: _ranked(claims, name) for name in FACTS}
    first = {name: facts[0][1] if facts else None for name, facts in found.items()}
    ownerships = {Ownership(value) for _, value in _of_those_here(claims, found["ownership"])}
    return Settled(
        logins=tuple(dict.fromkeys(sorted((value for _, value in found["login"]), key=lambda login: login == ""))),
        platform=None if first["platform"] is None else Platform(first["platform"]),
        model=first["model"],
        ownership=next((one for one in _CAREFUL if one in ownerships), None),
        enrollment=None if first["enrollment"] is None else Enrollment(first["enrollment"]),
        reads_mail=any(value == "yes" for _, value in found["reads_mail"]) if found["reads_mail"] else None,
    )


def enrollment_of(counts: Settled, before: Enrollment, *, reads_mail: bool) -> Enrollment:
    """What nobody says of how a device is managed stays as it was. One that nobody manages and that reads mail is known to the
    mail server, whoever spoke of it first."""
    if counts.enrollment is not None:
        return counts.enrollment
    return Enrollment.EAS if before is Enrollment.NONE and reads_mail else before


def differences(claims: Mapping[str, Claims]) -> Iterator[Difference]:
    """Where the sources that know the device do not say the same. How it is managed differs by who manages it, and what a model
    is called by who calls it: neither is a contradiction."""
    counts = settled(claims)
    effective = {
        "login": counts.logins[0] if counts.logins else "",
        "platform": counts.platform or "",
        "ownership": counts.ownership or "",
    }
    for name, value in effective.items():
        said = _of_those_here(claims, _ranked(claims, name))
        if len({word for _, word in said}) > 1:
            yield Difference(name, tuple(sorted(said)), str(value))


def to_text(claims: Claims) -> str:
    facts = {name: list(fact) for name, fact in sorted(claims.said.items())}
    return json.dumps({"voice": int(claims.voice), "seen": claims.seen, **facts}, separators=(",", ":"))


def from_text(text: str, since: Instant, until: Instant | None) -> Claims:
    plain = json.loads(text)
    voice, seen = Voice(plain.pop("voice")), int(plain.pop("seen"))
    return Claims(voice, since, until, {name: (str(value), int(at)) for name, (value, at) in plain.items()}, seen)


def _stays(before: Claims, enrolled: bool | None, at: Instant) -> tuple[Instant, Instant | None]:
    """The enrolment after it was said at ``at``."""
    if enrolled and before.until is not None and before.until < at:
        return at, None
    if enrolled is False and before.until is None and before.since <= at:
        return before.since, at
    return before.since, before.until


def voiced(mention: Mention) -> bool:
    """Whether it says anything of what the device is."""
    return mention.managed is not None or any(True for _ in _words(mention))


def _words(mention: Mention) -> Iterator[tuple[str, str]]:
    for name in FACTS:
        value = getattr(mention, name)
        if value is not None:
            yield name, ("yes" if value else "no") if isinstance(value, bool) else str(value)


def _keep(said: dict[str, Fact], name: str, fact: Fact) -> None:
    """The later of the two; of two at once the greater, so that it does not matter which came first."""
    before = said.get(name)
    if before is None or (fact[1], fact[0]) > (before[1], before[0]):
        said[name] = fact


def _ranked(claims: Mapping[str, Claims], name: str) -> list[tuple[str, str]]:
    """(source, what it says) of all who say anything, the most trusted first."""
    if len(claims) == 1:  # nearly every device is one source's
        ((source, only),) = claims.items()
        return [(source, only.said[name][0])] if name in only.said else []
    order = _WHOSE if name == "login" else _WHAT
    found = [(one.here, order[one.voice], one.seen, source) for source, one in claims.items() if name in one.said]
    return [(source, claims[source].said[name][0]) for _, _, _, source in sorted(found, reverse=True)]


def _of_those_here(claims: Mapping[str, Claims], said: Iterable[tuple[str, str]]) -> list[tuple[str, str]]:
    """Those that the device is enrolled with; all of them if it is with none."""
    every = list(said)
    return [one for one in every if claims[one[0]].here] or every
