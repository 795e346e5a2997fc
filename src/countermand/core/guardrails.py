"""What stops an issue or a resumption: approvals, notice, numbers. Pure: the facts come in, the refusals come out.

Halting and rescinding pass by here: the safe direction is the easy one.
"""

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from countermand.core.directive import Directive, Force
from countermand.core.errors import Refused, RefusedMany
from countermand.core.instants import DAY, Instant
from countermand.core.rails import AMPLE_NOTICE as AMPLE_NOTICE
from countermand.core.rails import Rails as Rails
from countermand.core.schedule import earliest_due, ends_at

#: After this an approval of what is not issued does not count any more.
APPROVAL_LIVES = 30 * DAY


@dataclass(frozen=True, slots=True)
class Signature:
    """One approval that verified: who signed which bundle. ``counts_from``: when that operator's approvals begin to count."""

    operator: str
    bundle_digest: str
    at: Instant
    counts_from: Instant = 0


@dataclass(frozen=True, slots=True)
class Attempt:
    """An attempt to issue (or resume), with everything that decides about it.

    ``authors``: everyone who wrote or proposed this text; ``operators``: how many active accounts could sign or issue;
    ``people``: whom a notice would be promised, counted now; ``expected``: the same number from another source;
    ``peak``: most denials in any one hour, counted now; ``acknowledged``: the peak that the approvers saw; ``resumes``: it
    ends a halt, after which nobody is denied before the minimum notice has passed again, whatever the dues say.
    """

    directive: Directive
    authors: frozenset[str]
    signatures: Collection[Signature]
    bundle_digest: str
    operators: int
    people: int
    expected: int | None
    peak: int
    acknowledged: int
    now: Instant
    resumes: bool = False


def recommends_only(directive: Directive) -> bool:
    """True if nothing in it is mandatory and nothing follows from it: what a firm with one operator may issue."""
    return not directive.denies and Force.MANDATORY not in directive.applies_to.force.values()


def short_notice(directive: Directive, rails: Rails, now: Instant) -> bool:
    """True if somebody may get less notice than the guard rail asks for, were it issued at ``now``."""
    due = earliest_due(directive, now)
    return directive.minimum_notice < rails.minimum_notice or (due is not None and due - now < rails.minimum_notice)


def approvals_needed(directive: Directive, rails: Rails, operators: int, now: Instant, *, resumes: bool = False) -> int:
    """How many approvers must have signed: one more with short notice; none for a recommendation of the only operator."""
    if operators <= 1 and recommends_only(directive):
        return 0
    short = directive.minimum_notice < rails.minimum_notice if resumes else short_notice(directive, rails, now)
    return rails.approvers + short


def approvers(signatures: Collection[Signature], bundle_digest: str, authors: frozenset[str], now: Instant) -> frozenset[str]:
    """The distinct operators whose approval of exactly this bundle counts: none of its authors, no account too new, and none
    that was given so long ago that nobody remembers of what."""
    return frozenset(
        signature.operator
        for signature in signatures
        if signature.bundle_digest == bundle_digest
        and signature.operator not in authors
        and signature.at >= signature.counts_from
        and now < signature.at + APPROVAL_LIVES
    )


def bounds(expected: int, tolerance: float) -> tuple[int, int]:
    """The least and the most people that pass for ``expected``; the most is the ceiling that later growth waits at."""
    slack = Fraction(str(tolerance)) * expected
    return -int(-(expected - slack) // 1), int((expected + slack) // 1)


def stops(attempt: Attempt, rails: Rails) -> list[Refused]:
    """Everything that stops this issue, in the order in which to mend it; empty = it may go."""
    return [*_stops_of_text(attempt), *_stops_of_people(attempt, rails), *_stops_of_approval(attempt, rails)]


def may_issue(attempt: Attempt, rails: Rails) -> None:
    """Raises RefusedMany with everything that stops this issue."""
    if found := stops(attempt, rails):
        raise RefusedMany(found)


def may_resume(attempt: Attempt, rails: Rails, halted: bool) -> None:
    """A resumption needs what an issue needs, over a bundle of its own. Raises RefusedMany."""
    found = [] if halted else [Refused("not-halted")]
    if found := [*found, *stops(attempt, rails)]:
        raise RefusedMany(found)


def _stops_of_text(attempt: Attempt) -> Iterator[Refused]:
    ends = ends_at(attempt.directive)
    if ends is not None and ends <= attempt.now:
        yield Refused("already-over", sunset=str(attempt.directive.sunset))


def _stops_of_people(attempt: Attempt, rails: Rails) -> Iterator[Refused]:
    if attempt.expected is None:
        yield Refused("expected-people-missing")
    else:
        least, most = bounds(attempt.expected, rails.tolerance)
        if not least <= attempt.people <= most:
            numbers: dict[str, Any] = {"actual": attempt.people, "expected": attempt.expected, "least": least, "most": most}
            yield Refused("expected-people-differ", **numbers)
    if attempt.peak > attempt.acknowledged:
        yield Refused("peak-not-acknowledged", peak=attempt.peak, acknowledged=attempt.acknowledged)


def _stops_of_approval(attempt: Attempt, rails: Rails) -> Iterator[Refused]:
    if attempt.operators <= 1 and not recommends_only(attempt.directive):
        yield Refused("one-operator-recommends-only")
    have = approvers(attempt.signatures, attempt.bundle_digest, attempt.authors, attempt.now)
    need = approvals_needed(attempt.directive, rails, attempt.operators, attempt.now, resumes=attempt.resumes)
    if len(have) < need:
        names = ", ".join(sorted(have)) or "nobody yet"
        yield Refused("too-few-approvals", have=len(have), need=need, names=names, digest=attempt.bundle_digest)
