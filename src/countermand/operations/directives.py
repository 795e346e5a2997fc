"""The way of a text to approval, and what it would do: write, preview, propose, sign."""

from dataclasses import dataclass

from countermand.access import allowed
from countermand.core.bundle import Purpose
from countermand.core.cautions import Caution
from countermand.core.devices import Platform
from countermand.flows.amend import Amended
from countermand.flows.amend import amend as write_amendment
from countermand.flows.approve import Approved
from countermand.flows.approve import approve as approve_bundle
from countermand.flows.propose import propose as freeze
from countermand.flows.write import Written
from countermand.flows.write import write as write_draft
from countermand.operations.operation import Call, operation, rehearsed
from countermand.reads import bundles
from countermand.reads.bundles import ToSign
from countermand.reads.drift import Drifted, drifted
from countermand.reads.in_numbers import in_numbers
from countermand.reads.preview import Preview
from countermand.reads.preview import preview as foresee


@dataclass(frozen=True, slots=True)
class ProposedApp:
    """An app id that the directive prohibits, and each reason why it is in it."""

    app: str
    why: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Proposal:
    """A version before its approvers. ``people`` counted now; ``peak``: most devices that lose mail in any one hour."""

    lineage: str
    number: int
    digest: str
    apps: tuple[ProposedApp, ...]
    unseen: tuple[tuple[str, Platform], ...]
    remarks: tuple[str, ...]
    cautions: tuple[Caution, ...]
    people: int
    peak: int


@operation("POST", "/directives", "write")
def write(call: Call, text: str, file: str | None = None) -> Written:
    """Store a directive's text (YAML) as a draft. Another text of a proposed one makes it a draft again, without approvals.

    ``file`` names the text in refusals."""
    return write_draft(call.act, text, file)


@operation("GET", "/directives/{directive}/preview", "oversee")
def preview(call: Call, directive: str) -> Preview:
    """Whom a directive would hit, how that is known, what cannot be known, and when most would lose mail.

    Whoever only oversees is shown no login, and no small count by country or group."""
    seen = foresee(directive, call.config, call.act.now)
    return seen if allowed(call.act.actor, "read") else in_numbers(seen, call.config.reports.smallest)


@operation("POST", "/directives/{directive}/propose", "propose")
def propose(call: Call, directive: str, expected: int | None = None, dry_run: bool = False) -> Proposal:
    """Freeze a draft into the bundle that approvers sign. ``expected``: the number of people, from another source."""
    made = rehearsed(dry_run, freeze)(call.act, directive, rails=call.config.guard, expected=expected, page=call.config.pages.url)
    apps = tuple(ProposedApp(str(app), why) for app, why in made.apps.items())
    return Proposal(
        made.lineage, made.number, made.digest, apps, made.unseen, made.remarks, made.cautions, made.people, made.peak
    )


@operation("GET", "/drift", "oversee")
def list_drift(call: Call, directive: str | None = None) -> list[Drifted]:
    """Versions in force or proposed whose selectors mean other ids by now than those that were frozen. Nothing follows from it
    by itself: `amend` writes the next draft for people to propose."""
    return drifted(call.act.now, directive)


@operation("POST", "/directives/{directive}/amend", "write")
def amend(call: Call, directive: str, dry_run: bool = False) -> Amended:
    """Write the text in force as the next draft, because the catalogue means other ids by it now."""
    return rehearsed(dry_run, write_amendment)(call.act, directive)


@operation("GET", "/directives/{directive}/bundle", "read")
def to_sign(call: Call, directive: str, purpose: Purpose = Purpose.ISSUE) -> ToSign:
    """What an approver would sign: the bundle that waits, and its digest, which is the SHA-256 of ``text``."""
    return bundles.to_sign(directive, call.act.now, purpose)


@operation("POST", "/directives/{directive}/approvals", "approve")
def approve(
    call: Call, directive: str, signature: str, purpose: Purpose = Purpose.ISSUE, expected: int | None = None
) -> Approved:
    """Approve with an SSH signature (`ssh-keygen -Y sign -n countermand`) over the digest of that bundle, made with the key
    that is registered for the account. A token alone approves nothing.

    ``expected``: how many people the approver expects, from a source of their own; it must be near what is counted."""
    return approve_bundle(call.act, directive, signature, purpose=purpose, expected=expected)


OPERATIONS = (write, preview, list_drift, amend, propose, to_sign, approve)
