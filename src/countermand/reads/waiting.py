"""What waits for a person before anything reads it as fact: held reports and imports, for ``countermand release``."""

from countermand.access import Act, require
from countermand.core.errors import Refused
from countermand.store import events, held
from countermand.store.events import EventRow
from countermand.store.held import HeldRow

__all__ = ["EventRow", "HeldRow", "batch", "batches", "events_aside", "why"]


def batches(act: Act) -> list[HeldRow]:
    """Every batch that waits, oldest first."""
    require(act.actor, "read")
    return held.waiting()


def batch(act: Act, number: int) -> HeldRow:
    """One batch that waits. Refused ``not-found``."""
    require(act.actor, "read")
    row, _ = held.take(number)
    return row


def events_aside(act: Act) -> list[EventRow]:
    """Events that sources posted and that could not be taken, oldest first."""
    require(act.actor, "read")
    return events.aside()


def why(row: HeldRow) -> str:
    """Why it waits, in words."""
    return Refused(row.why, **row.counts).sentence
