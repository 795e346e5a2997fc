"""Levers that a person carries: a script of what is to be written, and the results that it brings back.

An entry that is handed out is ours from then on, or may be, until its result says otherwise. One that was there before is the
administrators'; one of which a script that was never read back may have written it is left to a person to decide.
"""

from dataclasses import dataclass

from countermand.access import Act, require
from countermand.core.errors import Refused
from countermand.core.instants import Instant
from countermand.core.lever import NOTHING, Left
from countermand.flows.lever_wants import walk
from countermand.flows.levers import kind_of, known, lever_begin
from countermand.levers import exchange_script
from countermand.levers.blocked_ids import BLOCKED
from countermand.levers.exchange_script import Does, Line, Result
from countermand.store import entries, lease, log
from countermand.store.entries import Entry, Settled
from countermand.store.levers import LeverRow
from countermand.store.unit import aside

#: Entries of one script: an administrator can read it, and it ends within an hour.
MOST = 5_000
#: Rows that one short transaction takes.
_PART = 500


@dataclass(frozen=True, slots=True)
class Script:
    """``number``: by which its results say which script they are of, 0 if there was nothing to say. ``more``: entries that wait
    for a further script."""

    name: str
    number: Instant
    adds: int
    removes: int
    sees: int
    more: int
    text: str


@dataclass(frozen=True, slots=True)
class Carried:
    """What results came to. ``theirs``: that were there already; ``doubtful``: of those, that an earlier script may have written;
    ``drifted``: ours that somebody removed; ``failed``: to be carried again; ``unknown``: of none of our entries, or old."""

    name: str
    added: int
    removed: int
    theirs: int
    doubtful: int
    drifted: int
    failed: int
    unknown: int


def lever_script(act: Act, name: str, *, see: bool = False, again: bool = False, limit: int = MOST) -> Script:
    """What is to be written now, as a script. ``see``: one that only reads back what is there of ours. ``again``: although the
    results of an earlier one are missing. Refused ``not-found``, ``lever-networked``, ``lever-results-missing``."""
    require(act.actor, "work-lever")
    found = known(name)
    if kind_of(found).open is not None:
        raise Refused("lever-networked", name=name)
    size = min(max(limit, 1), MOST)
    if see:
        rows = entries.ours(found.pk, 0, lease.real(), size)
        return _script(act, found, [Line(row.pk, Does.SEE, row.key) for row in rows], 0)
    missing = entries.outstanding(found.pk)
    if missing and not again:
        raise Refused("lever-results-missing", name=name, count=missing)
    if found.begun_at is None:
        lever_begin(act, name)
    walk(act, known(name))
    rows = entries.open_(found.pk, lease.real(), size)
    lines = [Line(row.pk, Does.ADD if row.want else Does.REMOVE, row.key) for row in rows if row.want or row.receipt.any]
    closed = [row.pk for row in rows if not row.want and not row.receipt.any]
    with aside():
        entries.settle([Settled(pk, NOTHING, NOTHING, close=True) for pk in closed])
        entries.sweep(found.pk, lease.real())
    return _script(act, found, lines, entries.count(found.pk).open - len(lines))


def lever_results(act: Act, name: str, text: str, *, ours: bool = False) -> Carried:
    """Read back what a script says of its entries. ``ours``: entries that an earlier script, whose results are lost, may have
    written are taken for ours. Read twice, it changes nothing. Refused ``not-found``, ``lever-results-unreadable``."""
    require(act.actor, "work-lever")
    found = known(name)
    try:
        said = exchange_script.results(text)
    except exchange_script.Unreadable as wrong:
        raise Refused("lever-results-unreadable", why=wrong) from wrong
    counts = dict.fromkeys(("added", "removed", "theirs", "doubtful", "drifted", "failed", "unknown"), 0)
    words = list(said.items())
    for start in range(0, len(words), _PART):
        part = words[start : start + _PART]
        with aside():
            rows = entries.numbered(found.pk, [entry for (_, entry), _ in part], lease.real())
            settled = []
            for (script, entry), result in part:
                what, follows = _follows(rows.get(entry), script, result, ours=ours)
                for one in what:
                    counts[one] += 1
                settled += [follows] if follows else []
            entries.settle(settled)
            if settled:
                log.append("lever-results-read", act, {"lever": name, "entries": len(settled)})
    return Carried(name, **counts)


def _script(act: Act, found: LeverRow, lines: list[Line], more: int) -> Script:
    number = lease.real()
    count = {does: sum(1 for line in lines if line.does is does) for does in Does}
    if not lines:
        return Script(found.name, 0, 0, 0, 0, more, "")
    text = exchange_script.render(found.name, number, act.actor.name, lines)
    wrote = [(line.entry, BLOCKED if line.does is Does.ADD else NOTHING) for line in lines if line.does is not Does.SEE]
    for start in range(0, len(wrote), _PART):
        with aside():
            entries.handed_out(wrote[start : start + _PART], number)
    with aside():
        about = {"lever": found.name, "script": number, **{does.value: count[does] for does in Does}}
        log.append("lever-script-made", act, about)
    return Script(found.name, number, count[Does.ADD], count[Does.REMOVE], count[Does.SEE], more, text)


def _follows(
    found: tuple[Entry, Instant] | None, script: Instant, result: Result, *, ours: bool
) -> tuple[list[str], Settled | None]:
    """(what it counts as, what follows for the row)."""
    if found is None or script < found[1]:
        return ["unknown"], None
    row, asked_at = found
    now = lease.real()
    match result:
        case Result.ADDED:
            return ["added"], Settled(row.pk, BLOCKED, NOTHING, wrote=now)
        case Result.REMOVED:
            return ["removed"], Settled(row.pk, NOTHING, NOTHING, wrote=now)
        case Result.ABSENT if row.receipt.asked is None and row.want:
            return ["drifted"], Settled(row.pk, NOTHING, NOTHING, left=Left.REMOVED, wrote=now)
        case Result.ABSENT:
            return ["removed"], Settled(row.pk, NOTHING, NOTHING, wrote=now)
        case Result.PRESENT if row.receipt.value:
            return [], Settled(row.pk, row.receipt.value, NOTHING)
        case Result.PRESENT:
            doubtful = asked_at < script
            if doubtful and ours:
                return ["added"], Settled(row.pk, BLOCKED, NOTHING, wrote=now)
            why = "an earlier script may have written it" if doubtful else ""
            settled = Settled(row.pk, NOTHING, NOTHING, left=Left.THEIRS, why=why, wrote=now)
            return ["theirs", "doubtful"] if doubtful else ["theirs"], settled
        case _:
            return ["failed"], None
