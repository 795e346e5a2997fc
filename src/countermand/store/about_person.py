"""Rows about one person that no other question asks for together: what was sent to them, told them, said of their devices."""

from collections.abc import Mapping
from dataclasses import dataclass

from countermand.core.instants import Instant
from countermand.store import bulk, claims, models


@dataclass(frozen=True, slots=True)
class NoticeRow:
    """A notice to the person, sent or not. ``answer``: the mail server's last words about it."""

    directive: str
    version: int
    kind: str
    state: str
    promised_at: Instant
    settled_at: Instant | None
    stated_due: Instant | None
    message_id: str
    answer: str


@dataclass(frozen=True, slots=True)
class ToldRow:
    """The person was told of a version ``at`` that instant, with this due."""

    directive: str
    version: int
    due: Instant
    at: Instant


@dataclass(frozen=True, slots=True)
class RingRow:
    directive: str
    ring: int


@dataclass(frozen=True, slots=True)
class StatementRow:
    """What was stated of a device: these apps are gone. ``by``: who wrote it down."""

    apps: tuple[str, ...]
    at: Instant
    by: str


@dataclass(frozen=True, slots=True)
class StayRow:
    """The device is, or was, enrolled with a source. ``says``: what that source says it is."""

    source: str
    since: Instant
    until: Instant | None
    says: Mapping[str, str]


def active(person: int) -> bool:
    return bool(models.Person.objects.filter(ordinal=person, active=True).exists())


def notices(person: int) -> list[NoticeRow]:
    """Every notice that was promised to the person, in the order of the promises."""
    rows = bulk.all_rows(
        "SELECT v.lineage_id, v.number, n.kind, n.state, n.promised_at, n.settled_at, n.stated_due, n.message_id, n.answer"
        " FROM store_notice n JOIN store_version v ON v.id = n.version_id WHERE n.person_id = %s ORDER BY n.id",
        [person],
    )
    return [NoticeRow(*row) for row in rows]


@dataclass(frozen=True, slots=True)
class EchoRow:
    """A notice's words once more, by a second channel."""

    directive: str
    channel: str
    kind: str
    state: str
    promised_at: Instant
    settled_at: Instant | None


def echoes(person: int) -> list[EchoRow]:
    rows = bulk.all_rows(
        "SELECT v.lineage_id, e.channel, e.kind, e.state, e.promised_at, e.settled_at FROM store_echo e"
        " JOIN store_version v ON v.id = e.version_id WHERE e.person_id = %s ORDER BY e.id",
        [person],
    )
    return [EchoRow(*row) for row in rows]


def told(person: int) -> list[ToldRow]:
    rows = bulk.all_rows(
        "SELECT v.lineage_id, v.number, t.due, t.at FROM store_told t JOIN store_version v ON v.id = t.version_id"
        " WHERE t.person_id = %s ORDER BY t.at, v.id",
        [person],
    )
    return [ToldRow(*row) for row in rows]


def rings(person: int) -> list[RingRow]:
    query = 'SELECT lineage_id, "index" FROM store_ringmember WHERE person_id = %s ORDER BY lineage_id'
    return [RingRow(*row) for row in bulk.all_rows(query, [person])]


def statements(device: int) -> list[StatementRow]:
    rows = models.Attestation.objects.filter(device=device).order_by("at", "pk")
    return [StatementRow(tuple(row.apps), row.at, row.by) for row in rows]


def stays(device: int) -> list[StayRow]:
    found = sorted(claims.load([device]).get(device, {}).items(), key=lambda pair: (pair[1].since, pair[0]))
    return [
        StayRow(source, one.since, one.until, {name: word for name, (word, _) in sorted(one.said.items())})
        for source, one in found
    ]
