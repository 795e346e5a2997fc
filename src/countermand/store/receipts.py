"""Receipts of hand-overs as rows. The lists in them are packed: a hand-over may name every phone of a large company."""

import json
import zlib
from collections.abc import Collection, Iterable

from django.db.models import Max

from countermand.core.devices import Platform
from countermand.core.handover import Format, Item, Receipt, Thing
from countermand.store import models


def of(lineage: str, format_: Format) -> list[Receipt]:
    """Every receipt of a lineage in this format, oldest first."""
    rows = models.Receipt.objects.filter(lineage=lineage, format=format_.value).order_by("number")
    return [_receipt(row) for row in rows]


def last(lineage: str) -> int:
    """The number of the last receipt in any format; 0 if there is none."""
    found: int | None = models.Receipt.objects.filter(lineage=lineage).aggregate(last=Max("number"))["last"]
    return found or 0


def add(lineage: str, receipt: Receipt, added: bytes, removed: bytes) -> None:
    """Keep a receipt, in the caller's unit; its lists come packed, because packing a long one takes its time."""
    models.Receipt.objects.create(
        lineage_id=lineage,
        number=receipt.number,
        format=receipt.format.value,
        added=added,
        removed=removed,
        undoes=receipt.undoes,
        at=receipt.at,
        by=receipt.by,
    )


def _receipt(row: models.Receipt) -> Receipt:
    added, removed = unpack(bytes(row.added)), unpack(bytes(row.removed))
    return Receipt(row.number, Format(row.format), added, removed, row.at, row.by, row.undoes)


def pack(items: Collection[Item]) -> bytes:
    """A list as bytes; the same content always gives the same bytes. Sorted, so that neighbours are alike and pack well."""
    rows = [[item.thing, item.login, item.platform, item.kind, item.value] for item in sorted(items)]
    return zlib.compress(json.dumps(rows, separators=(",", ":"), ensure_ascii=False).encode("utf-8", "surrogatepass"))


def unpack(packed: bytes) -> frozenset[Item]:
    rows: Iterable[list[str]] = json.loads(zlib.decompress(packed).decode("utf-8", "surrogatepass"))
    return frozenset(Item(Thing(thing), login, Platform(platform), kind, value) for thing, login, platform, kind, value in rows)
