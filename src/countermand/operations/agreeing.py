"""What approvers are asked, and their no."""

from dataclasses import dataclass

from countermand.core.instants import Instant
from countermand.flows.approve import Disagreed
from countermand.flows.approve import refuse as say_no
from countermand.operations.operation import Call, operation, rehearsed
from countermand.reads import agree
from countermand.reads.agree import VersionText, Waiting


@dataclass(frozen=True, slots=True)
class RefusalView:
    operator: str
    bundle_digest: str
    why: str
    at: Instant


@operation("GET", "/approvals", "read")
def list_waiting(call: Call) -> list[Waiting]:
    """What waits for approvals: proposals, and orders on hold. ``mine`` says why whoever asks cannot approve it."""
    return agree.waiting(call.act)


@operation("GET", "/directives/{directive}/text", "oversee")
def show_text(call: Call, directive: str, number: int | None = None) -> VersionText:
    """A version as it was written, the newest if no ``number`` is named."""
    return agree.text_of(directive, number)


@operation("GET", "/directives/{directive}/refusals", "read")
def list_refusals(call: Call, directive: str) -> list[RefusalView]:
    """Why approvers did not want the newest version as it was."""
    return [RefusalView(one.operator, one.bundle_digest, one.why, one.at) for one in agree.refusals_of(directive)]


@operation("POST", "/directives/{directive}/refusals", "approve")
def refuse(call: Call, directive: str, why: str, dry_run: bool = False) -> Disagreed:
    """Say no to a proposed version, and why: it is a draft again, and approvals of it are void."""
    return rehearsed(dry_run, say_no)(call.act, directive, why)


OPERATIONS = (list_waiting, show_text, list_refusals, refuse)
