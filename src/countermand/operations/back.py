"""The way back: halt, rescind and its corrections, withdraw. It imports nothing that it does not need: a command starts here."""

from dataclasses import dataclass

from countermand.flows import stop, telling
from countermand.flows.stop import Halted, Rescinded
from countermand.flows.telling import BURST, Progress
from countermand.operations.operation import Call, operation, rehearsed


@dataclass(frozen=True, slots=True)
class Withdrawn:
    directive: str
    number: int


@operation("POST", "/directives/{directive}/halt", "halt", again=True)
def halt(call: Call, directive: str, dry_run: bool = False) -> Halted:
    """Stop: from now nobody is denied by this directive and nobody hears of it, until several people resume it."""
    return rehearsed(dry_run, stop.halt)(call.act, directive)


@operation("POST", "/directives/{directive}/rescind", "rescind", again=True)
def rescind(call: Call, directive: str, ground: str, dry_run: bool = False) -> Rescinded:
    """Take an order back for good: every denial lifted and every waiting notice void, by one write. The corrections are then
    promised by `correct`, or by the worker. ``ground``: sent-in-error, changed or expired."""
    return rehearsed(dry_run, stop.rescind)(call.act, directive, ground)


@operation("POST", "/directives/{directive}/corrections", "correct", again=True)
def correct(call: Call, directive: str) -> Progress:
    """Promise the next corrections of a rescinded directive, some thousands of people at a time. Call again while ``more``."""
    return telling.rescind_all(call.act, directive, most=BURST)


@operation("POST", "/directives/{directive}/withdraw", "withdraw")
def withdraw(call: Call, directive: str, dry_run: bool = False) -> Withdrawn:
    """Take back a draft or a proposal that was never issued."""
    return Withdrawn(directive, rehearsed(dry_run, stop.withdraw)(call.act, directive))


OPERATIONS = (halt, rescind, correct, withdraw)
