"""Questions to single devices: what the answer to each could show, and which of them nobody has heard an answer to."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from django.db import connection

from countermand.core.coverage import Coverage
from countermand.core.instants import Instant
from countermand.store import bulk, evidence

_COLUMNS = "identity, query, coverage_id, at, source, what, attempts, again_at"


@dataclass(frozen=True, slots=True)
class Unheard:
    """A question to one device that is to be asked again. ``attempts``: how often it was asked."""

    identity: str
    query: str
    source: str
    what: str
    attempts: int
    coverage: Coverage


def remember(identity: str, query: str, coverage: Coverage, at: Instant) -> None:
    """A query was sent by somebody else: its answer could show ``coverage``. Written before it is sent."""
    put([identity], query, coverage, at)


def put(
    identities: Collection[str],
    query: str,
    coverage: Coverage,
    at: Instant,
    *,
    source: str = "",
    what: str = "",
    attempts: int = 1,
    again_at: Instant | None = None,
) -> None:
    """A query goes to these devices; unless it is heard of, it is asked again at ``again_at`` (None: never)."""
    number = evidence.coverage_number(coverage)
    rows = [(one, query, number, at, source, what, attempts, again_at) for one in identities]
    bulk.put(f"INSERT INTO store_asked ({_COLUMNS}) VALUES {{}} ON CONFLICT (identity, query) DO NOTHING", rows)


def coverage_of(identity: str, query: str) -> Coverage | None:
    """What the answer to this query could show; None if we did not ask it."""
    rows = bulk.all_rows("SELECT coverage_id FROM store_asked WHERE identity = %s AND query = %s", [identity, query])
    return evidence.coverages([rows[0][0]])[rows[0][0]] if rows else None


def heard(identity: str, query: str, at: Instant) -> None:
    """The device answered: there is nothing more to come."""
    bulk.write(
        "UPDATE store_asked SET heard_at = %s, again_at = NULL WHERE identity = %s AND query = %s AND heard_at IS NULL",
        [(at, identity, query)],
    )


def put_off(identity: str, query: str, until: Instant) -> None:
    """The device will answer later: it has the question, so it is not asked again before then."""
    bulk.write(
        "UPDATE store_asked SET again_at = %s WHERE identity = %s AND query = %s AND again_at < %s",
        [(until, identity, query, until)],
    )


def awake(identity: str, source: str, before: Instant, again_at: Instant) -> None:
    """The device takes what waits for it now: whatever was asked before an instant and is not heard of soon was lost."""
    bulk.write(
        "UPDATE store_asked SET again_at = %s WHERE identity = %s AND source = %s AND at < %s AND again_at > %s",
        [(again_at, identity, source, before, again_at)],
    )


def left(identity: str, source: str) -> None:
    """The device is no longer enrolled: it is not asked again."""
    bulk.write("UPDATE store_asked SET again_at = NULL WHERE identity = %s AND source = %s", [(identity, source)])


def unheard(now: Instant, limit: int) -> list[Unheard]:
    """Questions that are to be asked again by now, of sources that are not paused, those that wait longest first."""
    rows = bulk.all_rows(
        "SELECT a.identity, a.query, a.source, a.what, a.attempts, a.coverage_id FROM store_asked a"
        " WHERE a.again_at <= %s AND a.source NOT IN (SELECT name FROM store_source WHERE paused_at IS NOT NULL)"
        " ORDER BY a.again_at LIMIT %s",
        [now, limit],
    )
    coverages = evidence.coverages({row[5] for row in rows})
    return [
        Unheard(identity, query, source, what, attempts, coverages[number])
        for identity, query, source, what, attempts, number in rows
    ]


def over(rows: Sequence[tuple[str, str]]) -> None:
    """These (device, query) are not asked again: they were asked anew, or often enough."""
    bulk.write("UPDATE store_asked SET again_at = NULL WHERE identity = %s AND query = %s", rows)


def later(rows: Sequence[tuple[str, str]], again_at: Instant) -> None:
    """These could not be asked again just now."""
    query = "UPDATE store_asked SET again_at = %s WHERE identity = %s AND query = %s AND again_at IS NOT NULL"
    bulk.write(query, [(again_at, *row) for row in rows])


def answers(source: str, since: Instant) -> int:
    """How many devices answered anything that this source was asked since."""
    query = "SELECT COUNT(DISTINCT identity) FROM store_asked WHERE source = %s AND at >= %s AND heard_at IS NOT NULL"
    return int(bulk.all_rows(query, [source, since])[0][0])


def forget(heard_before: Instant, asked_before: Instant) -> int:
    """Forget what was heard, or asked and not heard, before these instants. An answer that comes later still proves presence
    alone."""
    with connection.cursor() as cursor:
        cursor.execute(
            "DELETE FROM store_asked WHERE (heard_at < %s OR at < %s) AND again_at IS NULL", [heard_before, asked_before]
        )
        return int(cursor.rowcount)
