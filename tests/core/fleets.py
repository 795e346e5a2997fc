"""From the oracle's plain values to the product's: numbered apps and coverages, sets, blocks; and the rules under test.

``Rules`` names every function that the laws try, so that the same laws can be run against a changed copy of a module.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from oracle import Order, Owner, Phone, Sources, Version
from pyroaring import BitMap
from strategies import ANDROID, COVERAGES, IOS, World

from countermand.core import facts, lapse, presence, verdict
from countermand.core.apps import App
from countermand.core.coverage import Coverage, Look, Report
from countermand.core.devices import Platform
from countermand.core.facts import Block, Known
from countermand.core.presence import Presence
from countermand.core.terms import Contacts, Lineage, Terms
from countermand.core.timeline import Timeline, denied_at, timeline, unregistered

NUMBER: dict[App, int] = {app: number for number, app in enumerate(IOS + ANDROID, start=1)}
_ALONE = (Coverage(frozenset({app})) for app in IOS + ANDROID)
COVERAGE: dict[Coverage, int] = {coverage: n for n, coverage in enumerate(dict.fromkeys((*COVERAGES, *_ALONE)), start=10)}


@dataclass(frozen=True)
class Rules:
    """The functions under test, from the product or from a mutant of it. Reasons and statuses are compared as texts."""

    fold: Callable[..., Presence] = presence.fold
    forget: Callable[..., Presence] = presence.forget
    concise: Callable[..., Presence] = presence.concise
    judge: Callable[..., Any] = verdict.judge
    status: Callable[[str], Any] = verdict.Status
    timeline: Callable[..., Timeline] = timeline
    unregistered: Callable[..., Timeline] = unregistered
    denied_at: Callable[..., BitMap] = denied_at
    lapsing: Callable[..., BitMap] = lapse.lapsing
    is_healthy: Callable[..., bool] = lapse.is_healthy
    contacts: Callable[..., Contacts] = Contacts


RULES = Rules()


def terms_of(version: Version) -> Terms:
    named: dict[Platform, frozenset[App]] = {
        platform: frozenset(app for app in version.apps if app.platform is platform)
        for platform in version.directive.applies_to.platforms
    }
    return Terms(
        row=version.number,
        version=version.number,
        directive=version.directive,
        apps={platform: frozenset(NUMBER[app] for app in apps) for platform, apps in named.items()},
        covering={p: frozenset(n for coverage, n in COVERAGE.items() if coverage.includes(apps)) for p, apps in named.items()},
        last_due=version.last_due,
    )


def lineage_of(order: Order) -> Lineage:
    return Lineage(order.id, tuple(terms_of(version) for version in order.versions), order.not_before, order.rings_opened)


def contacts_of(sources: Sources, rules: Rules = RULES) -> Contacts:
    return rules.contacts(sources.contact)


def presence_of(reports: Iterable[Report], rules: Rules = RULES) -> Presence:
    return rules.fold(Presence(), reports)


def known_of(phone: Phone, rules: Rules = RULES) -> Known:
    found, owner = presence_of(phone.reports, rules), phone.owner
    return Known(
        device=phone.device,
        person=owner.person if owner else None,
        groups=frozenset(owner.groups if owner else ()),
        present=frozenset(NUMBER[app] for app in found.apps),
        looked={Look(source, grade, COVERAGE[coverage]): at for (source, grade, coverage), at in found.looked.items()},
        told=frozenset(owner.told if owner else ()),
        exempt=frozenset(phone.exempt + (owner.exempt if owner else ())),
        rings=_rings(owner),
        protected=bool(owner and owner.protected),
        mail_removed=phone.mail_removed,
    )


def _rings(owner: Owner | None) -> frozenset[tuple[str, int]]:
    return frozenset({("no-tiktok", owner.ring)} if owner and owner.ring is not None else ())


def names_of(phone: Phone, rules: Rules = RULES) -> frozenset[str]:
    """Every set that a phone is in, the written ones too."""
    return facts.names(known_of(phone, rules)) | {facts.lapsed(number) for number in phone.lapsed}


def block_of(phones: Sequence[Phone], rules: Rules = RULES) -> Block:
    return facts.block_of(0, {offset: names_of(phone, rules) for offset, phone in enumerate(phones)})


def people_of(phones: Sequence[Phone]) -> Block:
    """The owners of these phones as a block of people, each under the offset of the phone."""
    owners = {offset: phone.owner for offset, phone in enumerate(phones) if phone.owner}
    return facts.block_of(
        0,
        {
            offset: facts.person_names(
                o.person, frozenset(o.groups), frozenset(o.told), _rings(o), frozenset(o.exempt), o.protected
            )
            for offset, o in owners.items()
        },
    )


def reasons(world: World, block: Block, rules: Rules = RULES) -> dict[int, str]:
    """Offset → reason; a device with two reasons or none is no answer at all."""
    found: dict[int, str] = {}
    verdicts = rules.judge(block, lineage_of(world.order), contacts_of(world.sources, rules), world.now)
    for reason, devices in verdicts.by_reason.items():
        for offset in devices:
            assert offset not in found, f"two reasons for {offset}"
            found[offset] = reason.value
    return found
