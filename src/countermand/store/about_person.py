"""Rows about one person that no other question asks for together: what was sent to them, told them, said of their devices."""

from collections.abc import Collection, Mapping
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


@dataclass(frozen=True, slots=True)
class CheckRow:
    """Another look at a device that its person asked for."""

    directive: str
    source: str
    state: str
    wanted_at: Instant
    asked_at: Instant | None


@dataclass(frozen=True, slots=True)
class ElsewhereRow:
    """What is, or is to be, written of a device in another system, under that system's ``key``."""

    system: str
    key: str
    value: str
    wanted: str


@dataclass(frozen=True, slots=True)
class SignalRow:
    """What a receiver of signals was told, or is to be, of a person or a device: named to it by ``subject``."""

    receiver: str
    kind: str
    subject: str
    about: str


def checks(device: int) -> list[CheckRow]:
    query = "SELECT lineage, source, state, wanted_at, asked_at FROM store_recheck WHERE device_id = %s ORDER BY id"
    return [CheckRow(*row) for row in bulk.all_rows(query, [device])]


def elsewhere(device: int) -> list[ElsewhereRow]:
    rows = bulk.all_rows(
        "SELECT l.name, e.key, e.value, e.want FROM store_leverentry e JOIN store_lever l ON l.id = e.lever_id"
        " WHERE e.device = %s ORDER BY e.id",
        [device],
    )
    return [ElsewhereRow(*row) for row in rows]


def signals(person: int, devices: Collection[int]) -> list[SignalRow]:
    query = (
        "SELECT r.name, s.kind, s.subject, s.about FROM store_signal s JOIN store_signalstream t ON t.id = s.stream_id"
        " JOIN store_signalreceiver r ON r.id = t.receiver_id WHERE s."
    )
    rows = [*bulk.all_rows(f"{query}person = %s", [person]), *bulk.by_numbers(f"{query}device IN ({{}})", devices)]
    return [SignalRow(*row) for row in sorted(set(rows))]


def directory_key(person: int) -> str:
    """Under which key a directory that is read lists the person; '' if none does."""
    rows = bulk.all_rows("SELECT key FROM store_listed WHERE person_id = %s", [person])
    return str(rows[0][0]) if rows else ""


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
