"""What gates saw and the fleet does not know."""

from countermand.operations.operation import Call, operation
from countermand.operations.pages import USUAL, Page, page
from countermand.reads import unknown
from countermand.reads.unknown import Sighting


@operation("GET", "/sightings", "read-person")
def list_sightings(call: Call, after: str = "", limit: int = USUAL) -> Page[Sighting]:
    """Pairs of a proven login and a device's id that gates saw and nobody knows, the last seen first; 1,000 at most.

    They say that somebody reads mail there, and nothing about apps."""
    return page(unknown.sightings(call.act), lambda one: f"{one.kind}:{one.value} {one.login}", after, limit)


OPERATIONS = (list_sightings,)
