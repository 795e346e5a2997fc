"""The watch list: app ids that may be kept for personal devices. Those of live directives, and its own entries as rows:
ids that no live directive names, for a purpose, until a date, once two people agreed."""

from collections.abc import Sequence
from dataclasses import dataclass

from countermand.core import schedule
from countermand.core.apps import App
from countermand.core.devices import Platform
from countermand.core.instants import FOREVER, Instant
from countermand.core.terms import Lineage
from countermand.store import bulk, evidence, models, terms
from countermand.store.straight import Question


@dataclass(frozen=True, slots=True)
class Watched:
    pk: int
    app: App
    purpose: str
    until: Instant
    proposed_by: str
    agreed_by: str


def watch_list(now: Instant, appeal: int = 0, lineages: Sequence[Lineage] | None = None) -> frozenset[App]:
    """Apps of proposed and issued versions of lineages that have neither ended nor passed their sunset, and those that two
    people added for a purpose until a later instant than ``now``. ``appeal``: with the apps of lineages that were over for
    no longer than so many milliseconds, which are kept where they were seen. ``lineages``: those issued, read already."""
    issued = terms.issued() if lineages is None else lineages
    over = [lineage.id for lineage in issued if _sunset(lineage) <= now - appeal]
    rows = bulk.all_rows(*question(now, appeal, over))
    return frozenset(App(Platform(platform), app_id) for platform, app_id in rows)


def question(now: Instant, appeal: int = 0, over: Sequence[str] = ()) -> Question:
    """What is asked for it, if these lineages have passed their sunset."""
    past = ",".join(["%s"] * len(over) + ["''"])
    return (
        "SELECT platform, app_id FROM store_app WHERE id IN ("
        " SELECT va.app_id FROM store_versionapp va JOIN store_version v ON v.id = va.version_id"
        " JOIN store_lineage l ON l.id = v.lineage_id"
        " WHERE v.state IN ('proposed', 'issued', 'superseded', 'rescinded') AND (l.ended_at IS NULL OR l.ended_at > %s)"
        f" AND (v.state = 'proposed' OR l.id NOT IN ({past}))"
        " UNION SELECT app_id FROM store_watch WHERE agreed_by <> '' AND until > %s)",
        [now - appeal, *over, now],
    )


def first_in_force(then: Instant) -> Instant:
    """When the oldest order was issued that was in force at ``then`` or is since; FOREVER if none is."""
    over = {lineage.id for lineage in terms.issued() if _sunset(lineage) <= then}
    rows = bulk.all_rows(
        "SELECT v.lineage_id, MIN(v.issued_at) FROM store_version v JOIN store_lineage l ON l.id = v.lineage_id"
        " WHERE v.issued_at IS NOT NULL AND (l.ended_at IS NULL OR l.ended_at > %s) GROUP BY v.lineage_id",
        [then],
    )
    return min((at for name, at in rows if name not in over), default=FOREVER)


def _sunset(lineage: Lineage) -> Instant:
    ends = schedule.ends_at(lineage.current.directive)
    return FOREVER if ends is None else ends


def propose(app: App, purpose: str, until: Instant, by: str) -> int:
    number = evidence.numbers([app])[app]
    return models.Watch.objects.create(app_id=number, purpose=purpose, until=until, proposed_by=by).pk


def find(pk: int) -> Watched | None:
    row = models.Watch.objects.select_related("app").filter(pk=pk).first()
    return _watched(row) if row else None


def every() -> list[Watched]:
    return [_watched(row) for row in models.Watch.objects.select_related("app").order_by("pk")]


def agree(pk: int, by: str) -> None:
    models.Watch.objects.filter(pk=pk).update(agreed_by=by)


def end(pk: int, at: Instant) -> None:
    models.Watch.objects.filter(pk=pk).update(until=at)


def _watched(row: models.Watch) -> Watched:
    app = App(Platform(row.app.platform), row.app.app_id)
    return Watched(row.pk, app, row.purpose, row.until, row.proposed_by, row.agreed_by)
