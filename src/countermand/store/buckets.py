"""Buckets as rows: how often somebody may ask, one count for all processes that share the database."""

from django.db import connection

from countermand.core.bucket import Drawn, Rate, draw
from countermand.core.instants import HOUR, Instant
from countermand.store import models


def take(name: str, wanted: int, rate: Rate, now: Instant) -> Drawn:
    """Draw from this bucket, inside a unit; ``now`` is the database's real time. Whoever draws from the same one waits."""
    full_at = _locked(name)
    if full_at is None:
        models.Bucket.objects.filter(full_at__lt=now - HOUR).delete()  # full ones, which no row stands for as well
        _insert(name)
        full_at = _locked(name) or 0
    drawn = draw(full_at, now, wanted, rate)
    models.Bucket.objects.filter(name=name).update(full_at=drawn.full_at)
    return drawn


def _locked(name: str) -> Instant | None:
    return models.Bucket.objects.select_for_update().filter(name=name).values_list("full_at", flat=True).first()


def _insert(name: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute("INSERT INTO store_bucket (name, full_at) VALUES (%s, 0) ON CONFLICT (name) DO NOTHING", [name])
