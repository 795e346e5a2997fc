"""Telling: the promises that follow from an issue or a rescission, in chunks that anybody may interrupt and anybody resume.

Which people have been promised a version's notice is kept as one set, so a chunk is "whoever is in the audience and not in
the set": the same for the first telling, after a crash, and for people who join later.
"""

from collections.abc import Callable
from dataclasses import replace
from itertools import count

from pyroaring import BitMap

from countermand.access import Act, require
from countermand.core import facts, schedule
from countermand.core.handover import in_force
from countermand.core.notices import SOON, Kind, rank_of
from countermand.core.outcomes import Progress
from countermand.core.terms import Lineage
from countermand.flows.hold import hold_all
from countermand.flows.opening import show_first
from countermand.store import audience, directives, echoes, feed, holds, log, outbox, restored, rings, sets, terms
from countermand.store.unit import unit

#: People promised in one transaction; well within the 200 ms that a transaction may last.
CHUNK = 2_000
#: Chunks in one call of whoever drives it step by step: a second or two of work.
BURST = 10


Tick = Callable[[Progress], None]


def issue_next(act: Act, name: str, members: BitMap | None = None) -> Progress:
    """Promise the version in force to the next people of its audience, in one short unit.

    ``members``: the audience as counted before (``issue`` returns it), None to count it now. Whether the version is still
    issued and unhalted is looked at inside the unit, so nobody is promised anything after a halt or a rescission.
    """
    require(act.actor, "tell")
    lineage = terms.lineage(name)
    if lineage is None:
        return Progress(0, 0, 0, more=False, why="over")
    return _next(act, lineage, audience.members(lineage) if members is None else members)


def issue_all(
    act: Act, name: str, members: BitMap | None = None, tick: Tick = lambda progress: None, *, most: int | None = None
) -> Progress:
    """Promise the version in force to everybody in its audience, chunk by chunk (at most ``most``); ``tick`` after each.
    Halting, rescinding or killing it in the middle leaves nothing half-done; calling it again goes on."""
    require(act.actor, "tell")
    lineage = terms.lineage(name)
    if lineage is None:
        return Progress(0, 0, 0, more=False, why="over")
    wanted = audience.members(lineage) if members is None else members
    promised = 0
    for chunk in count(1):
        progress = _next(act, lineage, wanted)
        promised += progress.promised
        tick(progress)
        if not progress.more or chunk == most:
            break
    return replace(progress, promised=promised)


def rescind_next(act: Act, name: str) -> Progress:
    """Promise the correction to the next people whom a notice reached or may have reached, in one short unit; then forget
    the verdicts and lapses, which speak of nothing any more."""
    require(act.actor, "correct")
    with unit():
        row = directives.known(name)
        if row.ended_at is None or row.corrected:
            return Progress(0, 0, 0, more=False)
        chunk = outbox.promise_corrections(name, act, row.corrected_to, CHUNK)
        if chunk is not None:
            last, promised = chunk
            echoes.promise_back_up_to(outbox.last_issued(name), Kind.RESCINDED, act, row.corrected_to, last)
            directives.corrected(name, last, done=False)
            log.append("corrections-promised", act, {"lineage": name, "people": promised})
            return Progress(promised, last, 0, more=True)
        directives.corrected(name, row.corrected_to, done=True)
        lapsed = [facts.lapsed(version.pk) for version in directives.versions(name)]
        sets.drop(sets.DEVICES, [*sets.names(sets.DEVICES, facts.verdict(name, "")), *lapsed])
        return Progress(0, row.corrected_to, 0, more=False)


def rescind_all(act: Act, name: str, tick: Tick = lambda progress: None, *, most: int | None = None) -> Progress:
    """Promise every correction, chunk by chunk (at most ``most``)."""
    promised = 0
    for chunk in count(1):
        progress = rescind_next(act, name)
        promised += progress.promised
        tick(progress)
        if not progress.more or chunk == most:
            break
    return replace(progress, promised=promised)


def catch_up(act: Act, between: Callable[[], None] = lambda: None) -> int:
    """The worker's part: finish what was interrupted, and tell people who came into an audience since. Returns how many
    promises were made."""
    require(act.actor, "tell")
    promised = _revive(between)
    for name in directives.uncorrected():
        promised += rescind_all(act, name, lambda progress: between()).promised
    for name in holds.untold():
        promised += hold_all(act, name, between)
    for lineage in terms.live():
        promised += issue_all(act, lineage.id, tick=lambda progress: between()).promised
    return promised


def _revive(between: Callable[[], None]) -> int:
    """Notices that a restore set aside and people let go again return to the outbox, chunk by chunk. Returns how many.
    The promise was in the ledger before, and so is the decision that it holds again: this is no change of its own."""
    found = 0
    for name in restored.to_revive():
        more = True
        while more:
            with unit():
                more = bool(count := restored.revive(name))
                if not more:
                    restored.revived(name)
            found += count
            between()
    return found


def _next(act: Act, lineage: Lineage, wanted: BitMap) -> Progress:
    """One chunk, if the version that ``wanted`` is the audience of is still the one in force."""
    with unit():
        found = terms.lineage(lineage.id)
        if found is None or found.current.row != lineage.current.row:
            return Progress(0, 0, len(wanted), more=False, why="over")
        return _promise(act, found, wanted)


def _promise(act: Act, lineage: Lineage, wanted: BitMap) -> Progress:
    pk = lineage.current.row
    row, before = directives.version(pk), directives.promised(pk)
    rest = wanted - before
    done, total = len(before), len(before | wanted)
    if not in_force(lineage, act.now):
        return Progress(0, done, total, more=False, why="over" if lineage.live else "halted")
    room = max(row.ceiling - done, 0)
    first = BitMap(row.first_look)
    if not before:
        show_first(act, pk, list(first - wanted))
    looking = rest & first
    chunk = BitMap((looking or rest)[: min(CHUNK, room)])
    if chunk:
        rings = _place(lineage, chunk)
        for ring, members in sorted(rings.items()):
            _tell(act, lineage, members, SOON if looking else rank_of(ring))
        directives.save_promised(pk, before | chunk)
        about = {"lineage": lineage.id, "version": row.number, "people": len(chunk), "so_far": done + len(chunk)}
        log.append("notices-promised", act, about)
    left = rest - chunk
    if not left and not row.issue_done:
        directives.finish_issue(pk)
    grew = bool(left) and len(chunk) == room
    why = "audience-grew" if grew else ""
    return Progress(len(chunk), done + len(chunk), total, more=bool(left) and not grew, why=why)


def _tell(act: Act, lineage: Lineage, chunk: BitMap, rank: int) -> None:
    """Whoever was told of an earlier version hears that it changed; everybody else hears of it for the first time."""
    know = chunk & audience.told_before(lineage)
    outbox.promise(lineage.current.row, list(chunk - know), Kind.ISSUED, act, rank=rank)
    outbox.promise(lineage.current.row, list(know), Kind.SUPERSEDED, act, rank=rank)


def _place(lineage: Lineage, chunk: BitMap) -> dict[int, BitMap]:
    """Rings are known before the first denial: a person's ring is written with the promise of the notice. Ring → people."""
    if lineage.rings == 1:
        return {0: chunk}
    directive = lineage.current.directive
    last = lineage.rings - 1
    found = {person: schedule.ring_of(directive, login) for person, login in audience.logins(chunk).items()}
    changed = rings.place(lineage.id, found, last)
    if len(lineage.versions) > 1:
        for block in sorted(changed):
            feed.mark("denials", lineage.id, block)
    members: dict[int, BitMap] = {}
    for person, ring in found.items():
        members.setdefault(ring, BitMap()).add(person)
    return members
