"""What employees say against an order, as rows: said once, answered once."""

from collections import Counter
from collections.abc import Collection
from dataclasses import dataclass

from countermand.core.instants import Instant
from countermand.store import models

CONTEST, NOT_MINE = "contest", "not-mine"


@dataclass(frozen=True, slots=True)
class Objection:
    """``person`` and ``device`` are ordinals; ``answered_at`` None while it waits, for ``answerer`` until ``answer_by``.
    ``cut_at``: since when the device gets no mail of the person, None if it was never cut; ``mended_at``: until when."""

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
    answerer: str = ""
    answer_by: Instant = 0
    escalated: int = 0
    cut_at: Instant | None = None
    mended_at: Instant | None = None

    @property
    def cuts(self) -> bool:
        """The device gets no mail of the person because of it."""
        return self.cut_at is not None and self.mended_at is None


def add(kind: str, person: int, device: int, lineage: str, words: str, at: Instant, answerer: str, answer_by: Instant) -> int:
    made = models.Objection.objects.create(
        kind=kind, person_id=person, device_id=device, lineage=lineage, words=words, at=at,
        answerer=answerer, answer_by=answer_by, cut_at=at if kind == NOT_MINE else None,
    )  # fmt: skip
    return int(made.pk)


def find(pk: int) -> Objection | None:
    return next(iter(_all(models.Objection.objects.filter(pk=pk))), None)


def of_person(person: int) -> list[Objection]:
    """The newest first."""
    return _all(models.Objection.objects.filter(person=person).order_by("-at", "-pk"))


def waiting(limit: int = 100) -> list[Objection]:
    """Those that nobody has answered, the oldest first."""
    return _all(models.Objection.objects.filter(answered_at__isnull=True).order_by("at")[:limit])


def any_cut() -> bool:
    """Whether anybody ever disowned a device."""
    return models.Objection.objects.filter(cut_at__isnull=False).exists()


def load_of(answerers: Collection[str]) -> dict[str, int]:
    """How many each of these people has to answer; those who have none are left out."""
    rows = models.Objection.objects.filter(answered_at__isnull=True, answerer__in=list(answerers))
    return dict(Counter(rows.values_list("answerer", flat=True)))


def late(at: Instant, limit: int) -> list[Objection]:
    """Those whose answerer did not answer in time, the oldest first."""
    return _all(models.Objection.objects.filter(answered_at__isnull=True, answer_by__lte=at).order_by("at")[:limit])


def pass_on(pk: int, answerer: str, answer_by: Instant, escalated: int) -> None:
    models.Objection.objects.filter(pk=pk).update(answerer=answerer, answer_by=answer_by, escalated=escalated)


def mend(pk: int, at: Instant) -> None:
    """The device gets mail of the person again, as far as this goes."""
    models.Objection.objects.filter(pk=pk).update(mended_at=at)


def answer(pk: int, words: str, by: str, at: Instant) -> None:
    models.Objection.objects.filter(pk=pk).update(answer=words, answered_by=by, answered_at=at)


def _all(rows: "Collection[models.Objection]") -> list[Objection]:
    return [
        Objection(
            row.pk, row.kind, row.person_id, row.device_id, row.lineage, row.words, row.at, row.answered_at, row.answered_by,
            row.answer, row.answerer, row.answer_by, row.escalated, row.cut_at, row.mended_at,
        )
        for row in rows
    ]  # fmt: skip


def count_of(lineage: str) -> int:
    """How many wait for an answer about this directive."""
    return models.Objection.objects.filter(lineage=lineage, answered_at=None).count()
