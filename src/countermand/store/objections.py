"""What employees say against an order, as rows: said once, answered once."""

from collections.abc import Collection
from dataclasses import dataclass

from countermand.core.instants import Instant
from countermand.store import models

CONTEST, NOT_MINE = "contest", "not-mine"


@dataclass(frozen=True, slots=True)
class Objection:
    """``person`` and ``device`` are ordinals; ``answered_at`` None while it waits."""

    pk: int
    kind: str
    person: int
    device: int
    lineage: str
    words: str
    at: Instant
    answered_at: Instant | None
    answered_by: str
    answer: str


def add(kind: str, person: int, device: int, lineage: str, words: str, at: Instant) -> int:
    made = models.Objection.objects.create(kind=kind, person_id=person, device_id=device, lineage=lineage, words=words, at=at)
    return int(made.pk)


def find(pk: int) -> Objection | None:
    return next(iter(_all(models.Objection.objects.filter(pk=pk))), None)


def of_person(person: int) -> list[Objection]:
    """The newest first."""
    return _all(models.Objection.objects.filter(person=person).order_by("-at", "-pk"))


def waiting(limit: int = 100) -> list[Objection]:
    """Those that nobody has answered, the oldest first."""
    return _all(models.Objection.objects.filter(answered_at__isnull=True).order_by("at")[:limit])


def answer(pk: int, words: str, by: str, at: Instant) -> None:
    models.Objection.objects.filter(pk=pk).update(answer=words, answered_by=by, answered_at=at)


def _all(rows: "Collection[models.Objection]") -> list[Objection]:
    return [
        Objection(
            row.pk, row.kind, row.person_id, row.device_id, row.lineage, row.words, row.at, row.answered_at, row.answered_by,
            row.answer,
        )
        for row in rows
    ]  # fmt: skip
