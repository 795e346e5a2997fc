"""What is known of apps as dated facts: products with their ids, owners and markets, companies, and lists others published.

Keeps to itself which facts may carry a denial (``Confidence.verified``, ``AppFact.app``), who owns a product on a day in
a country (``Product.owners``), and when two names are the same name (``folded``). Ids are never folded.
"""

import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from functools import lru_cache

from countermand.core.apps import App
from countermand.core.devices import Platform

#: A holder of at least this share owns; a smaller one is a fact to show, not an owner.
CONTROL = 0.5


class Confidence(StrEnum):
    """How well a fact is attested. Only verified facts select apps; the others are shown and left out."""

    HIGH = "high"
    MEDIUM = "medium"
    SEEN = "seen"  # read in the source named beside it
    LOW = "low"
    MEMORY = "memory"

    @property
    def verified(self) -> bool:
        return self not in (Confidence.LOW, Confidence.MEMORY)


class IdKind(StrEnum):
    BUNDLE = "bundle"
    PACKAGE = "package"
    STORE = "store"  # a number in a store's address: no device reports it


@dataclass(frozen=True, slots=True)
class AppFact:
    """One id of a product. ``platform`` is wider than ours (windows, harmonyos), because facts are kept as found."""

    platform: str
    kind: IdKind
    id: str
    name: str
    edition: str
    preloaded: bool  # comes with the phone: its owner may be unable to remove it
    confidence: Confidence
    source: str
    note: str

    @property
    def app(self) -> App | None:
        """The id as a device reports it: a bundle on iOS or a package on Android; None for every other kind of id."""
        match self.platform, self.kind:
            case Platform.IOS.value, IdKind.BUNDLE:
                return App(Platform.IOS, self.id)
            case Platform.ANDROID.value, IdKind.PACKAGE:
                return App(Platform.ANDROID, self.id)
        return None


@dataclass(frozen=True, slots=True)
class Company:
    """``countries``: ISO 3166-1 alpha-2, more than one where it sits in several; () = not known."""

    name: str
    aliases: tuple[str, ...]
    countries: tuple[str, ...]
    source: str


@dataclass(frozen=True, slots=True)
class Holding:
    """``market`` None = wherever no other row speaks for the country. Dates are days; ``valid_to`` is the first day it no
    longer holds. ``share`` None = the whole, or control."""

    owner: str
    market: str | None
    valid_from: date | None
    valid_to: date | None
    share: float | None
    confidence: Confidence
    source: str

    @property
    def controls(self) -> bool:
        return self.share is None or self.share >= CONTROL

    def holds(self, on: date) -> bool:
        return (self.valid_from is None or self.valid_from <= on) and (self.valid_to is None or on < self.valid_to)


@dataclass(frozen=True, slots=True)
class Market:
    """A country where the product was withdrawn by its maker (``exited``) or forbidden by law (``blocked``)."""

    country: str
    what: str
    since: date | None
    until: date | None
    source: str


@dataclass(frozen=True, slots=True)
class Product:
    """``confidence`` is that of who makes it (publishers); each id and each ownership has its own."""

    name: str
    aliases: tuple[str, ...]
    categories: tuple[str, ...]
    publishers: tuple[str, ...]
    ids: tuple[AppFact, ...]
    ownerships: tuple[Holding, ...]
    markets: tuple[Market, ...]
    confidence: Confidence
    source: str
    note: str

    @property
    def special_markets(self) -> frozenset[str]:
        """The countries for which ownership is recorded apart."""
        return frozenset(row.market for row in self.ownerships if row.market is not None)

    def owners(self, on: date, market: str | None) -> tuple[Holding, ...]:
        """Who controls it on that day in that country: the country's own rows if it has any then, else the general ones."""
        rows = [row for row in self.ownerships if row.controls and row.holds(on)]
        local = tuple(row for row in rows if row.market == market)
        return local or tuple(row for row in rows if row.market is None)


class MemberKind(StrEnum):
    PRODUCT = "product"
    COMPANY = "company"  # every product it owns
    CLASS = "class"  # described in words; selects nothing by itself


@dataclass(frozen=True, slots=True)
class Member:
    """One line of a published list. ``as_of``: the day the list is known to have held it; ``wording``: the list's own."""

    as_of: date
    kind: MemberKind
    name: str
    wording: str
    confidence: Confidence
    source: str


@dataclass(frozen=True, slots=True)
class NamedList:
    """A list that somebody published. Nothing is known of it before its first ``as_of``."""

    id: str
    name: str
    issuer: str
    members: tuple[Member, ...]

    @property
    def first_known(self) -> date:
        return min(member.as_of for member in self.members)

    def members_on(self, on: date) -> tuple[Member, ...]:
        """The lines known by that day; before the first known edition, that edition."""
        day = max(on, self.first_known)
        return tuple(member for member in self.members if member.as_of <= day)


@lru_cache(maxsize=4096)
def folded(name: str) -> str:
    """The form in which names are compared: compatibility forms, case, spacing and invisible marks make no difference."""
    seen = "".join(char for char in unicodedata.normalize("NFKC", name) if unicodedata.category(char) != "Cf")
    return " ".join(seen.casefold().split())


def known_as(name: str, names: Iterable[str]) -> bool:
    """True if ``name`` is, whole, one of ``names``."""
    return folded(name) in {folded(other) for other in names}
