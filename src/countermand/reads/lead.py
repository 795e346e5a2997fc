"""What whoever leads an order sees beside its report: exemptions, objections, sources and versions, in numbers alone."""

from collections.abc import Sequence
from dataclasses import dataclass

from countermand.core.bundle import Bundle, Purpose
from countermand.core.directive import Ring as RingText
from countermand.core.guardrails import approvals_needed, approvers
from countermand.core.instants import Instant
from countermand.core.lifecycle import State
from countermand.store import approvals, directives, exemptions, objections, operators, terms
from countermand.store.directives import VersionRow
from countermand.store.unit import reading

#: So many exemptions are listed, those that end first.
_ENDING = 8


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
    """``opened``: when, None: it waits; ``hold``: how long before the next one may open; ``not_before``: when it may open itself,
    None as long as the one before it waits too."""

    share: float
    hold: int
    opened: Instant | None
    not_before: Instant | None


@dataclass(frozen=True, slots=True)
class Holding:
    """An exemption that holds. ``kind``: person, device or group; whose it is stands here not."""

    kind: str
    ground: str
    until: Instant


@dataclass(frozen=True, slots=True)
class Beside:
    """``exempt``: exemptions that hold, ``asked``: that wait for a second person, ``ending``: those that end first;
    ``objections`` that nobody has answered; ``versions``: the newest first."""

    exempt: int
    asked: int
    ending: tuple[Holding, ...]
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
    holding = sorted((one for one in found if one.agreed_at is not None), key=lambda one: (one.until, one.pk))
    return Beside(
        exempt=len(holding),
        asked=len(found) - len(holding),
        ending=tuple(Holding(one.kind, one.ground, one.until) for one in holding[:_ENDING]),
        objections=waiting,
        rings=_rings(rollout.rings, row.rings_opened),
        halt_if=rollout.halt_if_denied_share,
        versions=versions,
    )


def _rings(text: Sequence[RingText], opened: Sequence[Instant]) -> tuple[Ring, ...]:
    found: list[Ring] = []
    for index, ring in enumerate(text):
        before = found[-1] if found else None
        may = before.opened + before.hold if before is not None and before.opened is not None else None
        found.append(Ring(ring.share, ring.hold, opened[index] if index < len(opened) else None, may))
    return tuple(found)


def _version(row: VersionRow, active: int, now: Instant) -> VersionStanding:
    signed = approvals.signatures(row.pk, Purpose.ISSUE)
    have = approvers(signed, row.bundle_digest, row.authors, now)
    need = None
    if row.state is State.PROPOSED:
        need = approvals_needed(terms.text_of(row), Bundle.opened(row.bundle).rails, active, now)
    return VersionStanding(row.number, row.state, row.written_at, row.issued_at, row.authors, have, need)
