"""Everything that rows say about devices and people, read as core values: what their sets must agree with.

Chunked, so that one device costs a handful of small queries and a block no more of them than its chunks.
"""

import json
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import lru_cache
from typing import Any

from django.db import connection

from countermand.core import facts
from countermand.core.coverage import Grade, Look
from countermand.core.devices import Device, Identity
from countermand.core.facts import Known
from countermand.core.instants import Instant
from countermand.core.people import Person
from countermand.lib.parts import cut
from countermand.store import bulk, fleet, nesting, packing, straight
from countermand.store.fleet import DeviceRow
from countermand.store.nesting import Nesting

#: Most host parameters that one statement carries (SQLite's floor is 999).
_CHUNK = 900
STANDING = (
    "SELECT 'e', kind, target, lineage_id, 0, until FROM store_exemption WHERE agreed_at IS NOT NULL AND ended_at IS NULL"
    " UNION ALL SELECT 'p', '', login, '', 0, 0 FROM store_protectedlogin WHERE agreed_at IS NOT NULL AND ended_at IS NULL"
    " UNION ALL SELECT 'n', '', child_id, parent_id, since, until FROM store_groupnesting"
)
_TOLD_AND_RINGS = (
    "SELECT 't', person_id, '', version_id, due FROM store_told WHERE person_id IN ({0})"
    " UNION ALL SELECT 'r', person_id, lineage_id, \"index\", 0 FROM store_ringmember WHERE person_id IN ({0})"
)
_ACTIVE = (
    "SELECT ordinal, login, email, name, zone, locale, country, employment, manager FROM store_person"
    " WHERE active AND ordinal IN ({})"
)
_OF_PEOPLE = f"SELECT 'g', person_id, group_id, 0, 0 FROM store_membership WHERE person_id IN ({{0}}) UNION ALL {_TOLD_AND_RINGS}"
#: The groups of each person as one text: for many people, most of what reading them costs is making their rows.
_GROUPS = {"sqlite": "json_group_array(group_id)", "postgresql": "json_agg(group_id)::text"}
_AT_HOME = (
    "SELECT ordinal, login, active, country, zone,"
    " (SELECT {groups} FROM store_membership WHERE person_id = ordinal) FROM store_person WHERE {key} IN ({{}})"
)

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
        held = self.by.get(kind)
        if not held:
            return frozenset()
        return frozenset(pair for target in targets for pair in held.get(target, ()))


@dataclass(frozen=True, slots=True)
class Read:
    """What a caller has read in this unit already, by device: its row; its names; the numbers of the apps present, and the
    looks."""

    rows: Mapping[int, DeviceRow] = field(default_factory=dict)
    names: Mapping[int, frozenset[Identity]] = field(default_factory=dict)
    present: Mapping[int, frozenset[int]] = field(default_factory=dict)
    looked: Mapping[int, Mapping[Look, Instant]] = field(default_factory=dict)


def load(ordinals: Collection[int], read: Read = Read()) -> dict[int, Known]:  # frozen
    """Device ordinal → everything its rows say; ordinals without a row are left out."""
    found: dict[int, Known] = {}
    if not ordinals:
        return found
    releases, tree = _standing()
    wanted = sorted(ordinals)
    for start in range(0, len(wanted), _CHUNK):
        found |= _load_chunk(wanted[start : start + _CHUNK], releases, tree, read)
    return found


def load_people(ordinals: Collection[int]) -> dict[int, OfPerson]:
    """Person ordinal → everything their rows say; inactive people and ordinals without a row are left out."""
    found: dict[int, OfPerson] = {}
    releases, tree = _standing()
    wanted = sorted(ordinals)
    for start in range(0, len(wanted), _CHUNK):
        found |= _people(wanted[start : start + _CHUNK], releases, tree)
    return found


def kinds_of_people(ordinals: Collection[int]) -> dict[int, list[frozenset[str]]]:
    """Person ordinal → the sets that this person is in, in parts: what many people are in together comes as one and the same
    value. Inactive people are left out."""
    rows = bulk.by_numbers(_AT_HOME.format(groups=_GROUPS[connection.vendor], key="ordinal"), sorted(ordinals))
    return dict(_kinds([row for row in rows if row[2]]))


def kinds_by_login(logins: Collection[str]) -> dict[str, tuple[int, list[frozenset[str]]]]:
    """Login → the person's ordinal, and the same; of an inactive person nothing but the ordinal."""
    rows = list(bulk.by_texts(_AT_HOME.format(groups=_GROUPS[connection.vendor], key="login"), logins))
    kinds = dict(_kinds([row for row in rows if row[2]]))
    return {login: (ordinal, kinds.get(ordinal, [])) for ordinal, login, *_ in rows}


def _kinds(rows: Sequence[tuple[Any, ...]]) -> Iterator[tuple[int, list[frozenset[str]]]]:
    releases, tree = _standing()
    told_or_in_rings = bulk.all_rows("SELECT EXISTS (SELECT 1 FROM store_told) OR EXISTS (SELECT 1 FROM store_ringmember)")[0][0]
    for part in cut(rows, bulk.NUMBERS):
        of = _of_people([row[0] for row in part], _TOLD_AND_RINGS) if told_or_in_rings else _OfPeople()
        for ordinal, login, _, country, zone, named in part:
            groups = _with_those_above(_listed(named or "[]"), above) if (above := tree.of(ordinal)) else _listed(named or "[]")
            found = [_at_home(country, zone), _in_groups(groups)]
            if releases.by or ordinal in of.told or ordinal in of.rings or login in releases.protected:
                exempt = releases.of("person", [login]) | releases.of("group", groups)
                told, rings = frozenset(of.told.get(ordinal, ())), frozenset(of.rings.get(ordinal, ()))
                found.append(facts.person_names(_ANYBODY, frozenset(), told, rings, exempt, login in releases.protected))
            yield ordinal, found


_ANYBODY = Person("anybody", "", "")


# A person is in the sets of each thing that holds of them, whatever else does; people of one place or of the same groups are
# many, so what is in facts.person_names is asked once for each.


@lru_cache(maxsize=8192)
def _at_home(country: str, zone: str) -> frozenset[str]:
    person = replace(_ANYBODY, country=country, zone=zone)
    return facts.person_names(person, frozenset(), frozenset(), frozenset(), frozenset(), protected=False)


@lru_cache(maxsize=8192)
def _listed(groups: str) -> frozenset[str]:
    return frozenset(json.loads(groups))


@lru_cache(maxsize=8192)
def _in_groups(groups: frozenset[str]) -> frozenset[str]:
    return facts.person_names(_ANYBODY, groups, frozenset(), frozenset(), frozenset(), protected=False)


def exempt_devices() -> Mapping[str, Pairs]:
    """(``kind:value`` of a device → (lineage, until)) of exemptions in force."""
    return _standing()[0].by.get("device", {})


def _load_chunk(part: Sequence[int], releases: _Releases, tree: Nesting, read: Read) -> dict[int, Known]:
    rows = {ordinal: read.rows[ordinal] for ordinal in part if ordinal in read.rows}
    rows |= fleet.load([ordinal for ordinal in part if ordinal not in rows])
    people = _people(sorted({row.owner for row in rows.values() if row.owner is not None}), releases, tree)
    unnamed = fleet.identities([ordinal for ordinal in part if ordinal not in read.names])
    names = {**{ordinal: frozenset(some) for ordinal, some in unnamed.items()}, **read.names}
    unread = [ordinal for ordinal in part if ordinal not in read.present]
    shown, looked = {**_shown(unread), **read.present}, {**_looked(unread), **read.looked}
    found: dict[int, Known] = {}
    for ordinal, row in rows.items():
        of = people.get(row.owner) if row.owner is not None else None
        device = _device(names.get(ordinal, frozenset()), of.person.login if of else "", row)
        of_device = releases.of("device", [f"{identity.kind}:{identity.value}" for identity in device.identities])
        known = Known(
            device,
            present=shown.get(ordinal, frozenset()),
            looked=looked.get(ordinal, {}),
            exempt=of_device,
            mail_removed=row.mail_removed,
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


def _device(identities: frozenset[Identity], login: str, row: DeviceRow) -> Device:
    return Device(
        identities=identities,
        login=login,
        platform=row.platform,
        model=row.model,
        ownership=row.ownership,
        enrollment=row.enrollment,
        reads_mail=row.reads_mail,
        retired=row.retired,
    )


def _shown(part: Sequence[int]) -> dict[int, frozenset[int]]:
    rows = _rows("SELECT device_id, shown FROM store_applist WHERE device_id IN", part)
    return {device: packing.numbers_in(bytes(blob)) for device, blob in rows}


def _looked(part: Sequence[int]) -> dict[int, dict[Look, Instant]]:
    found: dict[int, dict[Look, Instant]] = {}
    columns = "device_id, source, grade, coverage_id, observed_at"
    for device, source, grade, coverage, at in _rows(f"SELECT {columns} FROM store_looked WHERE device_id IN", part):
        found.setdefault(device, {})[Look(source, Grade(grade), coverage)] = at
    return found


@dataclass(frozen=True, slots=True)
class _OfPeople:
    """Rows that name a person, by that person."""

    groups: dict[int, list[str]] = field(default_factory=dict)
    told: dict[int, list[tuple[int, Instant]]] = field(default_factory=dict)
    rings: dict[int, list[tuple[str, int]]] = field(default_factory=dict)


def _of_people(part: Sequence[int], query: str = _OF_PEOPLE) -> _OfPeople:
    found = _OfPeople()
    for what, person, name, number, due in bulk.by_numbers(query, part):
        if what == "g":
            found.groups.setdefault(person, []).append(name)
        elif what == "t":
            found.told.setdefault(person, []).append((number, due))
        else:
            found.rings.setdefault(person, []).append((name, number))
    return found


def _with_those_above(direct: frozenset[str], above: Mapping[str, frozenset[str]]) -> frozenset[str]:
    return direct.union(*(above[group] for group in direct if group in above)) if above else direct


def _people(part: Sequence[int], releases: _Releases, tree: Nesting) -> dict[int, OfPerson]:
    found: dict[int, OfPerson] = {}
    if not part:
        return found
    with straight.foreseen([bulk.about(query, part) for query in (_OF_PEOPLE, _ACTIVE)]):
        of, rows = _of_people(part), list(bulk.by_numbers(_ACTIVE, part))
    for ordinal, login, email, name, zone, locale, country, employment, manager in rows:
        named = frozenset(of.groups.get(ordinal, ()))
        groups = _with_those_above(named, tree.of(ordinal))
        found[ordinal] = OfPerson(
            person=Person(login, email, name, zone, locale, country, employment, named, manager),
            groups=groups,
            told=frozenset(of.told.get(ordinal, ())),
            rings=frozenset(of.rings.get(ordinal, ())),
            exempt=releases.of("person", [login]) | releases.of("group", groups),
            protected=login in releases.protected,
        )
    return found


def _rows(query: str, part: Sequence[int]) -> Iterator[tuple[Any, ...]]:
    return bulk.by_numbers(f"{query} ({{}})", part)


def _standing() -> tuple[_Releases, Nesting]:
    """What is read whole: exemptions and protections in force, and groups within groups."""
    by: dict[str, dict[str, set[tuple[str, Instant]]]] = {}
    protected: set[str] = set()
    edges: list[tuple[str, str, int, int]] = []
    for what, kind, name, of, since, until in bulk.all_rows(STANDING):
        if what == "e":
            by.setdefault(kind, {}).setdefault(name, set()).add((of, until))
        elif what == "p":
            protected.add(name)
        else:
            edges.append((name, of, since, until))
    held = {kind: {target: frozenset(pairs) for target, pairs in targets.items()} for kind, targets in by.items()}
    return _Releases(held, frozenset(protected)), nesting.of_edges(edges)
