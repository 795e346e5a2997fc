"""Sightings as rows: (login, device id) pairs of proven logins that gates saw and the fleet does not know."""

from dataclasses import dataclass

from django.db import connection

from countermand.core.devices import IMAP_ID
from countermand.core.instants import Instant
from countermand.store import models


@dataclass(frozen=True, slots=True)
class Sighting:
    """Seen ``times`` between ``first`` and ``last``."""

    login: str
    kind: str
    value: str
    first: Instant
    last: Instant
    times: int


def add(seen: Sighting) -> None:
    """Count it to what was seen before. Inside a unit."""
    with connection.cursor() as cursor:
        cursor.execute(
            'INSERT INTO store_sighting (login, kind, value, "first", "last", times) VALUES (%s, %s, %s, %s, %s, %s) '
            "ON CONFLICT (login, kind, value) DO UPDATE SET "
            '"last" = CASE WHEN excluded."last" > store_sighting."last" THEN excluded."last" ELSE store_sighting."last" END, '
            "times = store_sighting.times + excluded.times",
            [seen.login, seen.kind, seen.value, seen.first, seen.last, seen.times],
        )


def shared_names(people: int) -> int:
    """How many names of devices at least so many people asked with: those whom it was seen with, and the device's that it is."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT COUNT(*) FROM (SELECT s.value FROM store_sighting s "
            "LEFT JOIN store_identity i ON i.kind = s.kind AND i.value = s.value "
            "WHERE s.kind <> %s GROUP BY s.kind, s.value HAVING COUNT(DISTINCT s.login) + COUNT(DISTINCT i.id) >= %s) AS found",
            [IMAP_ID, people],
        )
        return int(cursor.fetchone()[0])


def latest(limit: int) -> list[Sighting]:
    """The last seen, latest first."""
    rows = models.Sighting.objects.order_by("-last", "login", "value")[:limit]
    return [Sighting(row.login, row.kind, row.value, row.first, row.last, row.times) for row in rows]


def of_login(login: str) -> list[Sighting]:
    """What was seen of this login, latest first."""
    rows = models.Sighting.objects.filter(login=login).order_by("-last", "kind", "value")
    return [Sighting(row.login, row.kind, row.value, row.first, row.last, row.times) for row in rows]
