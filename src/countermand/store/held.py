"""What waits for a person: batches that nothing reads as facts until somebody releases them."""

import json
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from countermand.core.errors import Refused
from countermand.core.instants import Instant
from countermand.store import models


@dataclass(frozen=True, slots=True)
class HeldRow:
    """``why`` is an error code whose words ``counts`` fill."""

    pk: int
    kind: str
    source: str
    why: str
    counts: Mapping[str, Any]
    at: Instant


def hold(kind: str, source: str, why: str, counts: Mapping[str, Any], payload: Sequence[Any], now: Instant) -> int:
    """Keep a batch (plain JSON) until a person decides; returns its number."""
    packed = zlib.compress(json.dumps(payload, separators=(",", ":")).encode())
    row = models.Held.objects.create(kind=kind, source=source, why=why, counts=dict(counts), payload=packed, at=now)
    return int(row.pk)


def waiting() -> list[HeldRow]:
    """What nobody has decided yet, oldest first."""
    rows = models.Held.objects.filter(released_at=None, dropped_at=None).order_by("id").defer("payload")
    return [HeldRow(row.pk, row.kind, row.source, row.why, row.counts, row.at) for row in rows]


def waiting_of(kind: str, source: str) -> HeldRow | None:
    """The batch of this kind and source that waits, if one does."""
    return next((row for row in waiting() if (row.kind, row.source) == (kind, source)), None)


def kind_of(pk: int) -> str:
    """What a batch that waits is; '' if there is none."""
    return models.Held.objects.filter(pk=pk, released_at=None, dropped_at=None).values_list("kind", flat=True).first() or ""


def recount(pk: int, counts: Mapping[str, Any]) -> None:
    """A batch that waits has grown."""
    models.Held.objects.filter(pk=pk).update(counts=dict(counts))


def take(pk: int) -> tuple[HeldRow, list[Any]]:
    """A batch that still waits, with its payload. Refused ``not-found`` if there is none, or it was decided already."""
    row = models.Held.objects.filter(pk=pk, released_at=None, dropped_at=None).first()
    if row is None:
        numbers = ", ".join(str(one.pk) for one in waiting()) or "nothing waits"
        raise Refused("not-found", what="held batch", name=str(pk), nearest=numbers)
    payload: list[Any] = json.loads(zlib.decompress(bytes(row.payload)))
    return HeldRow(row.pk, row.kind, row.source, row.why, row.counts, row.at), payload


def decided(pk: int, by: str, now: Instant, *, released: bool) -> None:
    """A person released or dropped it; the payload goes, what was decided stays."""
    changes = {"released_at": now} if released else {"dropped_at": now}
    models.Held.objects.filter(pk=pk).update(released_by=by, payload=b"", **changes)
