"""What approvers look at and sign: the bundle that waits, its digest, and who has signed so far."""

from dataclasses import dataclass

from countermand.core.bundle import Bundle, Purpose
from countermand.core.guardrails import approvals_needed, approvers
from countermand.core.instants import Instant
from countermand.core.schema import read
from countermand.store import approvals, operators
from countermand.store.approvals import Approval
from countermand.store.unit import reading


@dataclass(frozen=True, slots=True)
class ToSign:
    """``digest`` is what `ssh-keygen -Y sign -n countermand` signs, as text without a newline; ``text`` what it is of."""

    lineage: str
    number: int
    purpose: Purpose
    digest: str
    text: str
    bundle: Bundle
    authors: frozenset[str]
    have: frozenset[str]
    need: int


def to_sign(name: str, now: Instant, purpose: Purpose = Purpose.ISSUE) -> ToSign:
    """The bundle of the directive ``name`` that waits for approvals. Refused ``not-found``, ``wrong-state``,
    ``nothing-issued`` or ``not-halted`` if none does."""
    with reading():
        row, bundle = approvals.pending(name, purpose)
        signed = approvals.signatures(row.pk, purpose)
        active = sum(account.active for account in operators.every())
    return ToSign(
        lineage=name,
        number=row.number,
        purpose=purpose,
        digest=bundle.digest,
        text=bundle.text,
        bundle=bundle,
        authors=row.authors,
        have=approvers(signed, bundle.digest, row.authors, now),
        need=approvals_needed(read(row.document), bundle.rails, active, now, resumes=purpose is Purpose.RESUME),
    )


def signatures(version: int) -> list[Approval]:
    """Every signature that a version ever got, void ones too: what an auditor verifies offline."""
    return approvals.of_version(version)
