"""The directive document as values (DESIGN §4): what was ordered, in the words the rules read.

Spans of time are whole milliseconds. Reading a text into these values is core.schema's work.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum
from typing import Any

from countermand.core.coverage import Grade
from countermand.core.devices import Ownership, Platform
from countermand.core.doubt import OnUnknown as OnUnknown


class Force(StrEnum):
    MANDATORY = "mandatory"
    RECOMMENDATION = "recommendation"
    OUT_OF_SCOPE = "out_of_scope"


class Consequence(StrEnum):
    DENY_MAIL = "deny_mail"
    HAND_OVER = "hand_over"
    REPORT_ONLY = "report_only"


class Audience(StrEnum):
    IN_SCOPE = "in_scope"
    AFFECTED = "affected"


class ComplyBy(StrEnum):
    REMOVE_APP = "remove_app"
    REMOVE_MAIL = "remove_mail"


@dataclass(frozen=True, slots=True)
class Selector:
    """How a directive names apps. Keys that are set intersect; ``except_`` selectors are taken away."""

    app: str | None = None  # "ios:com.example" or an id alone, on every platform that has it
    product: str | None = None
    publisher: str | None = None
    owner: str | None = None
    category: str | None = None
    owner_country: str | None = None
    list: str | None = None
    except_: tuple["Selector", ...] = ()


@dataclass(frozen=True, slots=True)
class People:
    """Whom it speaks to; empty groups and countries mean everyone."""

    groups: frozenset[str] = frozenset()
    countries: frozenset[str] = frozenset()
    except_groups: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class AppliesTo:
    people: People = People()
    platforms: frozenset[Platform] = frozenset(Platform)
    reads_mail: bool = True
    unregistered: OnUnknown = OnUnknown.ALLOW
    force: Mapping[Ownership, Force] = field(default_factory=lambda: dict.fromkeys(Ownership, Force.MANDATORY))
    network: bool = False


@dataclass(frozen=True, slots=True)
class Due:
    """``at``: a local wall-clock time in ``zone`` ('recipient' = each person's own); or ``after`` the issue."""

    at: datetime | None = None  # naive
    after: int | None = None
    zone: str = "recipient"
    fallback_zone: str = "UTC"


class StageKind(StrEnum):
    IDENTIFY = "identify"
    REPORT = "report"
    DECIDE = "decide"
    PLAN = "plan"
    BEGIN = "begin"
    REMOVE = "remove"


@dataclass(frozen=True, slots=True)
class Stage:
    """A tracked step that never denies; without ``due`` it is 'as soon as practicable'."""

    what: StageKind
    due: date | None = None


@dataclass(frozen=True, slots=True)
class Evidence:
    max_age: int
    minimum_grade: Mapping[Ownership, Grade]
    unknown: OnUnknown = OnUnknown.ALLOW


@dataclass(frozen=True, slots=True)
class Exemptions:
    grounds: tuple[str, ...] = ()
    max_duration: int | None = None


@dataclass(frozen=True, slots=True)
class Ring:
    """``share`` of the people, cumulative, 0 < share <= 1; ``hold``: how long before the next ring may open."""

    share: float
    hold: int = 0


@dataclass(frozen=True, slots=True)
class Rollout:
    rings: tuple[Ring, ...] = (Ring(1.0),)
    halt_if_denied_share: float | None = None


@dataclass(frozen=True, slots=True)
class GateRules:
    max_staleness: int
    on_stale: OnUnknown = OnUnknown.ALLOW


@dataclass(frozen=True, slots=True)
class Ground:
    claim: str
    source: str | None = None
    as_of: date | None = None


@dataclass(frozen=True, slots=True)
class Directive:
    """One exact text of an order. ``id`` names the lineage; ``source`` is the plain document it was read from;
    ``notices``: by kind, 'default', one text for everybody, or texts by language."""

    id: str
    title: str
    issuer: str
    reason: str
    prohibits: tuple[Selector, ...]
    conduct: str | None
    applies_to: AppliesTo
    audience: Audience
    consequence: Consequence
    due: Due | None
    minimum_notice: int
    stages: tuple[Stage, ...]
    reminders: tuple[int, ...]
    comply_by: frozenset[ComplyBy]
    evidence: Evidence
    exemptions: Exemptions
    rollout: Rollout
    gate: GateRules
    sunset: date | None
    grounds: tuple[Ground, ...]
    vendor: Mapping[str, str | None]
    public_text: Mapping[str, str | None]
    notices: Mapping[str, str | Mapping[str, str]]
    source: Mapping[str, Any]

    @property
    def denies(self) -> bool:
        return self.consequence is Consequence.DENY_MAIL

    @property
    def fallback_zone(self) -> str:
        return self.due.fallback_zone if self.due else "UTC"
