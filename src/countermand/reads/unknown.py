"""Devices that gates saw with a proven login, and that no source and nobody told of."""

from countermand.access import Act, require
from countermand.store import sightings as rows
from countermand.store.sightings import Sighting

__all__ = ["Sighting", "sightings"]

_MOST = 1_000


def sightings(act: Act) -> list[Sighting]:
    """The last seen, latest first."""
    require(act.actor, "read-person")
    return rows.latest(_MOST)
