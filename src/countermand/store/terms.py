"""Terms from rows: lineages as judging reads them, every app and coverage resolved to the store's numbers beforehand.

What was frozen at proposing never changes, so it is compiled once per process; what is asked now (halted, rings, not
before) is read each time.
"""

import json
from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from functools import lru_cache

from django.db import connection
from pyroaring import BitMap

from countermand.core import schedule, schema
from countermand.core.apps import App
from countermand.core.devices import Platform
from countermand.core.directive import Directive
from countermand.core.instants import Instant
from countermand.core.lifecycle import State
from countermand.core.reading import build
from countermand.core.terms import Lineage, Terms
from countermand.store import bulk, directives, models
from countermand.store.directives import VersionRow
from countermand.store.straight import Question

Apps = Mapping[Platform, frozenset[int]]
#: (number, digest) of every coverage: what the compiled coverings depend on.
_Coverages = tuple[tuple[int, str], ...]


def issued() -> tuple[Lineage, ...]:
    """Every lineage with an issued version, halted ones too (``live`` tells), by id."""
    return _read(None)


def live() -> tuple[Lineage, ...]:
    """The lineages that may deny: issued and unhalted."""
    return tuple(lineage for lineage in issued() if lineage.live)


def lineage(name: str) -> Lineage | None:
    """One lineage; None unless a version of it is issued."""
    return next(iter(_read(name)), None)


def on_record(name: str) -> Lineage | None:
    """The lineage with every version that was ever issued, also after a rescission (then it is not live); None if none was."""
    current = lineage(name)
    if current is not None:
        return current
    versions = models.Version.objects.filter(lineage=name).exclude(issued_at=None).order_by("number")
    rows = versions.values_list("pk", "number", "issued_at", "bundle_digest")
    asked = [_Asked(pk, number, at or 0, digest) for pk, number, at, digest in rows]
    if not asked:
        return None
    row = directives.known(name)
    return replace(_lineage(name, asked, (row.halted_at, row.not_before, list(row.rings_opened)), _coverages()), live=False)


def foreseen(name: str, now: Instant, apps: Collection[App] | None = None, row: VersionRow | None = None) -> Lineage:
    """The lineage as it would stand if its newest version were issued at ``now``. ``apps``: what a draft's selectors mean;
    a proposed version has them frozen. ``row``: that version, where the caller has it. Refused ``not-found``.

    An app that the store has no number for is on no device, and is left out.
    """
    row = row or directives.newest(name)
    before = lineage(name)
    versions = before.versions if before else ()
    if row.state is State.ISSUED and before is not None:
        return before
    directive = text_of(row)
    numbers = _scoped(directive, directives.apps_of(row.pk) if apps is None else _numbers(apps))
    last = schedule.latest_due(directive, now)
    terms = Terms(row.pk, row.number, directive, numbers, _covering(_database(), _key(numbers), _coverages()), last)
    opened = before.rings_opened if before else (now,)
    return Lineage(name, (*versions, terms), before.not_before if before else 0, opened, live=True)


def imagined(directive: Directive, now: Instant, apps: Collection[App]) -> Lineage:
    """The lineage as it would stand if this text, which is stored nowhere, were issued at ``now``. Its version has the row 0,
    which nobody was ever told of."""
    before = lineage(directive.id)
    numbers = _scoped(directive, _numbers(apps))
    last = schedule.latest_due(directive, now)
    terms = Terms(0, 0, directive, numbers, _covering(_database(), _key(numbers), _coverages()), last)
    opened = before.rings_opened if before else (now,)
    versions = before.versions if before else ()
    return Lineage(directive.id, (*versions, terms), before.not_before if before else 0, opened, live=True)


def text_of(row: VersionRow) -> Directive:
    """The directive that a version's row holds. Once proposed it was checked, and it is built, not checked again."""
    return schema.read(row.document) if row.state is State.DRAFT else build(row.document)


def directive(pk: int, digest: str) -> Directive:
    """The document of an issued version, whose bundle has this digest."""
    return _frozen(_database(), pk, digest)[0]


@dataclass(frozen=True, slots=True)
class _Asked:
    """A version's row as far as terms need it; the document is read only when it was not compiled yet."""

    pk: int
    number: int
    issued_at: Instant
    digest: str


# Asked with every report, so it is put in SQL as it stands.
_IN_FORCE = (
    "SELECT v.lineage_id, v.number, v.id, v.issued_at, v.bundle_digest, l.halted_at, l.not_before, l.rings_opened"
    " FROM store_version v JOIN store_lineage l ON l.id = v.lineage_id"
    " WHERE v.state IN (%s, %s) AND l.ended_at IS NULL"
    " AND EXISTS (SELECT 1 FROM store_version i WHERE i.lineage_id = l.id AND i.state = %s)"
)
#: With them, so that it is one question: (number, digest) of every coverage.
_AND_COVERAGES = " UNION ALL SELECT '', 0, id, NULL, digest, NULL, 0, NULL FROM store_coverage"


def question(name: str | None = None) -> Question:
    """What is asked for the lineage of this name, or for every issued one."""
    states = [State.ISSUED.value, State.SUPERSEDED.value, State.ISSUED.value]
    which, named = ("", []) if name is None else (" AND l.id = %s", [name])
    return f"{_IN_FORCE}{which}{_AND_COVERAGES}", [*states, *named]


def _read(name: str | None) -> tuple[Lineage, ...]:
    rows = sorted(bulk.all_rows(*question(name)), key=lambda row: row[:3])
    coverages = tuple((pk, digest) for key, _, pk, _, digest, *_ in rows if not key)
    asked: dict[str, list[_Asked]] = {}
    standing: dict[str, tuple[Instant | None, Instant, list[Instant]]] = {}
    for key, number, pk, issued_at, digest, halted_at, not_before, rings_opened in rows[len(coverages) :]:
        asked.setdefault(key, []).append(_Asked(pk, number, issued_at or 0, digest))
        standing[key] = (halted_at, not_before, json.loads(rings_opened))
    return tuple(_lineage(key, found, standing[key], coverages) for key, found in asked.items())


def _lineage(
    name: str, asked: list[_Asked], standing: tuple[Instant | None, Instant, list[Instant]], coverages: _Coverages
) -> Lineage:
    halted_at, not_before, rings_opened = standing
    versions = tuple(_terms(_database(), version, coverages) for version in asked)
    return Lineage(name, versions, not_before, tuple(rings_opened), live=halted_at is None)


@lru_cache(maxsize=256)
def _terms(database: str, asked: _Asked, coverages: _Coverages) -> Terms:
    directive, apps = _frozen(database, asked.pk, asked.digest)
    return Terms(
        row=asked.pk,
        version=asked.number,
        directive=directive,
        apps=dict(apps),
        covering=_covering(database, apps, coverages),
        last_due=schedule.latest_due(directive, asked.issued_at),
    )


@lru_cache(maxsize=256)
def _frozen(database: str, pk: int, digest: str) -> tuple[Directive, tuple[tuple[Platform, frozenset[int]], ...]]:
    """The directive and app numbers of a version; ``digest`` of its bundle names them in this ``database``."""
    # Checked when it was written, signed since: it is built, not checked again.
    directive = build(models.Version.objects.values_list("document", flat=True).get(pk=pk))
    return directive, _key(_scoped(directive, directives.apps_of(pk)))


@lru_cache(maxsize=256)
def _covering(
    database: str, apps: tuple[tuple[Platform, frozenset[int]], ...], coverages: _Coverages
) -> Mapping[Platform, frozenset[int]]:
    """Per platform the coverages that include all of its apps; ``coverages`` names what the rows of ``database`` held."""
    rows = [(row.pk, None if row.everything else BitMap.deserialize(bytes(row.apps))) for row in models.Coverage.objects.all()]
    return {
        platform: frozenset(pk for pk, shown in rows if shown is None or BitMap(numbers) <= shown) for platform, numbers in apps
    }


def _coverages() -> _Coverages:
    return tuple(bulk.all_rows("SELECT id, digest FROM store_coverage ORDER BY id"))


def _numbers(apps: Collection[App]) -> dict[Platform, frozenset[int]]:
    found: dict[Platform, frozenset[int]] = {}
    for platform in Platform:
        ids = [app.id for app in apps if app.platform is platform]
        rows = models.App.objects.filter(platform=platform.value, app_id__in=ids)
        found[platform] = frozenset(rows.values_list("pk", flat=True))
    return found


def _scoped(directive: Directive, apps: Apps) -> dict[Platform, frozenset[int]]:
    return {platform: apps.get(platform, frozenset()) for platform in sorted(directive.applies_to.platforms)}


def _key(apps: Apps) -> tuple[tuple[Platform, frozenset[int]], ...]:
    return tuple(sorted(apps.items()))


def _database() -> str:
    settings = connection.settings_dict
    return f"{settings['HOST']}/{settings['NAME']}"
