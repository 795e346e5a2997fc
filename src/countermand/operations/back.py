"""The way back: halt, rescind and its corrections, withdraw. What carries them out is loaded when it is called, so that a command
that asks another machine starts at once."""

from dataclasses import dataclass

from countermand.core.outcomes import Halted, Progress, Rescinded
from countermand.operations.operation import Call, operation, rehearsed


@dataclass(frozen=True, slots=True)
class Withdrawn:
    directive: str
    number: int


@operation("POST", "/directives/{directive}/halt", "halt", again=True)
def halt(call: Call, directive: str, dry_run: bool = False) -> Halted:
    """Stop: from now nobody is denied by this directive and nobody hears of it, until several people resume it."""
    from countermand.flows import stop

    return rehearsed(dry_run, stop.halt)(call.act, directive)


@operation("POST", "/directives/{directive}/rescind", "rescind", again=True)
def rescind(call: Call, directive: str, ground: str, dry_run: bool = False) -> Rescinded:
    """Take an order back for good: every denial lifted and every waiting notice void, by one write. The corrections are then
    promised by `correct`, or by the worker. ``ground``: sent-in-error, changed or expired."""
    from countermand.flows import stop

    return rehearsed(dry_run, stop.rescind)(call.act, directive, ground)


@operation("POST", "/directives/{directive}/corrections", "correct", again=True)
def correct(call: Call, directive: str) -> Progress:
    """Promise the next corrections of a rescinded directive, some thousands of people at a time. Call again while ``more``."""
    from countermand.flows import telling

    return telling.rescind_all(call.act, directive, most=telling.BURST)


@operation("POST", "/directives/{directive}/withdraw", "withdraw")
def withdraw(call: Call, directive: str, dry_run: bool = False) -> Withdrawn:
    """Take back a draft or a proposal that was never issued."""
    from countermand.flows import stop

    return Withdrawn(directive, rehearsed(dry_run, stop.withdraw)(call.act, directive))


OPERATIONS = (halt, rescind, correct, withdraw)
