"""Moving the clock: only in a drill, only forward, and written in the ledger like everything else."""

from countermand.access import Act
from countermand.core.errors import Refused
from countermand.core.instants import Instant, iso
from countermand.lib import clock
from countermand.store import feed, installation, log
from countermand.store.unit import unit


def move_clock(act: Act, to: Instant) -> None:
    """From now on it is ``to`` in this drill. Refused ``clock-is-real`` outside a drill and ``clock-runs-forward`` if
    ``to`` has passed; gates hear the new time with the next heartbeat, which this asks for."""
    if not act.drill:
        raise Refused("clock-is-real")
    with unit():
        found = installation.load()
        before = found.clock_offset if found else 0
        after = to - clock.now()
        if after < before:
            raise Refused("clock-runs-forward", to=iso(to))
        installation.set_offset(after)
        log.append("clock-moved", act, {"to": to})
        feed.mark("clock")
