"""How the telling of one version stands, in counts of people: told, and what became of the notices that tell."""

from collections.abc import Iterator
from dataclasses import dataclass

from django.db.models import Count

from countermand.core.instants import Instant
from countermand.core.notices import TELLING, Kind
from countermand.store import bulk, models

_KINDS = ", ".join(f"'{kind.value}'" for kind in sorted(TELLING))


def told(version: int) -> int:
    """How many people were told of this version."""
    return models.Told.objects.filter(version=version).count()


def next_due(version: int, now: Instant) -> Instant | None:
    """The first due later than ``now`` that anybody was told for this version."""
    return models.Told.objects.filter(version=version, due__gt=now).order_by("due").values_list("due", flat=True).first()


def outcomes(version: int) -> dict[str, int]:
    """State of a notice that tells of this version → how many people it is addressed to."""
    query = (
        f"SELECT state, COUNT(DISTINCT person_id) FROM store_notice WHERE version_id = %s AND kind IN ({_KINDS}) "
        "AND occurrence = '' GROUP BY state"
    )
    return dict(bulk.all_rows(query, [version]))


def corrections(lineage: str) -> dict[str, int]:
    """State of a correction → how many people it is addressed to."""
    query = (
        "SELECT n.state, COUNT(DISTINCT n.person_id) FROM store_notice n JOIN store_version v ON v.id = n.version_id"
        " WHERE v.lineage_id = %s AND n.kind = 'rescinded' GROUP BY n.state"
    )
    return dict(bulk.all_rows(query, [lineage]))


def states() -> dict[str, int]:
    """How many notices there are of each state."""
    rows = models.Notice.objects.values_list("state").annotate(count=Count("id")).order_by("state")
    return {str(state): int(count) for state, count in rows}


@dataclass(frozen=True, slots=True)
class SentRow:
    """A notice that reached a person, or may have. ``at``: when it was settled."""

    kind: Kind
    occurrence: str
    at: Instant | None
    stated_due: Instant | None


def sent_to(version: int, person: int) -> list[SentRow]:
    """Notices of a version that reached this person or may have, or that are on their way, the earliest first."""
    rows = bulk.all_rows(
        "SELECT kind, occurrence, settled_at, stated_due FROM store_notice WHERE version_id = %s AND person_id = %s "
        "AND (reached OR state IN ('accepted', 'claimed', 'bounced')) ORDER BY id",
        [version, person],
    )
    return [SentRow(Kind(kind), occurrence, at, due) for kind, occurrence, at, due in rows]


@dataclass(frozen=True, slots=True)
class HistoryRow:
    """A notice of any version. ``reached``: some attempt was accepted, or may have been."""

    id: int
    version: int
    login: str
    kind: str
    occurrence: str
    state: str
    promised_at: Instant
    settled_at: Instant | None
    stated_due: Instant | None
    attempts: int
    reached: bool


def history(lineage: str, page: int = 5_000) -> Iterator[HistoryRow]:
    """Every notice of a lineage, the earliest first."""
    after = 0
    while rows := bulk.all_rows(
        "SELECT n.id, v.number, p.login, n.kind, n.occurrence, n.state, n.promised_at, n.settled_at, n.stated_due, n.attempts, "
        "n.reached FROM store_notice n JOIN store_version v ON v.id = n.version_id "
        "JOIN store_person p ON p.ordinal = n.person_id "
        "WHERE v.lineage_id = %s AND n.id > %s ORDER BY n.id LIMIT %s",
        [lineage, after, page],
    ):
        yield from (HistoryRow(*row) for row in rows)
        after = int(rows[-1][0])


@dataclass(frozen=True, slots=True)
class Known:
    """An order of which a person heard, or may have. ``version``: the last of which they did; ``at``: when."""

    lineage: str
    version: int
    at: Instant | None
    halted_at: Instant | None
    ended_at: Instant | None
    ground: str


def known_to(person: int) -> list[Known]:
    """Every order that reached this person, the newest first."""
    rows = bulk.all_rows(
        "SELECT v.lineage_id, v.id, n.settled_at, l.halted_at, l.ended_at, l.ground FROM store_notice n "
        "JOIN store_version v ON v.id = n.version_id JOIN store_lineage l ON l.id = v.lineage_id "
        f"WHERE n.person_id = %s AND n.reached AND n.kind IN ({_KINDS}) ORDER BY v.id",
        [person],
    )
    last = {row[0]: Known(*row) for row in rows}
    return sorted(last.values(), key=lambda one: (-one.version, one.lineage))
