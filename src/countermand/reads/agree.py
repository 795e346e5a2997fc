"""What waits for approvers, and what an approver has to know beside the bundle: the texts of versions, and earlier refusals."""

from dataclasses import dataclass

from countermand.access import Act, Role
from countermand.core.bundle import Purpose
from countermand.core.errors import Refused
from countermand.core.guardrails import APPROVAL_LIVES
from countermand.core.instants import Instant
from countermand.core.lifecycle import State
from countermand.reads.bundles import to_sign
from countermand.store import approvals, directives, operators, passkeys
from countermand.store.approvals import Refusal
from countermand.store.unit import reading

__all__ = ["Asked", "Refusal", "VersionText", "Waiting", "asked_of", "refusals_of", "text_of", "waiting"]


@dataclass(frozen=True, slots=True)
class Waiting:
    """Something that needs approvals. ``have`` of ``need``; ``lapses``: when the first of them stops counting; ``mine``: why
    whoever asks cannot approve it, '' if they can: not-approver, own-work, approved-already, or complete."""

    directive: str
    title: str
    number: int
    purpose: Purpose
    digest: str
    have: tuple[str, ...]
    need: int
    lapses: Instant | None
    mine: str


@dataclass(frozen=True, slots=True)
class Asked:
    """``can``: who else could approve it, by name; ``passkeys``: ids of those of whoever asks that count by now; ``counts_from``:
    when the first of those that do not will, None if there is none."""

    can: tuple[str, ...]
    passkeys: tuple[str, ...]
    counts_from: Instant | None


@dataclass(frozen=True, slots=True)
class VersionText:
    """A version as it was written."""

    directive: str
    number: int
    state: State
    text: str


def waiting(act: Act) -> list[Waiting]:
    """Every proposal, and every halted order that somebody may want to go on: by directive."""
    found = []
    with reading():
        for name in directives.names():
            if directives.newest(name).state is State.PROPOSED:
                found.append(_waiting(act, name, Purpose.ISSUE))
            if directives.issued(name) is not None and directives.known(name).halted_at is not None:
                found.append(_waiting(act, name, Purpose.RESUME))
    return found


def asked_of(act: Act, name: str, purpose: Purpose) -> Asked:
    """Who else could approve, and with what whoever asks can. Refused as ``to_sign`` does."""
    with reading():
        sign = to_sign(name, act.now, purpose)
        mine = passkeys.of(act.actor.name)
        accounts = operators.every()
    able = (one for one in accounts if one.active and Role.APPROVER.value in one.roles and one.may_approve_from <= act.now)
    later = [one.counts_from for one in mine if one.counts_from > act.now]
    return Asked(
        can=tuple(one.name for one in able if one.name not in sign.authors | sign.have | {act.actor.name}),
        passkeys=tuple(one.credential for one in mine if one.counts_from <= act.now),
        counts_from=min(later, default=None),
    )


def text_of(name: str, number: int | None = None) -> VersionText:
    """The text of a version, the newest if none is named. Refused ``not-found``."""
    with reading():
        rows = directives.versions(name) or [directives.newest(name)]
    found = next((row for row in reversed(rows) if number in (None, row.number)), None)
    if found is None:
        raise Refused("not-found", what="version", name=f"{name} {number}", nearest=str(rows[-1].number))
    return VersionText(name, found.number, found.state, found.text)


def refusals_of(name: str) -> list[Refusal]:
    """Why approvers did not want the newest version as it was, the earliest first. Refused ``not-found``."""
    with reading():
        return approvals.refusals(directives.newest(name).pk)


def _waiting(act: Act, name: str, purpose: Purpose) -> Waiting:
    sign = to_sign(name, act.now, purpose)
    row, _ = approvals.pending(name, purpose)
    given = [one.at for one in approvals.signatures(row.pk, purpose) if one.operator in sign.have]
    mine = ""
    if Role.APPROVER not in act.actor.roles:
        mine = "not-approver"
    elif act.actor.name in sign.authors:
        mine = "own-work"
    elif act.actor.name in sign.have:
        mine = "approved-already"
    elif len(sign.have) >= sign.need:
        mine = "complete"
    return Waiting(
        directive=name,
        title=str(sign.bundle.document.get("title", "")),
        number=sign.number,
        purpose=purpose,
        digest=sign.digest,
        have=tuple(sorted(sign.have)),
        need=sign.need,
        lapses=min(given) + APPROVAL_LIVES if given else None,
        mine=mine,
    )
