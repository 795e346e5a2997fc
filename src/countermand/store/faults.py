"""What a database says when it cannot: told apart once, as refusals that a person or a program can act on."""

from collections.abc import Iterator
from contextlib import contextmanager

from django.db import InterfaceError, InternalError, OperationalError, connection

from countermand.core.errors import Refused
from countermand.store import room

#: What PostgreSQL says when a wait was too long: lock_not_available, query_canceled, deadlock_detected.
_WAITED = {"55P03", "57014", "40P01"}
#: And when it ends a connection, or has lost it: operator intervention, connection exceptions.
_ENDED = ("57P", "08")


@contextmanager
def told_apart() -> Iterator[None]:
    """Refused ``database-busy`` if a turn did not come in time, ``database-unreachable`` if the server went away: then this
    thread's connection is let go, and whatever is asked next opens another; ``disk-full`` or ``database-read-only`` for what
    its disk refuses. Any other fault is what it is."""
    try:
        yield
    except (OperationalError, InterfaceError, InternalError) as fault:
        if (refused := room.refusal(fault)) is not None:
            raise refused from fault
        state = getattr(fault.__cause__, "sqlstate", None) or ""
        if state in _WAITED or "database is locked" in str(fault):
            raise Refused("database-busy") from fault
        if connection.vendor != "postgresql":
            raise
        # Whatever the server says has a state; without one it is the driver that speaks, of a connection that it lost. When that
        # was at the commit, Django has opened another by now.
        lost = isinstance(fault, OperationalError) and not state
        if not (lost or state.startswith(_ENDED) or connection.connection is None or connection.connection.closed):
            raise
        connection.close()
        raise unreachable(fault) from fault


def unreachable(fault: Exception) -> Refused:
    """The refusal for a server that does not answer; its own last words, which hold no secret."""
    settings = connection.settings_dict
    said = (str(fault).strip().splitlines() or ["it closed the connection"])[-1][:300]
    return Refused("database-unreachable", place=f"{settings['NAME']} at {settings['HOST']}:{settings['PORT']}", problem=said)
