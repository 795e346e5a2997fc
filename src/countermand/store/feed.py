"""What gates are to hear, as rows: marks that flows leave in their own unit, the signed records, the last heartbeat, and
what gates say they know. The publisher (flows.publish) turns marks into numbered records from committed rows.

Marks, by kind (``key``, ``block``):

=============  =========================================================================================
lineage        the lineage's id: anything about it but whom it denies (issued, halted, resumed, ended, ...)
denials        the lineage's id and a block of devices, -1 = every block
unregistered   the lineage's id and a block of people, -1 = every block
identities     ``pair(login, kind, value)``: a name that began or ceased to belong to a device of that login; or
               key '' and a block of devices: names were added to many (an import); -1 = to any
logins         a normalised login that began or ceased to be somebody; or '' and a block of people, -1 = any
protected      a normalised login whose protection began or ended
clock          nothing: a drill's clock was moved, say so at once
=============  =========================================================================================
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field, fields
from typing import Any

from django.db import connection

from countermand.core.instants import Instant
from countermand.store import bulk, models
from countermand.store.faults import told_apart

_CHUNK = 900


def mark(kind: str, key: str = "", block: int = -1) -> None:
    """Gates must hear of this. Called inside the unit that changes it."""
    mark_all([(kind, key, block)])


def mark_all(marks: Sequence[tuple[str, str, int]]) -> None:
    """Gates must hear of all of these: (kind, key, block)."""
    bulk.put("INSERT INTO store_dirty (kind, key, block) VALUES {}", marks)


def mark_names(pairs: Iterable[tuple[str, str, str]]) -> None:
    """(login, kind, value) of every name that began or ceased to belong to a device of that login: when a device changes
    hands, its names under the old login and under the new one."""
    mark_all([("identities", pair(*found), -1) for found in pairs])


def pair(login: str, kind: str, value: str) -> str:
    """The key of an ``identities`` mark."""
    return "\t".join((kind, login.replace("\t", " "), value))


def unpaired(key: str) -> tuple[str, str, str]:
    """(login, kind, value) of such a key."""
    kind, login, value = key.split("\t", 2)
    return login, kind, value


# -- for the publisher --


@dataclass(frozen=True, slots=True)
class Mark:
    """Marks of the same thing, coalesced; ``ids`` are their rows."""

    kind: str
    key: str
    block: int
    ids: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Last:
    """The last record of an epoch: number 0 and '' if there is none."""

    n: int
    digest: str


@dataclass(frozen=True, slots=True)
class Row:
    """A record to be stored."""

    n: int
    digest: str
    line: bytes


@dataclass(frozen=True, slots=True)
class Beat:
    """The last heartbeat."""

    epoch: int
    n: int
    time: Instant
    line: bytes


def marks(limit: int) -> list[Mark]:
    """The oldest marks, at most ``limit`` rows of them, in order of their first appearance."""
    found: dict[tuple[str, str, int], list[int]] = {}
    for row in models.Dirty.objects.order_by("id").values_list("id", "kind", "key", "block")[:limit]:
        found.setdefault(row[1:], []).append(row[0])
    return [Mark(*name, tuple(ids)) for name, ids in found.items()]


def stopping_marks() -> list[Mark]:
    """The marks of lineages, however many others wait before them: a halt does not queue."""
    found: dict[str, list[int]] = {}
    for id_, key in models.Dirty.objects.filter(kind="lineage").order_by("id").values_list("id", "key"):
        found.setdefault(key, []).append(id_)
    return [Mark("lineage", key, -1, tuple(ids)) for key, ids in found.items()]


def unmark(done: Iterable[Mark]) -> None:
    """These marks have become records."""
    ids = [(id_,) for mark_ in done for id_ in mark_.ids]
    with connection.cursor() as cursor:
        cursor.executemany("DELETE FROM store_dirty WHERE id = %s", ids)


def any_marks() -> bool:
    return models.Dirty.objects.exists()


def last(epoch: int) -> Last:
    row = models.FeedRecord.objects.filter(epoch=epoch).order_by("-n").values_list("n", "digest").first()
    return Last(*row) if row else Last(0, "")


def append(epoch: int, rows: Sequence[Row], at: Instant) -> None:
    """Store the next records of an epoch."""
    made = [models.FeedRecord(epoch=epoch, n=row.n, digest=row.digest, body=row.line, at=at) for row in rows]
    models.FeedRecord.objects.bulk_create(made, batch_size=_CHUNK // 5)


def prune(epoch: int, before: int) -> None:
    """Forget records that a snapshot has made needless: those numbered under ``before``, and other epochs'."""
    models.FeedRecord.objects.filter(epoch=epoch, n__lt=before).delete()
    models.FeedRecord.objects.filter(epoch__lt=epoch).delete()


def save_beat(beat: Beat) -> None:
    values = {"epoch": beat.epoch, "n": beat.n, "time": beat.time, "body": beat.line}
    models.FeedHeartbeat.objects.update_or_create(id=1, defaults=values)


# -- for whoever passes it on --


def beat() -> Beat | None:
    row = models.FeedHeartbeat.objects.filter(id=1).first()
    return Beat(row.epoch, row.n, row.time, bytes(row.body)) if row else None


def after(epoch: int, n: int, limit: int) -> list[tuple[int, bytes]]:
    """(number, line) of the records that follow ``n``, in order."""
    rows = models.FeedRecord.objects.filter(epoch=epoch, n__gt=n).order_by("n").values_list("n", "body")[:limit]
    return [(number, bytes(line)) for number, line in rows]


def since(epoch: int, n: int) -> tuple[int, int]:
    """How many records follow ``n``, and their bytes."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT COUNT(*), SUM(LENGTH(body)) FROM store_feedrecord WHERE epoch = %s AND n > %s", [epoch, n])
        count, size = cursor.fetchone()
    return count, size or 0


def first(epoch: int) -> int | None:
    """The lowest number that is still kept; None if there are no records."""
    return models.FeedRecord.objects.filter(epoch=epoch).order_by("n").values_list("n", flat=True).first()


def tick() -> int | None:
    """A number that differs from the last one this thread got if anybody else committed in between: SQLite's counter, or
    which transactions PostgreSQL takes for ended. None where nothing tells so cheaply: then look."""
    looks = {"sqlite": "PRAGMA data_version", "postgresql": "SELECT pg_current_snapshot()"}
    if connection.vendor not in looks:
        return None
    with told_apart(), connection.cursor() as cursor:
        cursor.execute(looks[connection.vendor])
        found = cursor.fetchone()[0]
    return found if isinstance(found, int) else hash(found)


# -- what gates say --


@dataclass(frozen=True, slots=True)
class DenialsShown:
    """For one directive at one gate, of logins that had proved themselves: ``lately`` and ``hour`` are the devices that were
    denied mail within ten minutes and within an hour, ``times`` the requests within the hour."""

    lately: int
    hour: int
    times: int

    @classmethod
    def of(cls, value: Mapping[str, Any]) -> "DenialsShown":
        """From plain values, as a gate sends them and a row keeps them. KeyError, TypeError or ValueError if it is not one."""
        return cls(*(max(0, int(value[one.name])) for one in fields(cls)))


@dataclass(frozen=True, slots=True)
class Gate:
    """What a gate last said; ``at`` is when. ``heard``: the control plane's time in its last heartbeat. ``decisions``: times
    since it started, by "outcome/reason"; ``shown``: by directive; ``version``: of its software, '' if it did not say."""

    name: str
    epoch: int
    n: int
    at: Instant
    heard: Instant
    stopped: bool
    decisions: dict[str, int]
    shown: dict[str, DenialsShown] = field(default_factory=dict)
    version: str = ""


def save_gate(gate: Gate) -> None:
    values: dict[str, Any] = {
        "epoch": gate.epoch,
        "n": gate.n,
        "at": gate.at,
        "heard": gate.heard,
        "stopped": gate.stopped,
        "decisions": gate.decisions,
        "shown": {lineage: asdict(one) for lineage, one in gate.shown.items()},
        "version": gate.version,
    }
    models.GateSeen.objects.update_or_create(name=gate.name, defaults=values)


def gates() -> list[Gate]:
    """Every gate that ever reported, by name."""
    rows = models.GateSeen.objects.order_by("name")
    return [Gate(r.name, r.epoch, r.n, r.at, r.heard, r.stopped, dict(r.decisions), _shown(r.shown), r.version) for r in rows]


def _shown(kept: Mapping[str, Any]) -> dict[str, DenialsShown]:
    return {lineage: DenialsShown.of(one) for lineage, one in kept.items()}


def ahead(epoch: int, n: int) -> Gate | None:
    """A gate that has heard more than this; None if there is none."""
    return next((gate for gate in gates() if (gate.epoch, gate.n) > (epoch, n)), None)
