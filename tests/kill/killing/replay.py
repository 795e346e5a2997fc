"""The ledger replayed: what its entries say happened, counted, beside what the rows say is. Each change has exactly one."""

import json
from collections import Counter
from collections.abc import Callable, Hashable, Mapping
from typing import Any

from django.db.models import Q
from pyroaring import BitMap

from countermand.store import models

#: A kind of entry → what it adds to which account.
Posting = Callable[[Mapping[str, Any]], Mapping[Hashable, int]]


def entries() -> list[dict[str, Any]]:
    """All entries, in the order of writing."""
    return [json.loads(bytes(row.entry)) for row in models.LedgerRow.objects.order_by("pk")]


def _one(name: str, *keys: str) -> Posting:
    return lambda about: {(name, *(about[key] for key in keys)): 1}


def _issued(about: Mapping[str, Any]) -> Mapping[Hashable, int]:
    return {("issued", about["lineage"], about["version"]): 1}


def _flag(name: str, by: int) -> Posting:
    return lambda about: {(name, about["lineage"]): by}


def _handed_over(about: Mapping[str, Any]) -> Mapping[Hashable, int]:
    return {
        ("accepted", one["lineage"], one["version_number"], one["kind"]): one["accepted"]
        for one in about["notices"]
        if one.get("accepted")
    }


def _verdicts(about: Mapping[str, Any]) -> Mapping[Hashable, int]:
    moved = about["changes"].items()
    return {("verdict", about["lineage"], status): change["entered"] - change["left"] for status, change in moved}


_POSTINGS: dict[str, Posting] = {
    "written": _one("version", "lineage", "version"),
    "approved": lambda about: {("approved", about["lineage"], about["version"], about["purpose"]): 1},
    "issued": _issued,
    "superseded": _issued,
    "halted": _flag("halted", 1),
    "resumed": _flag("halted", -1),
    "rescinded": _flag("ended", 1),
    "notices-promised": lambda about: {("promised", about["lineage"], about["version"]): about["people"]},
    "corrections-promised": lambda about: {("corrections", about["lineage"]): about["people"]},
    "notices-handed-over": _handed_over,
    "verdicts-changed": _verdicts,
    "ring-opened": _flag("rings", 1),
    "lapsed": lambda about: {("lapsed", about["lineage"], about["version_number"]): about["entered"] - about["left"]},
    "stage-passed": _one("stage", "lineage", "stage"),
    "notice-bounced": lambda about: {("accepted", about["lineage"], about["version_number"], about["kind"]): -1},
    "protection-agreed": lambda about: {"protected": 1},
}


def said() -> Counter[Hashable]:
    """What the entries come to."""
    found: Counter[Hashable] = Counter()
    for entry in entries():
        if entry["kind"] in _POSTINGS:
            found.update(_POSTINGS[entry["kind"]](entry["about"]))
    return +found


def is_so() -> Counter[Hashable]:
    """The same accounts, counted in the rows."""
    found: Counter[Hashable] = Counter()
    found["protected"] = models.ProtectedLogin.objects.exclude(agreed_by="").count()
    for row in models.Lineage.objects.all():
        found["halted", row.pk] = row.halted_at is not None
        found["ended", row.pk] = row.ended_at is not None
        found["rings", row.pk] = max(len(row.rings_opened) - 1, 0)
    for version in models.Version.objects.all():
        _count_version(found, version)
    erased = Q(person__login__startswith="erased-")  # what was sent to them is known, under no name
    notices = models.Notice.objects.filter(~Q(message_id="") | erased, state="accepted")
    found.update(("accepted", *of) for of in notices.values_list("version__lineage_id", "version__number", "kind"))
    corrections = models.Notice.objects.filter(kind="rescinded").values_list("version__lineage_id", flat=True)
    found.update(("corrections", lineage) for lineage in corrections)
    for stored in models.FactSet.objects.filter(space="d"):
        what, _, rest = stored.name.partition(":")
        if what == "verdict":
            found["verdict", *rest.rsplit(":", 1)] += len(BitMap.deserialize(bytes(stored.bitmap)))
        elif what == "lapsed":
            of = models.Version.objects.values_list("lineage_id", "number").get(pk=int(rest))
            found["lapsed", *of] += len(BitMap.deserialize(bytes(stored.bitmap)))
    return +found


def _count_version(found: Counter[Hashable], row: models.Version) -> None:
    key = (row.lineage_id, row.number)
    found["version", *key] = 1
    found["issued", *key] = row.issued_at is not None
    found["promised", *key] = models.Notice.objects.filter(version=row, kind__in=["issued", "superseded"]).count()
    for given in models.Approval.objects.filter(version=row):
        found["approved", *key, given.purpose] += 1


def differences() -> list[str]:
    """Accounts that do not agree. Of an ended lineage the stored verdicts and lapses are forgotten without a word each,
    and stages have no row of their own: one entry is what there may be."""
    restored = sum(entry["about"]["halted"] for entry in entries() if entry["kind"] == "restored")
    ended = set(models.Lineage.objects.filter(ended_at__isnull=False).values_list("id", flat=True))
    found = []
    told, rows = said(), is_so()
    for key in sorted(told.keys() | rows.keys(), key=repr):
        what, *rest = key if isinstance(key, tuple) else (key,)
        if what in {"verdict", "lapsed"} and rest[0] in ended:
            continue
        wanted = 1 if what == "stage" else rows[key]
        if what == "halted" and told[key] < wanted and restored:
            restored -= 1  # a restore says how many it halted
        elif told[key] != wanted:
            found.append(f"the ledger says {told[key]} of {key}, the rows {wanted}")
    return found
