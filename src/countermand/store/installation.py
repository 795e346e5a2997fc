"""The one row that says what this database is: a drill or the real thing, its epoch, and how far a drill's clock is moved."""

from dataclasses import dataclass

from django.db import OperationalError, ProgrammingError

from countermand.core.instants import Instant
from countermand.store import models
from countermand.store.faults import told_apart


@dataclass(frozen=True, slots=True)
class Installation:
    """``drill`` never changes; ``clock_offset`` is in milliseconds and 0 outside a drill."""

    drill: bool
    origin: str
    epoch: int
    created: Instant
    clock_offset: int


def load() -> Installation | None:
    """What this database is; None if nothing was ever set up in it. Refused ``database-unreachable`` and, where even looking
    needs a disk that can be written, ``database-read-only``."""
    try:
        with told_apart():
            row = models.Installation.objects.first()
    except (OperationalError, ProgrammingError):  # a file, or a database, without our tables
        return None
    if row is None:
        return None
    return Installation(row.drill, row.origin, row.epoch, row.created, row.clock_offset)


def set_offset(offset: int) -> None:
    """Move a drill's clock to real time plus ``offset`` milliseconds."""
    models.Installation.objects.filter(drill=True).update(clock_offset=offset)


def create(made: Installation) -> None:
    """Say once what this database is."""
    models.Installation.objects.create(
        id=1, drill=made.drill, origin=made.origin, epoch=made.epoch, created=made.created, clock_offset=made.clock_offset
    )


def open_epoch(epoch: int) -> None:
    """From now on the feed is of this epoch."""
    models.Installation.objects.update(epoch=epoch)
