"""Streams of Shared Signals as rows, and the subjects that their receivers do not want."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from django.db import connection
from django.db.models import F

from countermand.core import caep, facts
from countermand.core.caep import Status
from countermand.core.instants import Instant
from countermand.store import bulk, models, said, sets
from countermand.store.signal_receivers import Receiver, receiver


@dataclass(frozen=True, slots=True)
class Stream:
    """``credential``: sealed, empty for none. ``changed`` grows with every change; ``recall`` -1: nobody is recalled."""

    pk: int
    stream_id: str
    receiver: Receiver
    method: str
    endpoint: str
    credential: bytes = field(repr=False)
    requested: tuple[str, ...]
    description: str
    status: Status
    reason: str
    held_by: str
    changed: int
    recall: int
    created: Instant
    verified_at: Instant
    failures: int
    next_try: Instant
    delivered_at: Instant | None
    fault: str

    @property
    def supported(self) -> list[str]:
        return [caep.COMPLIANCE, *([caep.SESSION_REVOKED] if self.receiver.revokes else [])]

    @property
    def delivered(self) -> list[str]:
        return caep.delivered(self.supported, self.requested)

    @property
    def pushed(self) -> bool:
        return self.method == caep.PUSH

    @property
    def heard(self) -> bool:
        """Whether anything of anybody can be told on it now or later."""
        return self.status is not Status.DISABLED and bool(self.delivered)

    @property
    def applied(self) -> str:
        """The name of the set of devices that were denied when this stream's statements were last brought up to date."""
        return f"{facts.SIGNALLED}{self.pk}"

    @property
    def again(self) -> str:
        """The name of the set of devices to look at again, whether or not they are denied as before."""
        return f"{facts.SIGNALLED}{self.pk}:again"


def every() -> list[Stream]:
    """All, by the names of their receivers."""
    return [_stream(row) for row in _rows().order_by("receiver__name")]


def of(name: str) -> Stream | None:
    """The stream of the receiver of this name."""
    row = _rows().filter(receiver__name=name).first()
    return _stream(row) if row else None


def find(pk: int) -> Stream | None:
    row = _rows().filter(pk=pk).first()
    return _stream(row) if row else None


def taken(pk: int) -> Stream | None:
    """The stream as it is, in a unit: until the unit ends nobody else changes it or what it says."""
    if connection.vendor == "postgresql":
        bulk.all_rows("SELECT id FROM store_signalstream WHERE id = %s FOR UPDATE", [pk])
    return find(pk)


def add(receiver_pk: int, stream_id: str, created: Instant, **values: Any) -> None:
    """``values``: as of ``change``."""
    models.SignalStream.objects.create(receiver_id=receiver_pk, stream_id=stream_id, created=created, **_values(values))


def change(pk: int, **values: Any) -> None:
    """``values``: columns, ``requested`` as a sequence."""
    models.SignalStream.objects.filter(pk=pk).update(changed=F("changed") + 1, **_values(values))


def note(pk: int, **values: Any) -> None:
    """What became of delivering, which changes nothing of the stream."""
    models.SignalStream.objects.filter(pk=pk).update(**values)


def recalled(stream: Stream, following: int) -> None:
    """Everybody's statements are made anew up to this block, not including it; -1: in all. Not of a stream that was changed
    since."""
    models.SignalStream.objects.filter(pk=stream.pk, changed=stream.changed, recall__gte=0).update(recall=following)


def claim_verification(pk: int, real: Instant, interval: int) -> bool:
    """False if the last verification was asked for within the interval. Whoever asks at the same moment is too late."""
    fit = models.SignalStream.objects.filter(pk=pk, verified_at__lte=real - interval)
    return bool(fit.update(verified_at=real))


def remove(pk: int) -> None:
    """With all that waits on it, and the sets kept for it. In a unit of its own blocks, or alone."""
    found = find(pk)
    if found is not None:
        sets.drop(sets.DEVICES, [found.applied, found.again])
    models.SignalStream.objects.filter(pk=pk).delete()


def recall_all() -> int:
    """This is another epoch: whatever a receiver was told is in doubt, and nothing waits. Returns how many streams there are."""
    every_one = list(models.SignalStream.objects.values_list("pk", flat=True))
    for pk in every_one:
        said.unsure(pk)
        change(pk, recall=0, failures=0, next_try=0, verified_at=0)
    return len(every_one)


# -- subjects that are not wanted --


def unwanted(pk: int) -> list[str]:
    """Canonical subjects."""
    return list(models.Unwanted.objects.filter(stream=pk).order_by("pk").values_list("subject", flat=True))


def count_unwanted(pk: int) -> int:
    return models.Unwanted.objects.filter(stream=pk).count()


def unwant(pk: int, key: str, subject: str) -> None:
    models.Unwanted.objects.update_or_create(stream_id=pk, key=key, defaults={"subject": subject})


def want(pk: int, keys: Sequence[str]) -> bool:
    """Whether any of them was unwanted."""
    return bool(models.Unwanted.objects.filter(stream=pk, key__in=keys).delete()[0])


def _rows() -> Any:
    return models.SignalStream.objects.select_related("receiver")


def _values(values: dict[str, Any]) -> dict[str, Any]:
    if "requested" in values:
        values["requested"] = "\n".join(values["requested"])
    return values


def _stream(row: models.SignalStream) -> Stream:
    return Stream(
        pk=row.pk,
        stream_id=row.stream_id,
        receiver=receiver(row.receiver),
        method=row.method,
        endpoint=row.endpoint,
        credential=bytes(row.credential or b""),
        requested=tuple(row.requested.split()),
        description=row.description,
        status=Status(row.status),
        reason=row.reason,
        held_by=row.held_by,
        changed=row.changed,
        recall=row.recall,
        created=row.created,
        verified_at=row.verified_at,
        failures=row.failures,
        next_try=row.next_try,
        delivered_at=row.delivered_at,
        fault=row.fault,
    )
