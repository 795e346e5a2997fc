"""What queries to single devices asked for, so that the coverage of their answers is known."""

from countermand.core.coverage import Coverage
from countermand.core.instants import Instant
from countermand.store import bulk, evidence


def remember(identity: str, query: str, coverage: Coverage, at: Instant) -> None:
    """A query was sent: its answer could show ``coverage``. Written before it is sent."""
    bulk.write(
        "INSERT INTO store_asked (identity, query, coverage_id, at) VALUES (%s, %s, %s, %s)"
        " ON CONFLICT (identity, query) DO NOTHING",
        [(identity, query, evidence.coverage_number(coverage), at)],
    )


def coverage_of(identity: str, query: str) -> Coverage | None:
    """What the answer to this query could show; None if we did not ask it."""
    rows = bulk.all_rows("SELECT coverage_id FROM store_asked WHERE identity = %s AND query = %s", [identity, query])
    return evidence.coverages([rows[0][0]])[rows[0][0]] if rows else None
