"""Events of sources that could not be taken, and what a person decides about them."""

from dataclasses import dataclass

from countermand.flows import events
from countermand.operations.operation import Call, operation
from countermand.operations.pages import USUAL, Page, page
from countermand.reads import waiting
from countermand.reads.waiting import EventRow


@dataclass(frozen=True, slots=True)
class EventDone:
    """``taken``: False if it was thrown away."""

    number: int
    source: str
    taken: bool


@operation("GET", "/events", "read")
def list_events(call: Call, after: str = "", limit: int = USUAL) -> Page[EventRow]:
    """Events that sources posted and that could not be taken: from whom, and why."""
    return page(waiting.events_aside(call.act), lambda row: row.number, after, limit)


@operation("POST", "/events/{number}/take", "release", again=True)
def take_event(call: Call, number: int) -> EventDone:
    """Try once more to take an event, as it was posted."""
    return EventDone(number, events.event_take(call.act, number, call.config.holdbacks).source, taken=True)


@operation("POST", "/events/{number}/drop", "release")
def drop_event(call: Call, number: int) -> EventDone:
    """Throw an event away."""
    return EventDone(number, events.event_drop(call.act, number).source, taken=False)


OPERATIONS = (list_events, take_event, drop_event)
