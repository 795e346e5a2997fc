"""Opening what ``init`` made, and its time: the only place that adds a drill's offset to the clock."""

from countermand.access import Act, Actor
from countermand.config import Database
from countermand.core.errors import Refused
from countermand.core.instants import Instant
from countermand.lib import clock
from countermand.store import installation, lease, upgrades
from countermand.store.installation import Installation
from countermand.store.setup import close_store, exists, open_store, tend_store


def open_installation(database: Database) -> Installation:
    """Open the database for this process. Refused ``no-installation`` if ``init`` never made one there,
    ``database-unreachable``, and ``database-newer`` or ``database-older`` if its tables are another version's."""
    if not exists(database):
        raise Refused("no-installation", path=database)
    open_store(database)
    tables = upgrades.standing()
    if tables.strange:
        raise Refused("database-newer", migration=tables.strange[-1])
    if tables.applied and tables.missing:
        raise Refused("database-older", migration=tables.missing[0])
    found = installation.load()
    if found is None:
        raise Refused("no-installation", path=database)
    return found


def close() -> None:
    """Let go of the database; the next question opens it again."""
    close_store()


def tend() -> None:
    """Between two pieces of work of a thread that lives long."""
    tend_store()


def real() -> Instant:
    """The database's real time, on which leases run."""
    return lease.real()


def now() -> Instant:
    """The time of the open installation: real time, or a drill's."""
    found = installation.load()
    return clock.now() + (found.clock_offset if found else 0)


def act(actor: Actor) -> Act:
    """An act of this actor now."""
    found = installation.load()
    return Act(actor, clock.now() + (found.clock_offset if found else 0), drill=bool(found and found.drill))
