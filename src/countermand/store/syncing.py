"""Sets on their way in: each source's run, its pages as they came, and how far it is. What is here is nobody's fact yet."""

import json
import zlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from django.db.models import F

from countermand.core.instants import Instant
from countermand.store import models

#: Conflicts that are kept of a set: enough to see what kind they are.
CONFLICTS = 100


class Stage(StrEnum):
    FETCHING = "fetching"
    WAITING = "waiting"  # for a person
    TAKING = "taking"
    ASKING = "asking"  # its devices, one after another
    HEARING = "hearing"  # what they answer


@dataclass(frozen=True, slots=True)
class Run:
    pk: int
    stage: Stage
    began: Instant
    fetched: Instant | None
    cursor: str
    devices: int
    passed: int
    faults: int
    why: str
    confirmed: bool


def of(source: int) -> Run | None:
    """The source's run, if it has one."""
    row = models.SyncRun.objects.filter(source_id=source).first()
    return None if row is None else _run(row)


def begin(source: int, now: Instant, stage: Stage = Stage.FETCHING) -> Run:
    """A new run, and the end of one that there was. Conflicts of devices that are asked one by one are those since it began."""
    end(source)
    if stage is Stage.ASKING:
        models.Source.objects.filter(pk=source).update(conflicts="")
    return _run(models.SyncRun.objects.create(source_id=source, began=now, stage=stage.value))


def asked(run: int, cursor: str, devices: int) -> None:
    """So many more devices were asked, up to ``cursor``."""
    models.SyncRun.objects.filter(pk=run).update(cursor=cursor, devices=F("devices") + devices)


def end(source: int) -> None:
    """Forget the source's run, with all that was not taken."""
    models.SyncPart.objects.filter(run__source_id=source).delete()
    models.SyncRun.objects.filter(source_id=source).delete()


def add(run: int, parts: Iterable[Sequence[Mapping[str, Any]]], cursor: str, devices: int, passed: int, wrong: list[str]) -> None:
    """A page: its mentions in plain form, and where the next one begins; together, so that a page counts once."""
    rows = [models.SyncPart(run_id=run, payload=_packed(part)) for part in parts]
    models.SyncPart.objects.bulk_create(rows)
    counts = {"devices": F("devices") + devices, "passed": F("passed") + passed, "faults": F("faults") + len(wrong)}
    models.SyncRun.objects.filter(pk=run).update(cursor=cursor, **counts)
    if wrong:
        models.SyncRun.objects.filter(pk=run, why="").update(why="\n".join(wrong[:10]))


def fetched(run: int, stage: Stage, now: Instant, *, confirmed: bool) -> None:
    """The set is whole. ``confirmed``: whoever asked for it had seen what it is."""
    models.SyncRun.objects.filter(pk=run).update(stage=stage.value, fetched=now, confirmed=confirmed)


def confirm(source: int) -> bool:
    """A person let the source's set in; False if there is none that waits."""
    waiting = models.SyncRun.objects.filter(source_id=source, stage=Stage.WAITING.value)
    return waiting.update(stage=Stage.TAKING.value, confirmed=True) > 0


def next_part(run: int) -> tuple[int, list[Mapping[str, Any]]] | None:
    """The oldest part that was not taken: its number and mentions in plain form."""
    row = models.SyncPart.objects.filter(run_id=run).order_by("pk").first()
    return None if row is None else (row.pk, json.loads(zlib.decompress(bytes(row.payload))))


def taken(run: int, part: int, conflicts: Sequence[str]) -> None:
    """A part is taken; these of its names belonged to different devices."""
    models.SyncPart.objects.filter(pk=part).delete()
    if conflicts:
        row = models.SyncRun.objects.get(pk=run)
        row.conflicts = "\n".join([*row.conflicts.splitlines(), *conflicts][:CONFLICTS])
        row.save(update_fields=["conflicts"])


def finish(source: int) -> None:
    """All is taken. The set's conflicts stay with the source until its next one."""
    run = models.SyncRun.objects.get(source_id=source)
    models.Source.objects.filter(pk=source).update(conflicts=run.conflicts)
    end(source)


def _run(row: models.SyncRun) -> Run:
    counts = (row.devices, row.passed, row.faults)
    return Run(row.pk, Stage(row.stage), row.began, row.fetched, row.cursor, *counts, row.why, row.confirmed)


def _packed(part: Sequence[Mapping[str, Any]]) -> bytes:
    return zlib.compress(json.dumps(part, separators=(",", ":")).encode())
