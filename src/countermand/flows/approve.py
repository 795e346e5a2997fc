"""Approving: a signature over the digest of the bundle, made with a key that this house does not hold."""

from dataclasses import dataclass

from countermand.access import Act, require
from countermand.core.bundle import Purpose
from countermand.core.canonical import digest
from countermand.core.drift import Drift
from countermand.core.errors import Refused
from countermand.core.guardrails import approvals_needed, approvers
from countermand.core.schema import read
from countermand.flows import impact, signing
from countermand.flows.accounts import may_approve
from countermand.store import approvals, directives, log, operators
from countermand.store.approvals import Approval
from countermand.store.unit import unit


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


def approve(act: Act, name: str, signature: str, *, purpose: Purpose = Purpose.ISSUE) -> Approved:
    """Approve the newest proposed version (or, for RESUME, the resumption of the halted one) with a signature over the digest
    of that bundle (reads.bundles.to_sign): by the account's SSH key, or by one of its passkeys as lib.passkeys keeps it.

    Refused ``no-registered-key``, ``operator-too-new``, ``own-work``, ``approved-already``, ``wrong-signature``,
    ``wrong-state``, ``not-halted``. A token alone approves nothing.
    """
    require(act.actor, "approve")
    operator = may_approve(act.actor.name, act.now)
    row, bundle = approvals.pending(name, purpose)
    if act.actor.name in row.authors:
        raise Refused("own-work", actor=act.actor.name, did="wrote", action="approve")
    key = signing.signed_with(signing.keys(), operator.name, signature, bundle.digest, act.now)
    if key is None:
        raise Refused("wrong-signature", digest=bundle.digest, actor=act.actor.name)
    moved = impact.drift(bundle, act.now)
    with unit():
        directives.decide(name)
        now_row, now_bundle = approvals.pending(name, purpose)
        if now_bundle.digest != bundle.digest:
            raise Refused("bundle-changed", digest=bundle.digest)
        if act.actor.name in {
            found.operator for found in approvals.signatures(row.pk, purpose) if found.bundle_digest == bundle.digest
        }:
            raise Refused("approved-already", actor=act.actor.name)
        given = Approval(operator.name, bundle.digest, purpose, signature, key, act.now, void=False)
        approvals.add(row.pk, given)
        about = {"lineage": name, "version": row.number, "bundle": bundle.digest, "purpose": purpose.value}
        log.append("approved", act, {**about, "signature": digest(signature)})
        signed = approvals.signatures(row.pk, purpose)
    have = approvers(signed, bundle.digest, now_row.authors)
    active = sum(account.active for account in operators.every())
    need = approvals_needed(read(row.document), bundle.rails, active, act.now, resumes=purpose is Purpose.RESUME)
    return Approved(name, row.number, bundle.digest, len(have), need, moved)
