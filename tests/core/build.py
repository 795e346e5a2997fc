"""Builders for the rules' tests: a directive, a lineage, and devices said in one line each."""

from dataclasses import replace
from datetime import datetime
from typing import Any

from countermand.core import facts
from countermand.core.coverage import Grade, Look
from countermand.core.devices import Device, Enrollment, Identity, IdentityKind, Ownership, Platform
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
    OnUnknown,
    People,
    Rollout,
    Selector,
)
from countermand.core.facts import Block, Known
from countermand.core.instants import DAY, HOUR, Instant, from_iso
from countermand.core.people import Person
from countermand.core.terms import Contacts, Lineage, Terms

NOW: Instant = from_iso("2020-07-20T12:00:00Z")
DUE: Instant = from_iso("2020-07-18T00:00:00Z")
TIKTOK, TRILL = 1, 2  # store's numbers of two iOS apps
FULL, NAMED = 10, 11  # coverages: everything; the named ids alone
NARROW = 12  # a coverage that does not include the apps


def directive(**changes: Any) -> Directive:
    base = Directive(
        id="no-tiktok",
        title="Remove TikTok",
        issuer="Security",
        reason="Security risks.",
        prohibits=(Selector(product="TikTok"),),
        conduct=None,
        applies_to=AppliesTo(),
        audience=Audience.IN_SCOPE,
        consequence=Consequence.DENY_MAIL,
        due=Due(at=datetime(2020, 7, 17, 17)),  # noqa: DTZ001  # a wall-clock time
        minimum_notice=72 * HOUR,
        stages=(),
        reminders=(),
        comply_by=frozenset({ComplyBy.REMOVE_APP}),
        evidence=Evidence(
            7 * DAY,
            {
                Ownership.CORPORATE: Grade.INVENTORY,
                Ownership.PERSONAL: Grade.ATTESTED,
                Ownership.CONTRACTOR: Grade.ATTESTED,
            },
        ),
        exemptions=Exemptions(),
        rollout=Rollout(),
        gate=GateRules(24 * HOUR),
        sunset=None,
        grounds=(),
        vendor={},
        public_text={},
        notices={},
        source={},
    )
    return replace(base, **changes)


def terms(number: int = 1, apps: frozenset[int] = frozenset({TIKTOK}), last_due: Instant | None = DUE, **changes: Any) -> Terms:
    return Terms(
        row=number,
        version=number,
        directive=directive(**changes),
        apps={Platform.IOS: apps, Platform.ANDROID: frozenset({100 + app for app in apps})},
        covering={Platform.IOS: frozenset({FULL, NAMED}), Platform.ANDROID: frozenset({FULL, NAMED})},
        last_due=last_due,
    )


def lineage(*versions: Terms, **changes: Any) -> Lineage:
    return replace(Lineage("no-tiktok", versions or (terms(),)), **changes)


def applies(**changes: Any) -> AppliesTo:
    return replace(AppliesTo(), **changes)


def forces(**force: Force) -> dict[Ownership, Force]:
    return {ownership: force.get(ownership.value, Force.MANDATORY) for ownership in Ownership}


def phone(**changes: Any) -> Device:
    base = Device(
        identities=frozenset({Identity(IdentityKind.EAS, "ApplF17")}),
        login="alice",
        platform=Platform.IOS,
        ownership=Ownership.CORPORATE,
        enrollment=Enrollment.SUPERVISED,
        reads_mail=True,
    )
    return replace(base, **changes)


ALICE = Person("alice", "alice@example.org", "Alice", "America/Los_Angeles", "en", "US")


def known(device: Device | None = None, **changes: Any) -> Known:
    return replace(Known(device or phone(), ALICE), **changes)


def look(grade: Grade = Grade.INVENTORY, coverage: int = FULL, source: str = "mdm") -> Look:
    return Look(source, grade, coverage)


def block(*devices: Known, number: int = 0) -> Block:
    return facts.block_of(number, {offset: facts.names(found) for offset, found in enumerate(devices)})


def contacts(at: Instant = NOW) -> Contacts:
    return Contacts({"mdm": at})


EVERYONE = People()
DENY = OnUnknown.DENY
