"""The oracle: the rules of DESIGN §3 and §5 once more, as slowly and plainly as they can be said.

Written from the text alone, one device at a time, over the raw list of reports. It shares values with the product and no
rule: nothing of facts, presence, verdict, timeline, lapse or decision is read here. Where the product and this file
disagree, one of them is wrong.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from countermand.core.apps import App
from countermand.core.coverage import Grade, Report
from countermand.core.devices import Device, Enrollment, Ownership, Platform
from countermand.core.directive import ComplyBy, Consequence, Directive, Force, OnUnknown
from countermand.core.instants import DAY, HOUR, Instant
from countermand.core.people import Person


@dataclass(frozen=True)
class Version:
    """One issued text; ``apps`` are its expanded ids. ``last_due``: its due in the last zone on earth."""

    number: int
    directive: Directive
    apps: tuple[App, ...]
    last_due: Instant | None


@dataclass(frozen=True)
class Order:
    """A lineage, oldest version first. ``rings_opened[k]``: when ring k opened."""

    id: str
    versions: tuple[Version, ...]
    not_before: Instant = 0
    rings_opened: tuple[Instant, ...] = (0,)


@dataclass(frozen=True)
class Owner:
    """``told``: (version, due). ``ring``: the ring a draw put this person in, None if in none of the early ones."""

    person: Person
    groups: tuple[str, ...] = ()
    told: tuple[tuple[int, Instant], ...] = ()
    exempt: tuple[tuple[str, Instant], ...] = ()
    ring: int | None = None
    protected: bool = False


@dataclass(frozen=True)
class Phone:
    """``lapsed``: the versions under which the sweep wrote this phone down as lapsed. ``exempt``: the phone's own."""

    device: Device
    owner: Owner | None = None
    reports: tuple[Report, ...] = ()
    exempt: tuple[tuple[str, Instant], ...] = ()
    mail_removed: bool = False
    lapsed: tuple[int, ...] = ()


@dataclass(frozen=True)
class Sources:
    """``contact``: last complete healthy contact; ``interval``: how often it should come."""

    contact: Mapping[str, Instant] = field(default_factory=dict)
    interval: Mapping[str, int] = field(default_factory=dict)


# -- presence --


def by_machine(report: Report) -> bool:
    return report.grade in (Grade.INVENTORY, Grade.PREVENTED)


def could_show(report: Report, app: App) -> bool:
    return report.coverage.apps is None or app in report.coverage.apps


def is_present(reports: tuple[Report, ...], app: App) -> bool:
    """Some machine showed it, and no later machine observation whose coverage includes it lacked it."""
    for shown in reports:
        if not by_machine(shown) or app not in shown.present:
            continue
        contradicted = False
        for other in reports:
            later = other.observed_at > shown.observed_at
            if by_machine(other) and later and could_show(other, app) and app not in other.present:
                contradicted = True
        if not contradicted:
            return True
    return False


def apps_on(reports: tuple[Report, ...]) -> list[App]:
    found: list[App] = []
    for report in reports:
        for app in report.present:
            if app not in found and is_present(reports, app):
                found.append(app)
    return found


# -- evidence of absence --

#: The most that can be learnt of an app on a phone managed this way (the truth table of what can be seen and prevented).
SEEN_AT_BEST = {
    Enrollment.SUPERVISED: Grade.PREVENTED,  # seen, and kept from starting
    Enrollment.DEVICE: Grade.INVENTORY,  # seen
    Enrollment.USER: Grade.ATTESTED,  # managed apps only: the owner's word remains
    Enrollment.COPE: Grade.PREVENTED,  # prevented blindly
    Enrollment.EAS: Grade.ATTESTED,
    Enrollment.NONE: Grade.ATTESTED,
}


def ids_on(version: Version, platform: Platform) -> list[App]:
    return [app for app in version.apps if app.platform is platform and platform in version.directive.applies_to.platforms]


def is_evidence(report: Report, phone: Phone, version: Version) -> bool:
    """Of at least the grade asked for, and it could have shown every expanded id of the phone's platform."""
    wanted = ids_on(version, phone.device.platform)
    if not wanted:
        return False
    for app in wanted:
        if not could_show(report, app):
            return False
    return report.grade >= version.directive.evidence.minimum_grade[phone.device.ownership]


def is_fresh(report: Report, version: Version, sources: Sources, now: Instant) -> bool:
    """Not older than asked, counted to the source's last contact, and from the end of the hour or day it fell in."""
    limit = version.directive.evidence.max_age
    width = HOUR if limit <= 48 * HOUR else DAY
    end_of_bucket = report.observed_at - report.observed_at % width + width - 1
    counted_to = now
    if report.source in sources.contact and sources.contact[report.source] < now:
        counted_to = sources.contact[report.source]
    return counted_to - end_of_bucket <= limit


# -- the verdict --


def speaks_to_person(owner: Owner | None, directive: Directive) -> bool:
    groups = owner.groups if owner else ()
    country = owner.person.country if owner else ""
    people = directive.applies_to.people
    if people.groups and not any(group in people.groups for group in groups):
        return False
    if people.countries and country not in people.countries:
        return False
    return not any(group in people.except_groups for group in groups)


def speaks_to(phone: Phone, directive: Directive) -> bool:
    """Whether or not it reads mail: whoever asks for mail reads mail."""
    if phone.device.retired or phone.device.platform not in directive.applies_to.platforms:
        return False
    force = directive.applies_to.force.get(phone.device.ownership, Force.OUT_OF_SCOPE)
    return force is not Force.OUT_OF_SCOPE and speaks_to_person(phone.owner, directive)


def ends_of_exemption(phone: Phone, order: Order) -> list[Instant]:
    granted = phone.exempt + (phone.owner.exempt if phone.owner else ())
    return [until for lineage, until in granted if lineage == order.id]


def due_of(owner: Owner | None, version: Version) -> Instant | None:
    """The due this person was told; for whoever was not told, the last the document can mean."""
    for number, due in owner.told if owner else ():
        if number == version.number:
            return due
    return version.last_due


def verdict(phone: Phone, order: Order, sources: Sources, now: Instant) -> tuple[str, str]:
    """(status, reason) under what is asked now, in the product's own words for them."""
    version = order.versions[-1]
    directive = version.directive
    if phone.device.retired:
        return "not_applicable", "retired"
    if not speaks_to(phone, directive) or (directive.applies_to.reads_mail and not phone.device.reads_mail):
        return "not_applicable", "out-of-scope"
    for until in ends_of_exemption(phone, order):
        if now < until:
            return "exempt", "exemption"
    if phone.mail_removed and ComplyBy.REMOVE_MAIL in directive.comply_by:
        return "compliant", "mail-removed"
    if any(is_present(phone.reports, app) for app in ids_on(version, phone.device.platform)):
        return ("in_grace", "present-in-grace") if is_before_due(phone, order, now) else ("noncompliant", "present")
    for report in phone.reports:
        if is_evidence(report, phone, version) and is_fresh(report, version, sources, now):
            return "compliant", "seen-absent"
    return "unknown", why_unknown(phone, version)


def is_before_due(phone: Phone, order: Order, now: Instant) -> bool:
    due = due_of(phone.owner, order.versions[-1])
    return now < order.not_before or (due is not None and now < due)


def why_unknown(phone: Phone, version: Version) -> str:
    for report in phone.reports:
        if is_evidence(report, phone, version):
            return "stale"
    if not ids_on(version, phone.device.platform):
        return "invisible"
    if SEEN_AT_BEST[phone.device.enrollment] < version.directive.evidence.minimum_grade[phone.device.ownership]:
        return "invisible"
    return "not-looked" if phone.reports else "never-reported"


# -- denial --


def is_denied(phone: Phone, order: Order, at: Instant) -> bool:
    """Judged afresh for this very instant, as if the lineage is live."""
    owner = phone.owner
    if owner is None or owner.protected or not ring_is_open(owner, order, at):
        return False
    if any(at < until for until in ends_of_exemption(phone, order)):
        return False
    for since in tellings_due(owner, order, at):
        if all(reaches(phone, version) for version in since) and one_ground(phone, since):
            return True
    return False


def tellings_due(owner: Owner, order: Order, at: Instant) -> Iterator[tuple[Version, ...]]:
    """For each version told of whose effective due has come: that version and every later one."""
    for index, version in enumerate(order.versions):
        for number, due in owner.told:
            if number != version.number:
                continue
            dues = [due, order.not_before]
            for later in order.versions[index + 1 :]:
                latest = due_of(owner, later)
                if latest is not None:
                    dues.append(latest)
            if max(dues) <= at:
                yield order.versions[index:]


def reaches(phone: Phone, version: Version) -> bool:
    directive = version.directive
    mandatory = directive.applies_to.force.get(phone.device.ownership) is Force.MANDATORY
    return mandatory and directive.consequence is Consequence.DENY_MAIL and speaks_to(phone, directive)


def one_ground(phone: Phone, versions: tuple[Version, ...]) -> bool:
    """An app that is on the phone and that all of these name, or a lapse that all of these count."""
    for app in apps_on(phone.reports):
        if all(app in ids_on(version, phone.device.platform) for version in versions):
            return True
    for version in versions:
        if version.directive.evidence.unknown is not OnUnknown.DENY or version.number not in phone.lapsed:
            return False
    return True


def ring_is_open(owner: Owner, order: Order, at: Instant) -> bool:
    last = len(order.versions[-1].directive.rollout.rings) - 1
    ring = last if owner.ring is None or owner.ring > last else owner.ring
    return ring < len(order.rings_opened) and order.rings_opened[ring] <= at


def is_denied_unregistered(owner: Owner, order: Order, at: Instant) -> bool:
    """A phone of this person that nobody registered: read as the person's own."""
    if owner.protected or not ring_is_open(owner, order, at):
        return False
    if any(lineage == order.id and at < until for lineage, until in owner.exempt):
        return False
    for since in tellings_due(owner, order, at):
        asked = True
        for version in since:
            rules = version.directive.applies_to
            if version.directive.consequence is not Consequence.DENY_MAIL or rules.unregistered is not OnUnknown.DENY:
                asked = False
            if rules.force.get(Ownership.PERSONAL) is not Force.MANDATORY or not speaks_to_person(owner, version.directive):
                asked = False
        if asked:
            return True
    return False


def is_healthy(source: str, sources: Sources, now: Instant) -> bool:
    return source in sources.contact and now - sources.contact[source] <= 3 * sources.interval[source]


def may_lapse(phone: Phone, order: Order, sources: Sources, now: Instant) -> bool:
    """What the sweep may write: the reason is stale, the version says deny, and a source that looked is healthy."""
    version = order.versions[-1]
    directive = version.directive
    if directive.evidence.unknown is not OnUnknown.DENY or directive.consequence is not Consequence.DENY_MAIL:
        return False
    if verdict(phone, order, sources, now) != ("unknown", "stale"):
        return False
    return any(is_evidence(report, phone, version) and is_healthy(report.source, sources, now) for report in phone.reports)
