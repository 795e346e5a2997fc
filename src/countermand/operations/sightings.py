"""What gates saw and the fleet does not know."""

from countermand.flows.look_up import look_at_people
from countermand.operations.operation import Call, operation
from countermand.operations.pages import USUAL, Page, page
from countermand.reads import unknown
from countermand.reads.unknown import Sighting


@operation("GET", "/sightings", "read-person")
def list_sightings(call: Call, after: str = "", limit: int = USUAL) -> Page[Sighting]:
    """Pairs of a proven login and a device's id that gates saw and nobody knows, the last seen first; 1,000 at most.

    They say that somebody reads mail there, and nothing about apps. The look is recorded, where those people see it."""
    found = page(unknown.sightings(call.act), lambda one: f"{one.kind}:{one.value} {one.login}", after, limit)
    look_at_people(call.act, "unknown devices", "", sorted({one.login for one in found.items}))
    return found


OPERATIONS = (list_sightings,)
