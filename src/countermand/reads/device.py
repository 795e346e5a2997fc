"""One device in words: whose it is, what was seen on it by whom, and what every directive makes of it. For the help desk.

Only watched apps are shown, whatever else a source reported. That somebody looked is recorded by flows.look_up.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from zoneinfo import ZoneInfo

from countermand.access import Act, require
from countermand.core import facts
from countermand.core.apps import App
from countermand.core.claims import Claims, differences
from countermand.core.coverage import Coverage, Look
from countermand.core.devices import Enrollment, Identity, IdentityKind, Ownership, Platform
from countermand.core.errors import Refused
from countermand.core.explain import Explanation, explain
from countermand.core.facts import BLOCK_SIZE, Block, Known
from countermand.core.handover import in_force
from countermand.core.instants import Instant, to_datetime
from countermand.core.lapse import Health
from countermand.core.schedule import clock_of
from countermand.core.terms import Lineage
from countermand.core.visibility import ways
from countermand.store import bindings, claims, evidence, fleet, known, sets, sightings, terms, watching
from countermand.store.bindings import Binding
from countermand.store.fleet import DeviceRow
from countermand.store.health import health
from countermand.store.sightings import Sighting
from countermand.store.unit import reading


@dataclass(frozen=True, slots=True)
class Owner:
    login: str
    name: str
    zone: str
    country: str
    groups: tuple[str, ...]
    protected: bool


@dataclass(frozen=True, slots=True)
class KnownAs:
    """An identity as it may be shown."""

    kind: IdentityKind
    value: str


@dataclass(frozen=True, slots=True)
class Evidence:
    """The latest answer of a source. ``could_show``: what it could have shown, in words; ``age``: how old it was at the source's
    last healthy contact, in milliseconds, by which directives measure it; ``healthy``: None for a source that has no
    connection to be healthy (an employee's own statement)."""

    source: str
    grade: str
    could_show: str
    observed_at: Instant
    age: int
    healthy: bool | None


@dataclass(frozen=True, slots=True)
class Seen:
    """A watched app that counts as present, and when it was last shown."""

    app: App
    at: Instant


@dataclass(frozen=True, slots=True)
class Told:
    """What a source says of the device, in its own words; ``until``: when the device left it, None while it is enrolled there."""

    source: str
    since: Instant
    until: Instant | None
    says: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Under:
    """One directive. ``due`` and ``denied_from`` are also said on the owner's clock; ``exempt_until`` if an exemption holds."""

    title: str
    explanation: Explanation
    words: tuple[str, ...]
    due_local: str
    denied_local: str
    exempt_until: Instant | None


@dataclass(frozen=True, slots=True)
class DeviceView:
    """``visible``: what can be seen at all on a phone that is managed like this, in words; ``differences``: where its sources do
    not say the same, and what counts; ``bindings``: whose it is and was, the latest first, which its owner is not told."""

    ordinal: int
    platform: Platform
    model: str
    ownership: Ownership
    enrollment: Enrollment
    visible: str
    reads_mail: bool
    mail_removed: bool
    retired: bool
    last_seen: Instant | None
    owner: Owner | None
    identities: tuple[KnownAs, ...]
    evidence: tuple[Evidence, ...]
    apps: tuple[Seen, ...]
    directives: tuple[Under, ...]
    sightings: tuple[Sighting, ...]
    sources: tuple[Told, ...]
    differences: tuple[str, ...]
    bindings: tuple[Binding, ...] = ()


def device(act: Act, ordinal: int) -> DeviceView:
    """Everything there is to say about a device as of the act. Refused ``not-allowed``, ``not-found``."""
    require(act.actor, "read-person")
    with reading():
        return replace(seen(act, ordinal), bindings=tuple(bindings.of_device(ordinal)))


def seen(act: Act, ordinal: int) -> DeviceView:
    """The same, for its owner: whether they may see it is the caller's to know."""
    with reading():
        found = known.load([ordinal]).get(ordinal)
        if found is None:
            raise Refused("not-found", what="device", name=f"#{ordinal}", nearest="none")
        row = fleet.load([ordinal])[ordinal]
        worth = health(act.now)
        block = _block(ordinal, found)
        said = claims.load([ordinal]).get(ordinal, {})
        return DeviceView(
            ordinal=ordinal,
            platform=row.platform,
            model=row.model,
            ownership=row.ownership,
            enrollment=row.enrollment,
            visible=_visible(row),
            reads_mail=row.reads_mail,
            mail_removed=row.mail_removed,
            retired=row.retired,
            last_seen=_last_seen(row, found),
            owner=_owner(found),
            identities=tuple(_shown(found.device.identities)),
            evidence=_evidence(found, worth, act.now),
            apps=_apps(ordinal, act.now),
            directives=tuple(_under(block, lineage, found, worth, act.now) for lineage in terms.issued()),
            sightings=tuple(sightings.of_login(found.person.login)) if found.person else (),
            sources=tuple(_told(said)),
            differences=tuple(_different(said)),
        )


def _told(said: Mapping[str, Claims]) -> Iterable[Told]:
    for source, one in sorted(said.items()):
        yield Told(source, one.since, one.until, {name: word for name, (word, _) in sorted(one.said.items())})


def _different(said: Mapping[str, Claims]) -> Iterable[str]:
    for one in differences(said):
        words = ", ".join(f"{source} says {word or 'nobody'}" for source, word in one.said)
        yield f"{_FACTS[one.fact]}: {words}; {one.counts or 'nobody'} counts."


_FACTS = {"login": "Whose it is", "platform": "What it is", "ownership": "Who owns it"}


def _last_seen(row: DeviceRow, found: Known) -> Instant | None:
    return max([*found.looked.values(), *([row.last_seen] if row.last_seen else [])], default=None)


def _shown(identities: Iterable[Identity]) -> list[KnownAs]:
    """The names but for a per-device password's, which is half of a secret."""
    return sorted(
        (KnownAs(one.kind, "(not shown)" if one.kind is IdentityKind.PASSWORD else one.value) for one in identities),
        key=lambda one: (one.kind, one.value),
    )


def _owner(found: Known) -> Owner | None:
    person = found.person
    if person is None:
        return None
    return Owner(person.login, person.name, person.zone, person.country, tuple(sorted(found.groups)), found.protected)


def _block(ordinal: int, found: Known) -> Block:
    """The device alone, from its own rows, with the written sets it is in."""
    number, offset = divmod(ordinal, BLOCK_SIZE)
    lapsed = sets.load(sets.DEVICES, number, (), ("lapsed:",)).sets
    written = {name for name, members in lapsed.items() if offset in members}
    return facts.block_of(number, {offset: facts.names(found) | written})


def _visible(row: DeviceRow) -> str:
    """What its way of being managed lets anybody see of the apps that people install, and who says so."""
    found = [f"{way.how}: {way.sees} ({way.cited})" for way in ways(row.platform, row.enrollment)]
    return "; ".join(found) or "not known"


def _evidence(found: Known, worth: Health, now: Instant) -> tuple[Evidence, ...]:
    coverages = evidence.coverages({look.coverage for look in found.looked})
    latest = sorted(found.looked.items(), key=lambda pair: (-pair[1], pair[0]))
    return tuple(
        Evidence(
            source=look.source,
            grade=look.grade.word,
            could_show=_could_show(look, coverages[look.coverage]),
            observed_at=at,
            age=max(worth.contacts.cutoff(look.source, 0, now) - at, 0),
            healthy=worth.well.get(look.source),
        )
        for look, at in latest
    )


def _could_show(look: Look, coverage: Coverage) -> str:
    if coverage.apps is None:
        return "every app of the device"
    if not coverage.apps:
        return "no app"
    names = ", ".join(app.id for app in sorted(coverage.apps)[:3])
    return f"{len(coverage.apps)} named apps: {names}{', …' if len(coverage.apps) > 3 else ''}"


def _apps(ordinal: int, now: Instant) -> tuple[Seen, ...]:
    presence = evidence.presences([ordinal], evidence.Met()).get(ordinal)
    watched = watching.watch_list(now)
    shown = presence.shown if presence else {}
    return tuple(Seen(app, at) for app, at in sorted(shown.items()) if app in watched)


def _under(block: Block, lineage: Lineage, found: Known, worth: Health, now: Instant) -> Under:
    made = explain(block, lineage, worth.contacts, now)
    zone = clock_of(found.person.zone if found.person else "", lineage.current.directive.fallback_zone)
    exempt = [until for name, until in found.exempt if name == lineage.id and now < until]
    denied_local = _local(made.denied_from, zone)
    return Under(
        title=lineage.current.directive.title,
        explanation=made,
        words=tuple(_words(made, lineage, denied_local, now)),
        due_local=_local(made.due, zone),
        denied_local=denied_local,
        exempt_until=max(exempt, default=None),
    )


def _words(made: Explanation, lineage: Lineage, denied_local: str, now: Instant) -> Iterable[str]:
    yield made.words
    if made.protected:
        yield "The login is protected: it can never be denied."
    if not lineage.live:
        yield "The directive is halted: it denies nobody."
    elif not in_force(lineage, now):
        yield "The directive has run out: it denies nobody."
    elif made.denied_from is not None and not made.deniable:
        yield "It would be denied, but no name is known under which a gate could know it."
    elif made.denied_from is not None:
        yield f"Mail on it {'is denied since' if made.denied_from <= now else 'will be denied from'} {denied_local}."


def _local(at: Instant | None, zone: str) -> str:
    """An instant on the owner's clock, with the zone said twice so that nobody mistakes it."""
    return "" if at is None else f"{to_datetime(at).astimezone(ZoneInfo(zone)):%A %Y-%m-%d %H:%M %Z} ({zone})"
