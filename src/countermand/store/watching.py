"""The watch list's own entries as rows: app ids that may be kept for personal devices although no live directive names
them, for a purpose, until a date, once two people agreed."""

from dataclasses import dataclass

from countermand.core.apps import App
from countermand.core.devices import Platform
from countermand.core.instants import Instant
from countermand.store import evidence, models


@dataclass(frozen=True, slots=True)
class Watched:
    pk: int
    app: App
    purpose: str
    until: Instant
    proposed_by: str
    agreed_by: str


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
