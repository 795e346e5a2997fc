"""How far the notices of a version have come, step by step: what waits to be tried, and who has seen it first."""

from collections.abc import Collection
from dataclasses import dataclass

from django.db import connection

from countermand.core.instants import Instant
from countermand.core.notices import SOON, TELLING
from countermand.store import bulk
from countermand.store.outbox import OPEN, Acting


def untried(version: int, rank: int, act: Acting, real: Instant) -> bool:
    """Whether a notice of this rank could leave now and was never tried, or is on its way."""
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT 1 FROM store_notice WHERE version_id = %s AND rank = %s AND {OPEN} AND not_before <= %s "
            "AND (state = 'claimed' OR (attempts = 0 AND lease_until <= %s)) LIMIT 1",
            [version, rank, act.now, real],
        )
        return cursor.fetchone() is not None


@dataclass(frozen=True, slots=True)
class Looks:
    """What became of the notices that some people were to see first. ``some``: there are any; ``reached``: somebody has it, or
    may have; ``last``: when the last was settled."""

    some: bool
    reached: bool
    last: Instant


def looks(version: int, people: Collection[int]) -> Looks:
    """Of these few people's notices of the version, the first look's included."""
    kinds = ", ".join(f"'{kind.value}'" for kind in sorted(TELLING))
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT COUNT(*), SUM(CASE WHEN state IN ('accepted', 'unknown', 'bounced') THEN 1 ELSE 0 END), MAX(settled_at) "
            f"FROM store_notice WHERE version_id = %s AND kind IN ({kinds}) AND rank = {SOON} "
            f"AND person_id IN ({bulk.marks(list(people))})",
            [version, *people],
        )
        count, reached, last = cursor.fetchone()
    return Looks(bool(count), bool(reached), last or 0)
