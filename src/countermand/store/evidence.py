"""What reports said, as rows: apps and coverages by number, and the packed presence and looks of each device."""

import hashlib
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field

from pyroaring import BitMap

from countermand.core.apps import App
from countermand.core.coverage import EVERYTHING, Coverage, Grade, Look
from countermand.core.devices import Platform
from countermand.core.instants import Instant
from countermand.core.presence import Presence
from countermand.store import bulk
from countermand.store.packing import pack, unpack
from countermand.store.unit import numbering

_PLATFORMS = {platform.value: platform for platform in Platform}
_NEW_APPS = (
    "INSERT INTO store_app (platform, app_id) SELECT %s, one.* FROM ({}) one WHERE true"
    " ON CONFLICT (platform, app_id) DO NOTHING RETURNING app_id, id"
)


def numbers(apps: Iterable[App]) -> dict[App, int]:
    """The store's number of each app, giving a number to those that have none yet. INVARIANT: an app that may not be
    kept for a personal device never comes here on that device's account; a number is a row with the app's id."""
    return {
        App(platform, app_id): number
        for platform, ids in _by_platform(apps).items()
        for app_id, number in numbers_on(platform, ids).items()
    }


def numbers_on(platform: Platform, ids: Collection[str]) -> dict[str, int]:
    """The same of one platform's app ids."""
    found = _numbered(platform, ids)
    if missing := sorted(set(ids) - found.keys()):
        numbering()
        listed, values = bulk.unpacked(missing)
        found |= dict(bulk.all_rows(_NEW_APPS.format(listed), [platform.value, *values]))
        found |= _numbered(platform, [app_id for app_id in missing if app_id not in found])  # somebody else was first
    return found


def known_numbers(apps: Collection[App]) -> dict[App, int]:
    """The store's number of each of these apps that has one: one without is on no device."""
    return {
        App(platform, app_id): number
        for platform, ids in _by_platform(apps).items()
        for app_id, number in _numbered(platform, ids).items()
    }


def _by_platform(apps: Iterable[App]) -> dict[Platform, list[str]]:
    """Ids by platform, of the platforms that any are of."""
    wanted = set(apps)
    return {platform: ids for platform in Platform if (ids := [app.id for app in wanted if app.platform is platform])}


def _numbered(platform: Platform, ids: Collection[str]) -> dict[str, int]:
    query = "SELECT app_id, id FROM store_app WHERE platform = %s AND app_id IN ({})"
    return dict(bulk.by_texts(query, ids, [platform.value]))


def apps(wanted: Collection[int]) -> dict[int, App]:
    """The apps with these numbers."""
    rows = bulk.by_numbers("SELECT id, platform, app_id FROM store_app WHERE id IN ({})", wanted)
    return {number: App(_PLATFORMS[platform], app_id) for number, platform, app_id in rows}


def coverage_number(coverage: Coverage) -> int:
    """The store's number of a coverage, giving it one if it has none."""
    members = BitMap() if coverage.apps is None else BitMap(numbers(coverage.apps).values())
    content = b"everything" if coverage.apps is None else b"apps" + members.serialize()
    digest = hashlib.sha256(content).hexdigest()
    query = "SELECT id FROM store_coverage WHERE digest = %s"
    found = bulk.all_rows(query, [digest])
    if not found:
        numbering()
        row = (coverage.apps is None, members.serialize(), digest)
        insert = "INSERT INTO store_coverage (everything, apps, digest) VALUES (%s, %s, %s) ON CONFLICT (digest) DO NOTHING"
        bulk.write(insert, [row])
        found = bulk.all_rows(query, [digest])
    return int(found[0][0])


def coverages(wanted: Collection[int]) -> dict[int, Coverage]:
    """The coverages with these numbers."""
    query = "SELECT id, everything, apps FROM store_coverage WHERE id IN ({})"
    rows = {number: _members(every, blob) for number, every, blob in bulk.by_numbers(query, wanted)}
    return _covering(rows, apps(set[int]().union(*(members for members in rows.values() if members))))


def _members(everything: object, blob: bytes) -> BitMap | None:
    return None if everything else BitMap.deserialize(bytes(blob))


def _covering(members: Mapping[int, BitMap | None], named: Mapping[int, App]) -> dict[int, Coverage]:
    return {
        number: EVERYTHING if some is None else Coverage(frozenset(named[one] for one in some))
        for number, some in members.items()
    }


@dataclass(slots=True)
class Met:
    """The numbers that one unit of work met, so that it asks for each once. Never kept beyond the unit: a number given in a
    transaction that was taken back means nothing. ``present``: device → the apps present by what is stored of it."""

    apps: dict[App, int] = field(default_factory=dict)
    coverages: dict[Coverage, int] = field(default_factory=dict)
    present: dict[int, frozenset[int]] = field(default_factory=dict)


KEPT = (
    "SELECT device_id, shown, '', 0, 0, 0, NULL, NULL FROM store_applist WHERE device_id IN ({0})"
    " UNION ALL SELECT k.device_id, NULL, k.source, k.grade, k.coverage_id, k.observed_at, c.everything, c.apps"
    " FROM store_looked k JOIN store_coverage c ON c.id = k.coverage_id WHERE k.device_id IN ({0})"
)


def presences(ordinals: Collection[int], met: Met) -> dict[int, Presence]:
    """The stored presence of each device that has any."""
    shown: dict[int, dict[int, Instant]] = {}
    looks: list[tuple[int, str, int, int, Instant]] = []
    members: dict[int, BitMap | None] = {}
    for ordinal, packed, source, grade, coverage, at, everything, blob in bulk.by_numbers(KEPT, ordinals):
        if packed is not None:
            shown[ordinal] = unpack(bytes(packed))
            continue
        looks.append((ordinal, source, grade, coverage, at))
        if coverage not in members:
            members[coverage] = _members(everything, blob)
    named = apps(set[int]().union(*shown.values(), *(some for some in members.values() if some)))
    met.apps.update({app: number for number, app in named.items()})
    covered = _covering(members, named)
    met.coverages.update({coverage: number for number, coverage in covered.items()})
    met.present.update({ordinal: frozenset(one) for ordinal, one in shown.items()})
    looked: dict[int, dict[tuple[str, Grade, Coverage], Instant]] = {}
    for ordinal, source, grade, coverage, at in looks:
        looked.setdefault(ordinal, {})[(source, Grade(grade), covered[coverage])] = at
    return {
        ordinal: Presence({named[number]: at for number, at in shown.get(ordinal, {}).items()}, looked.get(ordinal, {}))
        for ordinal in shown.keys() | looked.keys()
    }


def save_presences(changes: Mapping[int, tuple[Presence, Presence]], met: Met) -> None:
    """Store what changed between (before, after) of each device."""
    # Sets and dicts know the hashes of what they hold: asking app by app costs a hash each.
    unmet = frozenset[App]().union(*(after.apps.difference(met.apps) for _, after in changes.values()))
    met.apps.update(numbers(unmet))
    lists, looks, gone = [], [], []
    for ordinal, (before, after) in changes.items():
        if before.shown != after.shown:
            numbered = {met.apps[app]: at for app, at in after.shown.items()}
            met.present[ordinal] = frozenset(numbered)
            lists.append((ordinal, pack(numbered)))
        for key, at in after.looked.items():
            if before.looked.get(key) != at:
                looks.append((ordinal, key[0], int(key[1]), _met(key[2], met), at))
        gone += [(ordinal, key[0], int(key[1]), _met(key[2], met)) for key in before.looked.keys() - after.looked.keys()]
    bulk.write(
        "INSERT INTO store_applist (device_id, shown) VALUES (%s, %s)"
        " ON CONFLICT (device_id) DO UPDATE SET shown = excluded.shown",
        lists,
    )
    bulk.write("DELETE FROM store_looked WHERE device_id = %s AND source = %s AND grade = %s AND coverage_id = %s", gone)
    bulk.write(
        "INSERT INTO store_looked (device_id, source, grade, coverage_id, observed_at) VALUES (%s, %s, %s, %s, %s)"
        " ON CONFLICT (device_id, source, grade, coverage_id) DO UPDATE SET observed_at = excluded.observed_at",
        looks,
    )


def looks(presence: Presence, met: Met) -> dict[Look, Instant]:
    """A presence's looks under the store's numbers, as sets name them."""
    return {Look(source, grade, _met(coverage, met)): at for (source, grade, coverage), at in presence.looked.items()}


def _met(coverage: Coverage, met: Met) -> int:
    if coverage not in met.coverages:
        met.coverages[coverage] = coverage_number(coverage)
    return met.coverages[coverage]


def void(ordinals: Collection[int]) -> None:
    """Delete all evidence of these devices, of presence and of absence alike."""
    for table in ("store_applist", "store_looked"):
        bulk.write(f"DELETE FROM {table} WHERE device_id = %s", [(ordinal,) for ordinal in ordinals])
