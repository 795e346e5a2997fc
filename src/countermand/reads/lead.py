"""What whoever leads an order sees beside its report: exemptions, objections, sources and versions, in numbers alone."""

from dataclasses import dataclass

from countermand.core.bundle import Bundle, Purpose
from countermand.core.guardrails import approvals_needed, approvers
from countermand.core.instants import Instant
from countermand.core.lifecycle import State
from countermand.store import approvals, directives, exemptions, objections, operators, terms
from countermand.store.directives import VersionRow
from countermand.store.unit import reading


@dataclass(frozen=True, slots=True)
class VersionStanding:
    """``have``: who has approved it; ``need``: how many must, None once that is over."""

    number: int
    state: State
    written_at: Instant
    issued_at: Instant | None
    authors: frozenset[str]
    have: frozenset[str]
    need: int | None


@dataclass(frozen=True, slots=True)
class Ring:
    """``opened``: when, None: it waits; ``hold``: how long before the next one may open."""

    share: float
    hold: int
    opened: Instant | None


@dataclass(frozen=True, slots=True)
class Beside:
    """``exempt``: exemptions that hold, ``asked``: that wait for a second person, ``next_end``: when the first of them ends;
    ``objections`` that nobody has answered; ``versions``: the newest first."""

    exempt: int
    asked: int
    next_end: Instant | None
    objections: int
    rings: tuple[Ring, ...]
    halt_if: float | None
    versions: tuple[VersionStanding, ...]


def beside(name: str, now: Instant) -> Beside:
    """Refused ``not-found``."""
    with reading():
        row = directives.known(name)
        rows = directives.versions(name)
        found = [one for one in exemptions.of_lineage(name) if one.ended_at is None and one.until > now]
        active = sum(account.active for account in operators.every())
        versions = tuple(_version(one, active, now) for one in reversed(rows))
        waiting = objections.count_of(name)
    current = next((one for one in reversed(rows) if one.state is State.ISSUED), rows[-1])
    rollout = terms.text_of(current).rollout
    opened = row.rings_opened
    rings = tuple(
        Ring(ring.share, ring.hold, opened[index] if index < len(opened) else None) for index, ring in enumerate(rollout.rings)
    )
    holding = [one for one in found if one.agreed_at is not None]
    return Beside(
        exempt=len(holding),
        asked=len(found) - len(holding),
        next_end=min((one.until for one in holding), default=None),
        objections=waiting,
        rings=rings,
        halt_if=rollout.halt_if_denied_share,
        versions=versions,
    )


def _version(row: VersionRow, active: int, now: Instant) -> VersionStanding:
    signed = approvals.signatures(row.pk, Purpose.ISSUE)
    have = approvers(signed, row.bundle_digest, row.authors, now)
    need = None
    if row.state is State.PROPOSED:
        need = approvals_needed(terms.text_of(row), Bundle.opened(row.bundle).rails, active, now)
    return VersionStanding(row.number, row.state, row.written_at, row.issued_at, row.authors, have, need)
