"""Everything that rows say about devices and people, read as core values: what their sets must agree with.

Chunked, so that one device costs a handful of small queries and a block no more of them than its chunks.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from django.db import connection

from countermand.core import facts
from countermand.core.coverage import Grade, Look
from countermand.core.devices import Device, Enrollment, Identity, IdentityKind, Ownership, Platform
from countermand.core.facts import Known
from countermand.core.instants import Instant
from countermand.core.people import Person
from countermand.store import nesting, packing
from countermand.store.nesting import Nesting

#: Most host parameters that one statement carries (SQLite's floor is 999).
_CHUNK = 900

Pairs = frozenset[tuple[str, Instant]]


@dataclass(frozen=True, slots=True)
class OfPerson:
    """What rows say about one person; ``exempt`` holds exemptions of the person and of their groups."""

    person: Person
    groups: frozenset[str]
    told: frozenset[tuple[int, Instant]] = frozenset()
    rings: frozenset[tuple[str, int]] = frozenset()
    exempt: Pairs = frozenset()
    protected: bool = False

    @property
    def names(self) -> frozenset[str]:
        """The sets this person is in."""
        return facts.person_names(self.person, self.groups, self.told, self.rings, self.exempt, self.protected)


@dataclass(frozen=True, slots=True)
class _Releases:
    """Exemptions and protections in force: few, so they are read whole. ``by``: kind → target → (lineage, until)."""

    by: Mapping[str, Mapping[str, Pairs]] = field(default_factory=dict)
    protected: frozenset[str] = frozenset()

    def of(self, kind: str, targets: Collection[str]) -> Pairs:
        held = self.by.get(kind, {})
        return frozenset(pair for target in targets for pair in held.get(target, ()))


def load(ordinals: Collection[int]) -> dict[int, Known]:
    """Device ordinal → everything its rows say; ordinals without a row are left out."""
    found: dict[int, Known] = {}
    if not ordinals:
        return found
    releases, tree = _releases(), nesting.load()
    wanted = sorted(ordinals)
    for start in range(0, len(wanted), _CHUNK):
        found |= _load_chunk(wanted[start : start + _CHUNK], releases, tree)
    return found


def load_people(ordinals: Collection[int]) -> dict[int, OfPerson]:
    """Person ordinal → everything their rows say; inactive people and ordinals without a row are left out."""
    found: dict[int, OfPerson] = {}
    releases, tree = _releases(), nesting.load()
    wanted = sorted(ordinals)
    for start in range(0, len(wanted), _CHUNK):
        found |= _people(wanted[start : start + _CHUNK], releases, tree)
    return found


def names_of_people(ordinals: Collection[int]) -> dict[int, frozenset[str]]:
    """Person ordinal → the sets that this person is in; inactive people are left out."""
    return {ordinal: found.names for ordinal, found in load_people(ordinals).items()}


def exempt_devices() -> Mapping[str, Pairs]:
    """(``kind:value`` of a device → (lineage, until)) of exemptions in force."""
    return _releases().by.get("device", {})


def _load_chunk(part: Sequence[int], releases: _Releases, tree: Nesting) -> dict[int, Known]:
    columns = "ordinal, owner_id, platform, model, ownership, enrollment, reads_mail, retired, mail_removed"
    rows = list(_rows(f"SELECT {columns} FROM store_device WHERE ordinal IN", part))
    people = _people(sorted({owner for _, owner, *_ in rows if owner is not None}), releases, tree)
    identities, shown, looked = _identities(part), _shown(part), _looked(part)
    found: dict[int, Known] = {}
    for ordinal, owner, *kind, mail_removed in rows:
        of = people.get(owner)
        device = _device(identities.get(ordinal, frozenset()), of.person.login if of else "", kind)
        of_device = releases.of("device", [f"{identity.kind}:{identity.value}" for identity in device.identities])
        known = Known(
            device,
            present=shown.get(ordinal, frozenset()),
            looked=looked.get(ordinal, {}),
            exempt=of_device,
            mail_removed=bool(mail_removed),
        )
        found[ordinal] = _with_owner(known, of) if of else known
    return found


def _with_owner(known: Known, of: OfPerson) -> Known:
    return replace(
        known,
        person=of.person,
        groups=of.groups,
        told=of.told,
        rings=of.rings,
        exempt=known.exempt | of.exempt,
        protected=of.protected,
    )


def _device(identities: frozenset[Identity], login: str, kind: Sequence[Any]) -> Device:
    platform, model, ownership, enrollment, reads_mail, retired = kind
    return Device(
        identities=identities,
        login=login,
        platform=Platform(platform),
        model=model,
        ownership=Ownership(ownership),
        enrollment=Enrollment(enrollment),
        reads_mail=bool(reads_mail),
        retired=bool(retired),
    )


def _identities(part: Sequence[int]) -> dict[int, frozenset[Identity]]:
    found: dict[int, frozenset[Identity]] = {}
    for device, kind, value in _rows("SELECT device_id, kind, value FROM store_identity WHERE device_id IN", part):
        found[device] = found.get(device, frozenset()) | {Identity(IdentityKind(kind), value)}
    return found


def _shown(part: Sequence[int]) -> dict[int, frozenset[int]]:
    rows = _rows("SELECT device_id, shown FROM store_applist WHERE device_id IN", part)
    return {device: packing.numbers_in(bytes(blob)) for device, blob in rows}


def _looked(part: Sequence[int]) -> dict[int, dict[Look, Instant]]:
    found: dict[int, dict[Look, Instant]] = {}
    columns = "device_id, source, grade, coverage_id, observed_at"
    for device, source, grade, coverage, at in _rows(f"SELECT {columns} FROM store_looked WHERE device_id IN", part):
        found.setdefault(device, {})[Look(source, Grade(grade), coverage)] = at
    return found


def _people(part: Sequence[int], releases: _Releases, tree: Nesting) -> dict[int, OfPerson]:
    direct: dict[int, set[str]] = {}
    for person, group in _rows("SELECT person_id, group_id FROM store_membership WHERE person_id IN", part):
        direct.setdefault(person, set()).add(group)
    told: dict[int, set[tuple[int, Instant]]] = {}
    for person, version, due in _rows("SELECT person_id, version_id, due FROM store_told WHERE person_id IN", part):
        told.setdefault(person, set()).add((version, due))
    rings: dict[int, set[tuple[str, int]]] = {}
    for person, lineage, index in _rows('SELECT person_id, lineage_id, "index" FROM store_ringmember WHERE person_id IN', part):
        rings.setdefault(person, set()).add((lineage, index))
    found: dict[int, OfPerson] = {}
    columns = "ordinal, login, email, name, zone, locale, country, employment"
    for ordinal, login, *rest in _rows(f"SELECT {columns} FROM store_person WHERE active AND ordinal IN", part):
        named = frozenset(direct.get(ordinal, ()))
        above = tree.of(ordinal)
        groups = named.union(*(above.get(group, frozenset()) for group in named))
        found[ordinal] = OfPerson(
            person=replace(Person(login, *rest), groups=named),
            groups=groups,
            told=frozenset(told.get(ordinal, ())),
            rings=frozenset(rings.get(ordinal, ())),
            exempt=releases.of("person", [login]) | releases.of("group", groups),
            protected=login in releases.protected,
        )
    return found


def _rows(query: str, part: Sequence[int]) -> Iterator[tuple[Any, ...]]:
    if not part:
        return
    with connection.cursor() as cursor:
        for start in range(0, len(part), _CHUNK):
            some = part[start : start + _CHUNK]
            cursor.execute(f"{query} ({','.join(['%s'] * len(some))})", list(some))
            yield from cursor.fetchall()


def _releases() -> _Releases:
    by: dict[str, dict[str, set[tuple[str, Instant]]]] = {}
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT kind, target, lineage_id, until FROM store_exemption WHERE agreed_at IS NOT NULL AND ended_at IS NULL"
        )
        for kind, target, lineage, until in cursor.fetchall():
            by.setdefault(kind, {}).setdefault(target, set()).add((lineage, until))
        cursor.execute("SELECT login FROM store_protectedlogin WHERE agreed_at IS NOT NULL AND ended_at IS NULL")
        protected = frozenset(row[0] for row in cursor.fetchall())
    held = {kind: {target: frozenset(pairs) for target, pairs in targets.items()} for kind, targets in by.items()}
    return _Releases(held, protected)
