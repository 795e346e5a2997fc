"""What would be written to a lever now, entry by entry: the directory is read and nothing is written to it."""

from dataclasses import dataclass

from countermand.access import Act, require
from countermand.core.errors import Refused
from countermand.core.lever import Do, bears, step
from countermand.flows.lever_wants import walk
from countermand.flows.lever_work import Hand
from countermand.flows.levers import known
from countermand.levers.lever import FAULTS
from countermand.lib.granted import Denied
from countermand.store import entries, lease


@dataclass(frozen=True, slots=True)
class Planned:
    """One entry: ``does`` add, change, remove, or leave; ``says``: why it is left, or what it does not do."""

    key: str
    does: str
    says: str = ""


@dataclass(frozen=True, slots=True)
class Plan:
    """``adds`` and ``removes``: entries in all; ``unnamed``: denied devices without a name that the lever takes; ``writes``: what
    this page of them comes to; ``next``: give it as ``after`` for the following page, 0 after the last."""

    name: str
    adds: int
    removes: int
    unnamed: int
    writes: tuple[Planned, ...]
    next: int


def plan(act: Act, name: str, using: Hand | None, after: int, limit: int) -> Plan:
    """``using`` None: for a lever that nobody can ask from here; then nothing is known of what others wrote. Refused
    ``not-found``, ``lever-denied``, ``lever-away``."""
    require(act.actor, "work-lever")
    found = known(name)
    unnamed = walk(act, found, whole=True).unnamed if not after else 0
    rows = entries.page(found.pk, after, lease.real(), limit)
    try:
        seen = using.seen(found, rows) if using else {}
    except FAULTS as wrong:
        if isinstance(wrong, Refused):
            raise
        raise Refused("lever-denied" if isinstance(wrong, Denied) else "lever-away", name=name, why=str(wrong)) from wrong
    made = []
    for row in rows:
        there = seen.get(row.key)
        value = (row.receipt.value if using is None else None) if there is None else there.value
        decided = step(row.want, row.receipt, value, marked=value is not None and bears(found.mark, value))
        if decided.do is Do.WRITE:
            does = "remove" if not decided.value else "change" if value else "add"
            made.append(Planned(row.key, does, there.idle if there else ""))
        elif decided.do is Do.LEAVE:
            made.append(Planned(row.key, "leave", str(decided.why)))
    count = entries.count(found.pk)
    following = rows[-1].pk if len(rows) == limit else 0
    return Plan(name, count.open - count.removes, count.removes, unnamed, tuple(made), following)
