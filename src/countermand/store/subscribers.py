"""Subscribers as rows, and how far each has been told."""

from dataclasses import dataclass, field

from countermand.core.instants import Instant
from countermand.store import models


@dataclass(frozen=True, slots=True)
class Subscriber:
    """``credential``: sealed, empty for one that needs none. ``position``: the next leaf that it is told."""

    pk: int
    name: str
    kind: str
    url: str
    form: str
    only: tuple[str, ...]
    hide_actors: bool
    credential: bytes = field(repr=False)
    position: int
    paused_at: Instant | None
    failures: int
    next_try: Instant
    told_at: Instant | None
    fault: str


def every() -> list[Subscriber]:
    """All, by name."""
    return [_subscriber(row) for row in models.Subscriber.objects.order_by("name")]


def find(name: str) -> Subscriber | None:
    row = models.Subscriber.objects.filter(name=name).first()
    return _subscriber(row) if row else None


def add(
    name: str, kind: str, url: str, form: str, only: tuple[str, ...], hide_actors: bool, credential: bytes, position: int
) -> None:
    models.Subscriber.objects.create(
        name=name,
        kind=kind,
        url=url,
        form=form,
        only="\n".join(only),
        hide_actors=hide_actors,
        credential=credential,
        position=position,
    )


def remove(pk: int) -> None:
    models.Subscriber.objects.filter(pk=pk).delete()


def pause(pk: int, at: Instant | None) -> None:
    """Tell it nothing from ``at`` on; None: go on where it was left, at once."""
    models.Subscriber.objects.filter(pk=pk).update(paused_at=at, failures=0, next_try=0, **({} if at else {"fault": ""}))


def place(pk: int, position: int) -> None:
    """The next that it is told is this leaf."""
    models.Subscriber.objects.filter(pk=pk).update(position=position, failures=0, next_try=0)


def arrived(pk: int, before: int, position: int, at: Instant) -> bool:
    """Everything up to ``position`` arrived; False, and nothing written, if somebody placed it anew meanwhile."""
    return bool(
        models.Subscriber.objects.filter(pk=pk, position=before).update(
            position=position, failures=0, next_try=0, fault="", told_at=at
        )
    )


def failed(pk: int, fault: str, failures: int, next_try: Instant) -> None:
    models.Subscriber.objects.filter(pk=pk).update(fault=fault[:1000], failures=failures, next_try=next_try)


def _subscriber(row: models.Subscriber) -> Subscriber:
    return Subscriber(
        pk=row.pk,
        name=row.name,
        kind=row.kind,
        url=row.url,
        form=row.form,
        only=tuple(row.only.split()),
        hide_actors=row.hide_actors,
        credential=bytes(row.credential or b""),
        position=row.position,
        paused_at=row.paused_at,
        failures=row.failures,
        next_try=row.next_try,
        told_at=row.told_at,
        fault=row.fault,
    )
