"""Events as sources posted them, waiting to be taken. A body is stored only until it is taken: it may list every app of
somebody's own phone."""

from dataclasses import dataclass

from django.db import IntegrityError, connection
from django.db.models import Count, Max, Sum
from django.db.models.functions import Length

from countermand.core.instants import Instant
from countermand.store import models
from countermand.store.overwriting import overwriting


@dataclass(frozen=True, slots=True)
class EventRow:
    """``event``: the sender's id, by which a replay is known; ``code`` and ``why``: what kept it from being taken."""

    number: int
    source: str
    event: str
    at: Instant
    code: str
    why: str


class Replay(Exception):
    """The event was stored before, whatever has become of it."""


def keep(source: str, event: str, body: bytes, now: Instant) -> None:
    """Store it. Replay, and the unit that it is in undoes itself."""
    try:
        models.SourceEvent.objects.create(source=source, event=event, body=body, at=now)
    except IntegrityError as known:
        raise Replay from known


def stored(source: str) -> tuple[int, int]:
    """(how many events of a source nobody has taken, how many bytes they are), those that are set aside among them."""
    rows = models.SourceEvent.objects.filter(source=source, taken_at=None)
    found = rows.aggregate(count=Count("pk"), size=Sum(Length("body")))
    return found["count"], found["size"] or 0


def latest(source: str) -> Instant | None:
    """When the last event of a source came that is remembered."""
    found: Instant | None = models.SourceEvent.objects.filter(source=source).aggregate(at=Max("at"))["at"]
    return found


def waiting(most: int) -> list[int]:
    """Numbers of events that nobody has taken and nothing was wrong with, in the order in which they came; without those of
    sources that are paused."""
    paused = models.Source.objects.exclude(paused_at=None).values_list("name")
    rows = models.SourceEvent.objects.filter(taken_at=None, code="").exclude(source__in=paused).order_by("pk")
    return list(rows.values_list("pk", flat=True)[:most])


def find(number: int) -> tuple[EventRow, bytes] | None:
    """An event that still waits, or is set aside, with its body; None if somebody has taken it."""
    row = models.SourceEvent.objects.filter(pk=number, taken_at=None).first()
    return (_event(row), bytes(row.body)) if row else None


def lock(number: int) -> bool:
    """Inside a unit: hold an event until the unit's end, so that no other thread takes it too; False if somebody has taken
    it, or has it in hand."""
    rows = models.SourceEvent.objects.filter(pk=number, taken_at=None)
    if connection.features.has_select_for_update_skip_locked:
        rows = rows.select_for_update(skip_locked=True)
    return bool(rows.values_list("pk", flat=True)[:1])


def taken(number: int, now: Instant) -> None:
    with overwriting():  # PRIVACY: it may list every app of somebody's own phone
        models.SourceEvent.objects.filter(pk=number).update(taken_at=now, body=b"", code="", why="")


def taken_but(number: int, rest: bytes, code: str, why: str) -> None:
    """It was taken but for this ``rest``, which waits for a person."""
    with overwriting():  # PRIVACY: as for an event that was taken
        models.SourceEvent.objects.filter(pk=number).update(body=rest, code=code, why=why[:1000])


def set_aside(number: int, code: str, why: str) -> None:
    """It could not be taken; it waits for a person, as it was posted."""
    models.SourceEvent.objects.filter(pk=number, taken_at=None).update(code=code, why=why[:1000])


def aside() -> list[EventRow]:
    """What waits for a person, oldest first."""
    return [_event(row) for row in models.SourceEvent.objects.filter(taken_at=None).exclude(code="").order_by("pk").defer("body")]


def forget(before: Instant) -> int:
    """Forget events that came before; returns how many. A replay of one of those would be taken again, and change nothing."""
    count, _ = models.SourceEvent.objects.filter(at__lt=before).exclude(taken_at=None, code="").delete()
    return count


def _event(row: models.SourceEvent) -> EventRow:
    return EventRow(row.pk, row.source, row.event, row.at, row.code, row.why)
