"""Who has heard what: counts of notices by kind and state, who was told, and one person's dues."""

from dataclasses import dataclass

from django.db import connection
from django.db.models import Count

from countermand.core.instants import Instant
from countermand.store import models
from countermand.store.outbox import OPEN, Mark, versions_of


def told(lineage: str) -> int:
    """How many people were told of the newest version of the lineage that anybody was told of."""
    versions = models.Version.objects.filter(lineage=lineage).order_by("-number").values_list("pk", flat=True)
    counts = (models.Told.objects.filter(version=pk).count() for pk in versions)
    return next((count for count in counts if count), 0)


def dues(lineage: str, login: str) -> dict[int, Instant]:
    """Number of version → the due that this person was told."""
    rows = models.Told.objects.filter(version__lineage=lineage, person__login=login)
    return dict(rows.values_list("version__number", "due"))


def waiting(lineage: str, kind: str) -> int:
    """How many notices of this kind are still on their way out; the fewer, the sooner it is known."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT COUNT(*) FROM store_notice n JOIN store_version v ON v.id = n.version_id WHERE v.lineage_id = %s"
            " AND n.state IN ('promised', 'claimed') AND n.kind = %s",  # spelled as in the index of open notices
            [lineage, kind],
        )
        return int(cursor.fetchone()[0])


def by_state(lineage: str) -> dict[tuple[str, str], int]:
    """(kind, state) → how many notices of the lineage."""
    rows = models.Notice.objects.filter(version__lineage=lineage).values_list("kind", "state")
    return {(kind, state): count for kind, state, count in rows.annotate(count=Count("id")).order_by()}


@dataclass(frozen=True, slots=True)
class Counts:
    """Notices of a lineage but corrections: ``waiting`` to leave, ``in_flight`` (claimed); ``reached``: people, not notices."""

    waiting: int
    in_flight: int
    reached: int


def count(lineage: str) -> Counts:
    """How many notices of the lineage's versions are open, and how many people any of them reached or may have reached."""
    versions = versions_of(lineage)
    if not versions:
        return Counts(0, 0, 0)
    those = f"version_id IN ({', '.join(['%s'] * len(versions))}) AND kind <> 'rescinded'"
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT state, COUNT(*) FROM store_notice WHERE {those} AND {OPEN} GROUP BY state", versions)
        open_ = dict(cursor.fetchall())
        # Counted there and by way of the index: to bring everybody here takes five times as long.
        people = f"SELECT DISTINCT person_id FROM store_notice WHERE {those} AND reached"
        cursor.execute(f"SELECT COUNT(*) FROM ({people}) AS people", versions)
        (reached,) = cursor.fetchone()
    return Counts(open_.get(Mark.PROMISED, 0), open_.get(Mark.CLAIMED, 0), reached)
