"""Sources as somebody connected them: how each is asked, whether it is paused, and how the last attempt went."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field

from countermand.core.instants import Instant
from countermand.store import models


@dataclass(frozen=True, slots=True)
class Connected:
    """``credential``: sealed. ``stage``, ``underway``: of a set that is on its way in, '' and 0 if none is."""

    pk: int
    name: str
    kind: str
    interval: int
    last_contact: Instant | None
    last_count: int
    settings: Mapping[str, str]
    credential: bytes = field(repr=False)
    paused_at: Instant | None
    tried_at: Instant | None
    fault: str
    conflicts: tuple[str, ...]
    stage: str
    underway: int


def every() -> list[Connected]:
    """All sources that are known, by name."""
    runs = {run.source_id: run for run in models.SyncRun.objects.all()}
    return [_connected(row, runs.get(row.pk)) for row in models.Source.objects.order_by("name")]


def find(name: str) -> Connected | None:
    return next((one for one in every() if one.name == name), None)


def connect(pk: int, settings: Mapping[str, str], credential: bytes, interval: int) -> None:
    """From now on it can be asked."""
    words = json.dumps(dict(settings), sort_keys=True)
    models.Source.objects.filter(pk=pk).update(settings=words, credential=credential, interval=interval)


def pause(pk: int, at: Instant | None) -> None:
    """Take nothing from it from ``at`` on; None: take it again."""
    models.Source.objects.filter(pk=pk).update(paused_at=at)


def tried(pk: int, at: Instant, fault: str = "") -> None:
    """It was asked, and this went wrong."""
    models.Source.objects.filter(pk=pk).update(tried_at=at, fault=fault[:1000])


def _connected(row: models.Source, run: models.SyncRun | None) -> Connected:
    return Connected(
        pk=row.pk,
        name=row.name,
        kind=row.kind,
        interval=row.interval,
        last_contact=row.last_contact,
        last_count=row.last_count,
        settings=json.loads(row.settings),
        credential=bytes(row.credential or b""),
        paused_at=row.paused_at,
        tried_at=row.tried_at,
        fault=row.fault,
        conflicts=tuple(row.conflicts.splitlines()),
        stage=run.stage if run else "",
        underway=run.devices if run else 0,
    )
