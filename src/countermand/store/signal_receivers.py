"""Receivers of Shared Signals as rows: what each may ask for, and the digest of its secret."""

from dataclasses import dataclass, field

from countermand.core.caep import Shape, Wording
from countermand.core.instants import Instant
from countermand.store import models


@dataclass(frozen=True, slots=True)
class Receiver:
    """``device_kind``: under which of its names a device is told, '' for our own; ``revokes``: it may ask for session-revoked;
    ``inside``: the subject stands inside the event as well. ``secret_digest`` '' for one that asks for nothing."""

    pk: int
    name: str
    secret_digest: str = field(repr=False)
    generation: int
    scopes: frozenset[str]
    audience: str
    shape: Shape
    device_kind: str
    revokes: bool
    inside: bool
    added: Instant


def every() -> list[Receiver]:
    """All, by name."""
    return [receiver(row) for row in models.SignalReceiver.objects.order_by("name")]


def find(name: str) -> Receiver | None:
    row = models.SignalReceiver.objects.filter(name=name).first()
    return receiver(row) if row else None


def add(name: str, secret_digest: str, scopes: frozenset[str], wording: Wording, added: Instant) -> int:
    row = models.SignalReceiver.objects.create(
        name=name,
        secret_digest=secret_digest,
        scopes=" ".join(sorted(scopes)),
        audience=wording.audience,
        shape=wording.shape.value,
        device_kind=wording.device_kind,
        revokes=wording.revokes,
        inside=wording.inside,
        added=added,
    )
    return int(row.pk)


def rotate(pk: int, secret_digest: str, generation: int) -> None:
    """Another secret, and no token of before opens anything."""
    models.SignalReceiver.objects.filter(pk=pk).update(secret_digest=secret_digest, generation=generation)


def remove(pk: int) -> None:
    """With its stream, and everything that waits on it."""
    models.SignalReceiver.objects.filter(pk=pk).delete()


def receiver(row: models.SignalReceiver) -> Receiver:
    return Receiver(
        pk=row.pk,
        name=row.name,
        secret_digest=row.secret_digest,
        generation=row.generation,
        scopes=frozenset(row.scopes.split()),
        audience=row.audience,
        shape=Shape(row.shape),
        device_kind=row.device_kind,
        revokes=row.revokes,
        inside=row.inside,
        added=row.added,
    )
