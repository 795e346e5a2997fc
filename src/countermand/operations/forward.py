"""The way forward: issue, supersede, resume, and the notices that follow."""

from collections.abc import Callable
from dataclasses import dataclass

from countermand.core.outcomes import Progress
from countermand.flows import issue as issuing
from countermand.flows import telling
from countermand.flows.issue import Issued, Resumed
from countermand.flows.telling import BURST
from countermand.operations.operation import Call, operation, rehearsed


@dataclass(frozen=True, slots=True)
class Going:
    """An issue or supersession: at most ``ceiling`` people are told. ``waiting``: those whose notice is yet to be promised."""

    directive: str
    number: int
    people: int
    ceiling: int
    peak: int
    replaced: int | None
    promised: int
    waiting: int
    why: str


@operation("POST", "/directives/{directive}/issue", "issue")
def issue(
    call: Call, directive: str, expected: int | None = None, acknowledged: int | None = None, dry_run: bool = False
) -> Going:
    """Issue an approved directive. Its notices are then promised by `tell`, or by the worker.

    ``expected``: the number of people, from another source; ``acknowledged``: the most denials in one hour that somebody has
    seen and accepts."""
    return _going(rehearsed(dry_run, issuing.issue), call, directive, expected, acknowledged)


@operation("POST", "/directives/{directive}/supersede", "supersede")
def supersede(
    call: Call, directive: str, expected: int | None = None, acknowledged: int | None = None, dry_run: bool = False
) -> Going:
    """Put the newest approved version in place of the one in force: an extension, other apps, another scope."""
    return _going(rehearsed(dry_run, issuing.supersede), call, directive, expected, acknowledged)


@operation("POST", "/directives/{directive}/resume", "resume")
def resume(
    call: Call, directive: str, expected: int | None = None, acknowledged: int | None = None, dry_run: bool = False
) -> Resumed:
    """Lift a halt, with the approvals of that purpose; nobody is denied before the minimum notice has passed again."""
    return rehearsed(dry_run, issuing.resume)(
        call.act, directive, expected=expected, acknowledged=acknowledged, state_dir=call.config.state_dir
    )


@operation("POST", "/directives/{directive}/tell", "tell", again=True)
def tell(call: Call, directive: str) -> Progress:
    """Promise the next notices of the version in force, some thousands of people at a time. Call again while ``more``."""
    return telling.issue_all(call.act, directive, most=BURST)


OPERATIONS = (issue, supersede, resume, tell)


def _going(flow: Callable[..., Issued], call: Call, directive: str, expected: int | None, acknowledged: int | None) -> Going:
    made = flow(call.act, directive, expected=expected, acknowledged=acknowledged, state_dir=call.config.state_dir)
    people = len(made.audience)
    return Going(directive, made.number, people, made.ceiling, made.peak, made.replaced, 0, people, "")
