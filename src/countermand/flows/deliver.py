"""Delivering: claim a batch of promised notices, hand it to the mail server with no transaction open, settle what came of it.

Hand-over is what tells a person: *told* and the due are written with the server's answer, in one unit, and nowhere else.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass

from countermand.access import Act, require
from countermand.core import schedule
from countermand.core.instants import FOREVER, HOUR, MINUTE, Instant
from countermand.core.notices import FIRST, Kind, tells
from countermand.flows import echo, hold, opening
from countermand.flows.letters import Desk, Draft, drafts
from countermand.notices.mail import Letter, Outcome, Result
from countermand.store import feed, log, outbox, told
from countermand.store.outbox import Mark, Settlement
from countermand.store.unit import aside, unit

BATCH = 500
#: After so many attempts a notice that the server keeps putting off is given up; its person counts as not told.
ATTEMPTS = 8
#: How long a notice waits for a host that has taken as much as it may.
_HOST_RESTS = MINUTE
_FIRST_RETRY, _LAST_RETRY = MINUTE, 4 * HOUR

Send = Callable[[Sequence[Letter], Instant], Iterable[Outcome]]
Clock = Callable[[], Instant]


@dataclass(frozen=True, slots=True)
class Delivered:
    """What became of one batch, by outcome. ``waiting`` is True if another batch may follow at once; ``away`` if the mail
    server took nothing because it could not be reached."""

    claimed: int = 0
    accepted: int = 0
    retry: int = 0
    refused: int = 0
    unknown: int = 0
    unsent: int = 0
    waiting: bool = False
    away: bool = False


def deliver(acting: Callable[[], Act], send: Send, desk: Desk, worker: str, real: Clock, batch: int = BATCH) -> Delivered:
    """Deliver one batch. ``acting`` is asked for the act twice, at the claim and at the settling; ``real`` is real time, on
    which the lease runs; ``send`` hands letters over until an instant of it (``notices.mail.Courier.send``).

    Whatever is killed in between is claimed again after the lease, rendered anew, with a later due.
    """
    act = acting()
    require(act.actor, "deliver")
    if not outbox.waiting():
        return Delivered()
    started = real()
    claimed = _claim(act, desk, started, worker, batch)
    if not claimed:
        return Delivered()
    until = started + desk.lease
    letters = [draft.letter for draft in claimed if draft.letter is not None]
    outcomes = {outcome.id: outcome for outcome in send(letters, until)}
    return settle(acting(), desk, worker, claimed, outcomes, act.now + desk.lease, real())


def _claim(act: Act, desk: Desk, real: Instant, worker: str, batch: int) -> list[Draft]:
    """Claim and write a batch. A halt or a rescission does not wait for the writing: if one was committed meanwhile, what was
    claimed is given back and claimed anew. What is opened for it writes the version's row, and so is over before."""
    with aside():
        opening.advance(act, desk, real)
    while True:
        with suppress(outbox.Overtaken), aside():
            found = outbox.claim(act, real, desk.lease, worker, batch)
            hold.record(act, found.words)
            claimed = _awake(desk, drafts(desk, found.rows, act.now), act, real, worker)
            outbox.confirm(act, [draft.row for draft in claimed])
            return claimed


def _awake(desk: Desk, claimed: Sequence[Draft], act: Act, real: Instant, worker: str) -> list[Draft]:
    """Those whose people are not left alone now, and whose hosts take one more; the rest is given back until their quiet hours
    end, or for a while. What takes an order back waits for no hour."""
    kept: list[Draft] = []
    waiting: dict[Instant, list[int]] = {}
    for draft in claimed:
        until = None if draft.row.kind in FIRST else desk.quiet.until(draft.zone, act.now)
        if until is None and not desk.hosts.takes(draft.reader.email, real):
            until = act.now + _HOST_RESTS
        if until is None:
            kept.append(draft)
        else:
            waiting.setdefault(until, []).append(draft.row.id)
    for until, ids in waiting.items():
        outbox.release(ids, worker, real + until - act.now)
    return kept


def settle(
    act: Act,
    desk: Desk,
    worker: str,
    claimed: Sequence[Draft],
    outcomes: dict[int, Outcome],
    in_time: Instant,
    real: Instant,
) -> Delivered:
    """Write what became of a batch, in one unit. ``in_time``: until when, on the act's time, the dues as stated hold; what
    was handed over later counts from later, never from sooner."""
    with unit():
        mine = outbox.held([draft.row.id for draft in claimed], worker)
        found = [(draft, _outcome(draft, outcomes)) for draft in claimed]
        kept = [(draft, outcome) for draft, outcome in found if draft.row.id in mine]
        outbox.release([outcome.id for _, outcome in kept if outcome.result is Result.UNSENT], worker)
        outbox.settle(act, [_settlement(*pair, real) for pair in kept if pair[1].result is not Result.UNSENT])
        lost = [draft.row.id for draft, outcome in found if draft.row.id not in mine and _may_have_reached(outcome)]
        outbox.mark_reached(lost)
        _write_told(act, desk, [draft for draft, outcome in kept if outcome.result is Result.ACCEPTED], in_time)
        echo.after(act, desk.echoing, [draft for draft, outcome in kept if _may_have_reached(outcome)])
        _follow(act, [draft for draft, outcome in found if _may_have_reached(outcome)])
        _record(act, desk, kept)
    counts = Counter(outcome.result for _, outcome in found)
    unsent = counts[Result.UNSENT]
    return Delivered(
        claimed=len(claimed),
        accepted=counts[Result.ACCEPTED],
        retry=counts[Result.RETRY],
        refused=counts[Result.REFUSED],
        unknown=counts[Result.UNKNOWN],
        unsent=unsent,
        waiting=unsent == 0,
        away=unsent > 0,
    )


def _outcome(draft: Draft, outcomes: dict[int, Outcome]) -> Outcome:
    if draft.letter is None:
        return Outcome(draft.row.id, Result.REFUSED, draft.why)
    return outcomes.get(draft.row.id, Outcome(draft.row.id, Result.UNSENT, "no outcome"))


def _may_have_reached(outcome: Outcome) -> bool:
    return outcome.result in (Result.ACCEPTED, Result.UNKNOWN)


def _settlement(draft: Draft, outcome: Outcome, real: Instant) -> Settlement:
    """A doubtful or deferred notice is tried again later, with the same Message-ID, until the attempts are used up."""
    last = draft.row.attempts >= ATTEMPTS
    mark = {
        Result.ACCEPTED: Mark.ACCEPTED,
        Result.REFUSED: Mark.REFUSED,
        Result.RETRY: Mark.REFUSED if last else Mark.PROMISED,
        Result.UNKNOWN: Mark.UNKNOWN if last else Mark.PROMISED,
    }[outcome.result]
    return Settlement(
        id=draft.row.id,
        mark=mark,
        answer=outcome.answer[:500],
        retry_at=real + min(_FIRST_RETRY << (draft.row.attempts - 1), _LAST_RETRY) if mark is Mark.PROMISED else 0,
        reached=_may_have_reached(outcome),
        stated_due=draft.due,
        message_id=draft.message_id,
    )


def _write_told(act: Act, desk: Desk, accepted: Sequence[Draft], in_time: Instant) -> None:
    """Told and due of everyone whose notice of a version was handed over, and what gates must hear of it.

    No stored verdict changes by it: the due lies ahead, and until then the device is what it was. The sweep sees the rest.
    """
    versions: dict[int, list[Draft]] = {}
    for draft in accepted:
        if tells(draft.row.kind, draft.row.occurrence):
            versions.setdefault(draft.row.version, []).append(draft)
    for version, members in sorted(versions.items()):
        dues = {draft.row.person: _due_in_force(act, desk, draft, in_time) for draft in members}
        touched = told.tell(version, dues, act.now)
        if desk.version(version).directive.denies:
            for block in sorted(touched.device_blocks):
                feed.mark("denials", members[0].row.lineage, block)
            for block in sorted(touched.people_blocks):
                feed.mark("unregistered", members[0].row.lineage, block)


def _due_in_force(act: Act, desk: Desk, draft: Draft, in_time: Instant) -> Instant:
    if draft.due is None:
        return FOREVER  # told of a directive that never comes due
    if act.now <= in_time:
        return draft.due
    frozen = desk.version(draft.row.version)
    later = schedule.due_at_claim(frozen.directive, draft.reader.zone, frozen.issued_at, act.now, 0)
    return draft.due if later is None else max(draft.due, later)


def _follow(act: Act, reached: Sequence[Draft]) -> None:
    """Notices that were on their way when people decided otherwise: whoever they reached gets the correction, or hears that
    the order is on hold, or goes on."""
    notices = [draft.row for draft in reached if draft.row.kind is not Kind.RESCINDED]
    standings = outbox.standings({row.version for row in notices}) if notices else {}
    ended = {row.lineage for row in notices if standings[row.version].standing.ended}
    for name in sorted(ended):
        corrected = outbox.correct(name, [row.person for row in notices if row.lineage == name], act)
        hold.record(act, {(name, Kind.RESCINDED): corrected})
    hold.hold_late(act, [(row.lineage, row.person, row.kind) for row in notices if row.lineage not in ended])


def _record(act: Act, desk: Desk, settled: Sequence[tuple[Draft, Outcome]]) -> None:
    """One entry for what was handed over or refused for good; what is tried again has changed nothing yet."""
    groups: dict[tuple[str, int, str], Counter[str]] = {}
    subjects: set[str] = set()
    for draft, outcome in settled:
        if outcome.result is not Result.UNSENT:
            key = (draft.row.lineage, desk.version(draft.row.version).number, draft.row.kind.value)
            groups.setdefault(key, Counter())[outcome.result.value] += 1
        if outcome.result is Result.ACCEPTED:
            subjects.add(f"person:{draft.reader.login}")
    if groups:
        about = [
            {"lineage": lineage, "version_number": number, "kind": kind, **counts}
            for (lineage, number, kind), counts in sorted(groups.items())
        ]
        log.append("notices-handed-over", act, {"notices": about}, sorted(subjects))
