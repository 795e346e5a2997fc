"""Approving: a signature over the digest of the bundle, made with a key that this house does not hold."""

from dataclasses import dataclass

from countermand.access import Act, require
from countermand.core import lifecycle
from countermand.core.bundle import Bundle, Purpose
from countermand.core.canonical import digest
from countermand.core.drift import Drift
from countermand.core.errors import Refused
from countermand.core.guardrails import approvals_needed, approvers, bounds
from countermand.core.schema import read
from countermand.flows import impact, signing
from countermand.flows.accounts import may_approve
from countermand.store import approvals, directives, log, operators, terms
from countermand.store.approvals import Approval, Refusal
from countermand.store.unit import unit

#: Characters of a reason.
LONGEST_WHY = 2_000


@dataclass(frozen=True, slots=True)
class Approved:
    """How far it has come: ``have`` of ``need`` approvals that count. ``drift``: the catalogue would expand the document to
    other ids now; the frozen ones are what was signed."""

    lineage: str
    number: int
    digest: str
    have: int
    need: int
    drift: Drift


@dataclass(frozen=True, slots=True)
class Disagreed:
    """A proposal that is a draft again. ``voided``: approvals that it had."""

    lineage: str
    number: int
    voided: int


def approve(act: Act, name: str, signature: str, *, purpose: Purpose = Purpose.ISSUE, expected: int | None = None) -> Approved:
    """Approve the newest proposed version (or, for RESUME, the resumption of the halted one) with a signature over the digest
    of that bundle (reads.bundles.to_sign): by the account's SSH key, or by one of its passkeys as lib.passkeys keeps it.

    ``expected``: how many people the approver expects, from a source of their own. Refused ``no-registered-key``,
    ``operator-too-new``, ``own-work``, ``approved-already``, ``wrong-signature``, ``wrong-state``, ``not-halted``,
    ``expected-people-differ``. A token alone approves nothing.
    """
    require(act.actor, "approve")
    operator = may_approve(act.actor.name, act.now)
    row, bundle = approvals.pending(name, purpose)
    if act.actor.name in row.authors:
        raise Refused("own-work", actor=act.actor.name, did="wrote", action="approve")
    key = signing.signed_with(signing.keys(), operator.name, signature, bundle.digest, act.now)
    if key is None:
        raise Refused("wrong-signature", digest=bundle.digest, actor=act.actor.name)
    if expected is not None:
        _near(act, name, expected, bundle)
    moved = impact.drift(bundle, act.now)
    with unit():
        directives.decide(name)
        now_row, now_bundle = approvals.pending(name, purpose)
        if now_bundle.digest != bundle.digest:
            raise Refused("bundle-changed", digest=bundle.digest)
        if act.actor.name in approvers(approvals.signatures(row.pk, purpose), bundle.digest, now_row.authors, act.now):
            raise Refused("approved-already", actor=act.actor.name)
        given = Approval(operator.name, bundle.digest, purpose, signature, key, act.now, void=False, expected=expected)
        approvals.add(row.pk, given)
        about = {"lineage": name, "version": row.number, "bundle": bundle.digest, "purpose": purpose.value}
        log.append("approved", act, {**about, "signature": digest(signature), "expected": expected})
        signed = approvals.signatures(row.pk, purpose)
    have = approvers(signed, bundle.digest, now_row.authors, act.now)
    active = sum(account.active for account in operators.every())
    need = approvals_needed(read(row.document), bundle.rails, active, act.now, resumes=purpose is Purpose.RESUME)
    return Approved(name, row.number, bundle.digest, len(have), need, moved)


def refuse(act: Act, name: str, why: str) -> Disagreed:
    """Say no to the newest proposed version, and why: it is a draft again, and what others approved of it is void.

    Refused ``own-work`` for its authors, who withdraw it instead; ``refusal-needs-why``, ``wrong-state``."""
    require(act.actor, "approve")
    reason = why.strip()
    if not reason or len(reason) > LONGEST_WHY:
        raise Refused("refusal-needs-why", most=LONGEST_WHY)
    with unit():
        directives.decide(name)
        row = directives.newest(name)
        lifecycle.after(row.state, "refuse")
        if act.actor.name in row.authors:
            raise Refused("own-work", actor=act.actor.name, did="wrote", action="refuse")
        approvals.refuse(row.pk, Refusal(act.actor.name, row.bundle_digest, reason, act.now))
        voided = directives.thaw(row.pk)
        about = {"lineage": name, "version": row.number, "bundle": row.bundle_digest, "why": digest(reason), "voided": voided}
        log.append("refused", act, about)
    return Disagreed(name, row.number, voided)


def _near(act: Act, name: str, expected: int, bundle: Bundle) -> None:
    """INVARIANT: nobody approves a number that is not theirs: what they expect and what is counted must be near each other."""
    people = len(impact.impact(act, terms.foreseen(name, act.now)).people)
    least, most = bounds(expected, bundle.rails.tolerance)
    if not least <= people <= most:
        raise Refused("expected-people-differ", actual=people, expected=expected, least=least, most=most)
