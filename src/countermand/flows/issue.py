"""Issuing: the guard rails, then one small write from which everything else follows. Superseding is the same for a lineage
that has an issued version; resuming asks for the same after a halt.

Whom it tells is promised afterwards, in chunks (flows.telling), so that the stop button never waits.
"""

from dataclasses import dataclass, replace
from pathlib import Path

from pyroaring import BitMap

from countermand.access import Act, require
from countermand.core import lifecycle, schema
from countermand.core.bundle import Bundle, Purpose
from countermand.core.drift import Drift
from countermand.core.errors import Refused
from countermand.core.guardrails import Attempt, bounds, may_issue, may_resume
from countermand.core.instants import Instant
from countermand.core.schedule import quarter
from countermand.flows import impact, kept, signing
from countermand.flows.impact import Impact
from countermand.flows.opening import first_look
from countermand.store import approvals, directives, feed, holds, log, operators, restored, terms
from countermand.store.directives import VersionRow
from countermand.store.unit import unit


@dataclass(frozen=True, slots=True)
class Issued:
    """The version in force. ``audience``: ordinals of whom telling will promise notices; ``ceiling``: most people who may
    be told before growth waits for a person; ``replaced``: the number of the version that it superseded."""

    lineage: str
    number: int
    version: int
    audience: BitMap
    ceiling: int
    peak: int
    drift: Drift
    replaced: int | None = None


@dataclass(frozen=True, slots=True)
class Resumed:
    """``not_before``: nobody is denied sooner, whatever the dues say."""

    lineage: str
    number: int
    not_before: Instant
    peak: int


def issue(
    act: Act, name: str, *, expected: int | None = None, acknowledged: int | None = None, state_dir: Path | None = None
) -> Issued:
    """Issue the newest proposed version of ``name``; nobody is told before ``telling`` promises it.

    ``expected``: the number of people from another source, unless the bundle has it; ``acknowledged``: the most denials in
    one hour that somebody has seen, if more than the bundle shows; ``state_dir``: where checkpoints are kept that the ledger
    must contain. Refused with everything that stops it.
    """
    require(act.actor, "issue")
    _require_newest(state_dir)
    if directives.issued(name) is not None:
        raise Refused("issued-already", name=name)
    return _issue(act, name, "issue", expected, acknowledged)


def supersede(
    act: Act, name: str, *, expected: int | None = None, acknowledged: int | None = None, state_dir: Path | None = None
) -> Issued:
    """Issue the newest proposed version in place of the one in force: an extension, a shortening, other apps. One write;
    a halted lineage stays halted. Refused as ``issue``, and ``nothing-issued``."""
    require(act.actor, "supersede")
    _require_newest(state_dir)
    if directives.issued(name) is None:
        raise Refused("nothing-issued", name=name)
    return _issue(act, name, "supersede", expected, acknowledged)


def resume(
    act: Act, name: str, *, expected: int | None = None, acknowledged: int | None = None, state_dir: Path | None = None
) -> Resumed:
    """Lift a halt: approvals of purpose ``resume`` over exactly this halt, the same guard rails over numbers counted now,
    and nobody is denied before the minimum notice has passed again. Refused as ``issue``, and ``not-halted``."""
    require(act.actor, "resume")
    _require_newest(state_dir)
    row, bundle = approvals.pending(name, Purpose.RESUME)
    lifecycle.after(row.state, "resume")
    counted = impact.impact(act, terms.foreseen(name, act.now))
    verified = _verified(row, bundle)
    attempt = _attempt(act, row, bundle, counted, _expected(expected, row, bundle, verified), acknowledged)
    with unit():
        directives.decide(name)
        now_row, now_bundle = approvals.pending(name, Purpose.RESUME)
        if now_bundle.digest != bundle.digest or now_row.pk != row.pk:
            raise Refused("bundle-changed", digest=bundle.digest)
        may_resume(_as_signed_now(attempt, row, Purpose.RESUME, verified), bundle.rails, halted=True)
        not_before = quarter(act.now + attempt.directive.minimum_notice)  # as notices state it
        directives.resume(name, not_before)
        restored.let_go(name, act.actor.name, act.now)
        about = {"lineage": name, "version": row.number, "bundle": bundle.digest, "not_before": not_before}
        log.append("resumed", act, {**about, "people": attempt.people, "peak": attempt.peak})
        feed.mark("lineage", name)
        feed.mark("denials", name)
        feed.mark("unregistered", name)
    return Resumed(name, row.number, not_before, attempt.peak)


def _require_newest(state_dir: Path | None) -> None:
    """Nothing goes forward from an older copy of the database."""
    if state_dir is not None:
        kept.require_newest(state_dir)


def _issue(act: Act, name: str, verb: str, expected: int | None, acknowledged: int | None) -> Issued:
    row, bundle = approvals.pending(name, Purpose.ISSUE)
    counted = impact.impact(act, terms.foreseen(name, act.now))
    verified = _verified(row, bundle)
    attempt = _attempt(act, row, bundle, counted, _expected(expected, row, bundle, verified), acknowledged)
    ceiling, moved = _ceiling(bundle, attempt), impact.drift(bundle, act.now)
    with unit():
        directives.decide(name)
        now_row = directives.version(row.pk)
        if now_row.bundle_digest != row.bundle_digest:
            raise Refused("bundle-changed", digest=row.bundle_digest)
        state = lifecycle.after(now_row.state, "issue")
        replaced = _replace(name, verb)
        may_issue(_as_signed_now(attempt, row, Purpose.ISSUE, verified), bundle.rails)
        first = first_look(row.authors | {one.operator for one in approvals.signatures(row.pk, Purpose.ISSUE)})
        directives.issue(row.pk, state, ceiling, act.now, first.values())
        directives.set_rings(name, _rings(name, attempt, act.now))
        if replaced is None:
            directives.walked(name, act.now)  # what time did before the issue concerns nobody
        _record(act, row, verb, attempt, ceiling, replaced)
    return Issued(name, row.number, row.pk, counted.people, ceiling, counted.peak, moved, replaced)


def _replace(name: str, verb: str) -> int | None:
    """The number of the version in force, superseded now. Looked at inside the unit: it may have changed meanwhile."""
    before = directives.issued(name)
    if (before is None) is not (verb == "issue"):
        raise Refused("issued-already" if before else "nothing-issued", name=name)
    if directives.known(name).ended_at is not None:
        raise Refused("lineage-ended", name=name)
    if before is None:
        return None
    directives.set_state(before.pk, lifecycle.after(before.state, "supersede"))
    holds.tell_anew(name)
    return before.number


def _rings(name: str, attempt: Attempt, now: Instant) -> tuple[Instant, ...]:
    """A new lineage opens its first ring. Rings that a superseded version opened stay open, as far as there are any."""
    opened = directives.known(name).rings_opened or (now,)
    return opened[: len(attempt.directive.rollout.rings)]


def _attempt(
    act: Act, row: VersionRow, bundle: Bundle, counted: Impact, expected: int | None, acknowledged: int | None
) -> Attempt:
    return Attempt(
        directive=schema.read(row.document),
        authors=row.authors,
        signatures=(),
        bundle_digest=bundle.digest,
        operators=0,
        people=len(counted.people),
        expected=expected,
        peak=counted.peak,
        acknowledged=bundle.audience.peak if acknowledged is None else acknowledged,
        now=act.now,
        resumes=bundle.purpose is Purpose.RESUME,
    )


def _expected(given: int | None, row: VersionRow, bundle: Bundle, verified: frozenset[str]) -> int | None:
    """How many people are expected: as said now, else as signed, else the fewest that an approver typed beside a signature."""
    if given is not None:
        return given
    if bundle.audience.expected is not None:
        return bundle.audience.expected
    typed = [one for one in approvals.of_version(row.pk) if one.operator in verified and not one.void]
    return min((one.expected for one in typed if one.expected is not None and one.bundle_digest == bundle.digest), default=None)


def _verified(row: VersionRow, bundle: Bundle) -> frozenset[str]:
    """Operators whose stored signature is the bundle's, made by the key that is registered for them now: an approval is
    believed for its signature and not for its row."""
    standing = [one for one in approvals.of_version(row.pk) if one.purpose is bundle.purpose and not one.void]
    return signing.verified(standing, bundle.digest)


def _as_signed_now(attempt: Attempt, row: VersionRow, purpose: Purpose, verified: frozenset[str]) -> Attempt:
    """With the approvals that stand inside the unit, and the accounts that are still open."""
    standing = [given for given in approvals.signatures(row.pk, purpose) if given.operator in verified]
    active = sum(account.active for account in operators.every())
    return replace(attempt, signatures=standing, operators=active)


def _record(act: Act, row: VersionRow, verb: str, attempt: Attempt, ceiling: int, replaced: int | None) -> None:
    kind = "issued" if verb == "issue" else "superseded"
    about = {"lineage": row.lineage, "version": row.number, "bundle": row.bundle_digest, "people": attempt.people}
    more = {"expected": attempt.expected, "ceiling": ceiling, "peak": attempt.peak, "acknowledged": attempt.acknowledged}
    log.append(kind, act, {**about, **more, "replaced": replaced})
    feed.mark("lineage", row.lineage)
    if replaced is not None:
        feed.mark("denials", row.lineage)
        feed.mark("unregistered", row.lineage)


def _ceiling(bundle: Bundle, attempt: Attempt) -> int:
    """The most people who may be told: what the approvers signed, or what was expected at issue."""
    signed, given = bundle.audience.most, attempt.expected
    mosts = [] if given is None else [bounds(given, bundle.rails.tolerance)[1]]
    return min([*mosts, *([] if signed is None else [signed])], default=0)
