"""A document that core.schema found well formed → Directive, with the defaults of what it leaves unsaid."""

from collections.abc import Mapping
from typing import Any

from countermand.core import forms
from countermand.core.coverage import Grade
from countermand.core.devices import Ownership, Platform
from countermand.core.directive import (
    AppliesTo,
    Audience,
    ComplyBy,
    Consequence,
    Directive,
    Due,
    Evidence,
    Exemptions,
    Force,
    GateRules,
    Ground,
    OnUnknown,
    People,
    Ring,
    Rollout,
    Selector,
    Stage,
    StageKind,
)
from countermand.core.instants import DAY, HOUR
from countermand.core.notices import Kind

MINIMUM_NOTICE = 72 * HOUR
MAX_AGE = 7 * DAY
MAX_STALENESS = 24 * HOUR
WORDS = "default"

Plain = Mapping[str, Any]


def build(plain: Plain) -> Directive:
    """The values that a well-formed document means. Of any other document the outcome is undefined."""
    return Directive(
        id=plain["id"],
        title=plain["title"],
        issuer=plain["issuer"],
        reason=plain["reason"],
        prohibits=tuple(_selector(item) for item in plain.get("prohibits", ())),
        conduct=plain.get("conduct"),
        applies_to=_applies_to(plain.get("applies_to", {})),
        audience=Audience(plain.get("audience", Audience.IN_SCOPE)),
        consequence=Consequence(plain["consequence"]),
        due=_due(plain["due"]) if "due" in plain else None,
        minimum_notice=_span(plain, "minimum_notice", MINIMUM_NOTICE),
        stages=tuple(_stage(item) for item in plain.get("stages", ())),
        reminders=tuple(forms.duration(item) for item in plain.get("reminders", ())),
        comply_by=frozenset(ComplyBy(item) for item in plain.get("comply_by", (ComplyBy.REMOVE_APP,))),
        evidence=_evidence(plain.get("evidence", {}), conduct="conduct" in plain),
        exemptions=_exemptions(plain.get("exemptions", {})),
        rollout=_rollout(plain.get("rollout")),
        gate=_gate(plain.get("gate", {})),
        sunset=forms.day(plain["sunset"]) if "sunset" in plain else None,
        grounds=tuple(_ground(item) for item in plain.get("grounds", ())),
        vendor={key: plain.get("vendor", {}).get(key) for key in ("contacted", "statement")},
        public_text={key: plain.get("public_text", {}).get(key) for key in ("issued", "rescinded")},
        notices={kind.value: plain.get("notices", {}).get(kind.value, WORDS) for kind in Kind},
        source=plain,
    )


def _span(plain: Plain, key: str, default: int) -> int:
    return forms.duration(plain[key]) if key in plain else default


def _selector(plain: Plain) -> Selector:
    named = {key: value for key, value in plain.items() if key != "except"}
    return Selector(**named, except_=tuple(_selector(item) for item in plain.get("except", ())))


def _applies_to(plain: Plain) -> AppliesTo:
    people, devices = plain.get("people", {}), plain.get("devices", {})
    force = plain.get("force", dict.fromkeys(Ownership, Force.MANDATORY))
    return AppliesTo(
        people=People(
            groups=frozenset(people.get("groups", ())),
            countries=frozenset(people.get("countries", ())),
            except_groups=frozenset(people.get("except_groups", ())),
        ),
        platforms=frozenset(Platform(name) for name in devices.get("platforms", Platform)),
        reads_mail=devices.get("reads_mail", True),
        unregistered=OnUnknown(devices.get("unregistered", OnUnknown.ALLOW)),
        force={ownership: Force(force[ownership]) for ownership in Ownership},
        network=plain.get("network", False),
    )


def _due(plain: Plain) -> Due:
    """A zone that is not each person's own also stands for people without one, unless another is named."""
    zone = plain.get("zone", forms.RECIPIENT)
    return Due(
        at=forms.local_time(plain["at"]) if "at" in plain else None,
        after=forms.duration(plain["after"]) if "after" in plain else None,
        zone=zone,
        fallback_zone=plain.get("fallback_zone", "UTC" if zone == forms.RECIPIENT else zone),
    )


def _stage(plain: Plain) -> Stage:
    return Stage(StageKind(plain["what"]), forms.day(plain["due"]) if "due" in plain else None)


def _evidence(plain: Plain, conduct: bool) -> Evidence:
    """What people do, only people can state: a conduct rule is proven by attestation alone."""
    usual = {
        Ownership.CORPORATE: Grade.ATTESTED if conduct else Grade.INVENTORY,
        Ownership.PERSONAL: Grade.ATTESTED,
        Ownership.CONTRACTOR: Grade.ATTESTED,
    }
    said = {Ownership(key): Grade[word.upper()] for key, word in plain.get("minimum_grade", {}).items()}
    return Evidence(
        max_age=_span(plain, "max_age", MAX_AGE),
        minimum_grade={**usual, **said},
        unknown=OnUnknown(plain.get("unknown", OnUnknown.ALLOW)),
    )


def _exemptions(plain: Plain) -> Exemptions:
    return Exemptions(
        grounds=tuple(plain.get("grounds", ())),
        max_duration=forms.duration(plain["max_duration"]) if "max_duration" in plain else None,
    )


def _rollout(plain: Plain | None) -> Rollout:
    if plain is None:
        return Rollout()
    rings = tuple(Ring(forms.share(ring["share"]), _span(ring, "hold", 0)) for ring in plain["rings"])
    halt_if = plain.get("halt_if")
    return Rollout(rings, forms.share(halt_if["denied_share"]) if halt_if else None)


def _gate(plain: Plain) -> GateRules:
    return GateRules(
        max_staleness=_span(plain, "max_staleness", MAX_STALENESS),
        on_stale=OnUnknown(plain.get("on_stale", OnUnknown.ALLOW)),
    )


def _ground(plain: Plain) -> Ground:
    return Ground(plain["claim"], plain.get("source"), forms.day(plain["as_of"]) if "as_of" in plain else None)
