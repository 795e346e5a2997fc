"""Looks that employees asked for, as rows: which sources are to ask a device again, and which have."""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from countermand.core.instants import Instant
from countermand.store import bulk, models


class State(StrEnum):
    WANTED = "wanted"
    ASKED = "asked"
    UNSUPPORTED = "unsupported"  # this source looks when it looks
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Recheck:
    """``asked_at``: when the source took the request to look; None if it has not."""

    pk: int
    device: int
    source: str
    lineage: str
    state: State
    attempts: int
    wanted_at: Instant
    asked_at: Instant | None


def sources_of(device: int) -> list[str]:
    """The sources with which the device is enrolled now."""
    rows = bulk.all_rows("SELECT source FROM store_enrolled WHERE device_id = %s AND until IS NULL ORDER BY source", [device])
    return [row[0] for row in rows]


def want(device: int, source: str, lineage: str, at: Instant) -> None:
    """The source is to look at this device again."""
    models.Recheck.objects.update_or_create(
        device_id=device,
        source=source,
        lineage=lineage,
        defaults={"state": State.WANTED.value, "ticket": "", "attempts": 0, "wanted_at": at, "asked_at": None},
    )


def of_device(device: int) -> list[Recheck]:
    """By source."""
    return _all(models.Recheck.objects.filter(device=device).order_by("source", "lineage"))


def wanted(limit: int) -> list[Recheck]:
    """Those that no source was asked for yet, the oldest first."""
    return _all(models.Recheck.objects.filter(state=State.WANTED).order_by("id")[:limit])


def asked(pk: int, ticket: str, at: Instant) -> None:
    models.Recheck.objects.filter(pk=pk).update(state=State.ASKED.value, ticket=ticket, asked_at=at)


def unsupported(pk: int) -> None:
    models.Recheck.objects.filter(pk=pk).update(state=State.UNSUPPORTED.value)


def tried(pk: int, attempts: int, *, over: bool) -> None:
    """The source could not be asked; ``over``: nobody tries again."""
    state = State.FAILED if over else State.WANTED
    models.Recheck.objects.filter(pk=pk).update(state=state.value, attempts=attempts)


def _all(rows: Iterable[models.Recheck]) -> list[Recheck]:
    return [
        Recheck(row.pk, row.device_id, row.source, row.lineage, State(row.state), row.attempts, row.wanted_at, row.asked_at)
        for row in rows
    ]
