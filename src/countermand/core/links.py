"""Links: devices of one person that may be one phone, known to the mail server by one name and to a manager by another.

A hint for a person who looks, and never more: nothing here joins anything.
"""

import re
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from enum import IntEnum

from countermand.core.devices import Identity, IdentityKind, Platform
from countermand.core.instants import DAY, Instant

#: Seen by both within so many days, it may be one phone.
NEAR = 14
_KNOWN_TO_MAIL = frozenset({IdentityKind.EAS})
#: ``iPhone14,7``, which mail servers write ``iPhone14C7``.
_CODE = re.compile(r"(iphone|ipad|ipod)(\d+)[,c](\d+)", re.IGNORECASE)


class Likely(IntEnum):
    POSSIBLE = 1
    LIKELY = 2


@dataclass(frozen=True, slots=True)
class Candidate:
    """A device of somebody's, or a name that was seen at a gate with their login (``ordinal`` None). ``seen``: when last."""

    ordinal: int | None
    login: str
    names: tuple[Identity, ...]
    platform: Platform | None
    model: str
    seen: Instant | None

    @property
    def mail_only(self) -> bool:
        return bool(self.names) and all(one.kind in _KNOWN_TO_MAIL for one in self.names)

    @property
    def has_mail_name(self) -> bool:
        return any(one.kind in _KNOWN_TO_MAIL for one in self.names)


@dataclass(frozen=True, slots=True)
class Link:
    """``mail`` may be ``managed``; ``why`` in words, the strongest first."""

    mail: Candidate
    managed: Candidate
    likely: Likely
    why: tuple[str, ...]


def suggest(candidates: Collection[Candidate]) -> list[Link]:
    """What may be one phone, of the candidates of one person, the likeliest first."""
    mail = [one for one in candidates if one.mail_only]
    managed = [one for one in candidates if one.ordinal is not None and not one.mail_only and not one.has_mail_name]
    found = [link for one in mail for other in managed if (link := _link(one, other))]
    alone = len(mail) == len(managed) == 1
    return sorted((_weighed(link, alone=alone) for link in found), key=lambda link: (-link.likely, link.managed.ordinal or 0))


def _link(mail: Candidate, managed: Candidate) -> Link | None:
    if mail.platform and managed.platform and mail.platform is not managed.platform:
        return None
    model = _same_model(mail.model, managed.model)
    if model is False:
        return None
    why = [f"the same model, {managed.model}"] if model else []
    near = _near(mail.seen, managed.seen)
    if near is False:
        return None
    if near:
        why.append(f"both seen within {NEAR} days")
    return Link(mail, managed, Likely.POSSIBLE, tuple(why))


def _weighed(link: Link, *, alone: bool) -> Link:
    why = (*link.why, "the only two of this person that could be") if alone else link.why
    strong = alone and len(link.why) > 1
    return Link(link.mail, link.managed, Likely.LIKELY if strong else Likely.POSSIBLE, why or ("of one person",))


def _same_model(one: str, other: str) -> bool | None:
    """None if it cannot be told: systems write a model's code, or what it is called in shops."""
    codes = [_CODE.fullmatch("".join(text.split())) for text in (one, other)]
    if codes[0] and codes[1]:
        return [part.lower() for part in codes[0].groups()] == [part.lower() for part in codes[1].groups()]
    if one and one.casefold() == other.casefold():
        return True
    return None


def _near(one: Instant | None, other: Instant | None) -> bool | None:
    return None if one is None or other is None else abs(one - other) <= NEAR * DAY


def of_each(candidates: Sequence[Candidate]) -> Iterator[Link]:
    """The suggestions of each person, by login."""
    by_login: dict[str, list[Candidate]] = {}
    for one in candidates:
        by_login.setdefault(one.login, []).append(one)
    for login in sorted(by_login):
        yield from suggest(by_login[login])
