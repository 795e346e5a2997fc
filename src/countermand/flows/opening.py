"""Opening: notices of a version leave in steps. Whoever wrote or approved it sees the notice before anybody else; then the people
of the first ring hear of it, and some time after the last of them the people of the next.

Nothing skips a step. What a step waits for is looked at inside the claim, and the next one is opened by a write in the ledger.
"""

from collections.abc import Collection

from countermand.access import Act
from countermand.core.instants import HOUR, Instant
from countermand.core.notices import SOON, Kind, rank_of, ring_of
from countermand.core.people import normal_login
from countermand.flows import echo
from countermand.flows.letters import Desk
from countermand.store import directives, directory, log, opening, outbox
from countermand.store.outbox import Source

#: After so long those who were to see it first, and did not get it, are written to again.
_AGAIN = HOUR


def first_look(operators: Collection[str]) -> dict[str, int]:
    """Login → ordinal of those operators who are people of the directory, work here and have a mail address."""
    return directory.find_active([normal_login(name) for name in operators])


def show_first(act: Act, version: int, people: Collection[int]) -> int:
    """Inside a unit: a copy for those who are to see the notice first and are not in its audience. It tells them nothing."""
    return outbox.promise(version, people, Kind.ISSUED, act, occurrence="first-look", rank=SOON)


def advance(act: Act, desk: Desk, real: Instant) -> None:
    """Inside a unit, before a claim: open whatever may be. ``real``: real time, on which attempts run."""
    for source in outbox.waiting():
        if source.forward and source.opening < source.last:
            _advance(act, desk, source, real)


def _advance(act: Act, desk: Desk, source: Source, real: Instant) -> None:
    if opening.untried(source.version, source.opening, act, real):
        return
    if source.opening == SOON:
        if not _seen_first(act, source):
            return
    elif not _all_promised(source) or act.now < directives.all_tried(source.version, source.opening, act.now) + desk.ring_wait:
        return
    to = source.opening + 1
    if not directives.open_to(source.version, source.opening, to):
        return
    row = directives.version(source.version)
    if row.first_look or source.last > rank_of(0):
        about = {"lineage": source.lineage, "version": row.number, "ring": ring_of(to), "of": ring_of(source.last) + 1}
        log.append("notices-opened", act, about)
    if to == rank_of(0):
        earlier = any(one.issued_at is not None for one in directives.versions(source.lineage) if one.number < row.number)
        echo.to_rooms(act, desk.echoing, source.version, Kind.SUPERSEDED if earlier else Kind.ISSUED)


def _seen_first(act: Act, source: Source) -> bool:
    """Somebody of those who were to see it has it. Where it reached none of them, they are written to again after a while."""
    people = directives.version(source.version).first_look
    if not people:
        return True
    found = opening.looks(source.version, people)
    if found.reached or not found.some:
        return True
    if act.now >= found.last + _AGAIN:
        outbox.promise(source.version, people, Kind.ISSUED, act, occurrence=f"first-look-{act.now}", rank=SOON)
    return False


def _all_promised(source: Source) -> bool:
    """Whether everybody of the ring has been promised the notice: promises are made by ordinals, not by rings."""
    row = directives.version(source.version)
    return row.issue_done or len(directives.promised(source.version)) >= row.ceiling
