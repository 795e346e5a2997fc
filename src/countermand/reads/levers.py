"""Levers as they stand: what is there of ours, what is still to be written, how long that takes, and whom it does not reach."""

from collections.abc import Mapping
from dataclasses import dataclass

from countermand.access import Act, require
from countermand.core.forms import not_found
from countermand.core.instants import HOUR, MINUTE, SECOND, Instant
from countermand.core.lever import Power, Unreached
from countermand.core.wording import many
from countermand.levers.kinds import KINDS
from countermand.levers.lever import Kind
from countermand.store import entries, levers
from countermand.store.entries import Count
from countermand.store.levers import LeverRow
from countermand.store.unit import reading


@dataclass(frozen=True, slots=True)
class LeverView:
    """``state``: new, paused, undoing, writing, kept or failing. ``enabled``: whether two people let its switch deny; ``asks``:
    who proposed it and waits for another. ``power``: of the switch; ``changed``: what somebody changed about it.

    ``wanted``, ``ours``, ``waits``: entries; ``removes``: of those that wait, to be taken away; ``left``: why → entries that are
    none of ours to write; ``idle``: of ours, without effect. ``rate``: writes in an hour, ``time_left``: milliseconds."""

    name: str
    kind: str
    state: str
    enabled: bool
    asks: str
    power: Power
    changed: str
    wanted: int
    ours: int
    waits: int
    removes: int
    left: Mapping[str, int]
    idle: int
    rate: int
    time_left: int
    verified_at: Instant | None
    fault: str


@dataclass(frozen=True, slots=True)
class Entry:
    """One entry: ``key`` as the system knows it; ``says``: why nothing is written, or what it does not do."""

    key: str
    says: str


#: Entries that are named of each kind of trouble.
_NAMED = 20
_SPANS = ((HOUR, "h"), (MINUTE, "min"), (SECOND, "s"))


def all_levers(act: Act) -> list[LeverView]:
    """Every lever, by name."""
    require(act.actor, "read")
    with reading():
        return [view(one) for one in levers.every()]


def view(one: LeverRow) -> LeverView:
    kind, count = KINDS[one.kind], entries.count(one.pk)
    return LeverView(
        name=one.name,
        kind=one.kind,
        state=_state(one, count),
        enabled=bool(one.enabled_by) or not kind.switch,
        asks=one.enable_proposed_by,
        power=one.switch.power if kind.switch else Power.ON,
        changed=one.switch.changed,
        wanted=count.wanted,
        ours=count.ours,
        waits=count.open,
        removes=count.removes,
        left=count.left,
        idle=count.idle,
        rate=one.rate,
        time_left=_left(one, kind, count.open),
        verified_at=one.verified_at,
        fault=one.fault,
    )


def one_lever(act: Act, name: str) -> LeverView:
    """Refused ``not-found``."""
    require(act.actor, "read")
    with reading():
        found = levers.find(name)
        if found is None:
            names = [one.name for one in levers.every()]
            raise not_found("lever", name, names)
        return view(found)


def foretold(one: LeverRow, writes: int) -> tuple[str, ...]:
    """What so many writes take through this lever, how they are undone, and whom it does not reach."""
    kind = KINDS[one.kind]
    quota = kind.quota(one.settings)
    least = "at least " if quota.said else "about "
    takes = f"{many(writes, 'entry', 'entries')} take {least}{span(quota.lasts(writes))} ({quota.per_second:g} a second)."
    undone = f"Undone by {kind.undone}." if kind.switch else f"Undone {kind.undone}, which takes as long."
    unsupported = (f"This way is not supported by {kind.unsupported}.",) if kind.unsupported else ()
    return (takes, undone, *unsupported, *(f"Not reached: {miss[0].lower()}{miss[1:]}" for miss in kind.misses))


def span(milliseconds: int) -> str:
    """ "11.7 h", "50 s"."""
    unit, name = next(((unit, name) for unit, name in _SPANS if milliseconds >= unit), _SPANS[-1])
    return f"{milliseconds / unit:.1f}".removesuffix(".0") + f" {name}"


def unreached() -> tuple[Unreached, ...]:
    """Devices that levers do not reach: unknown there, or shown without what we write."""
    found = []
    with reading():
        for one in levers.every():
            count = entries.count(one.pk)
            if missing := count.left.get("missing", 0):
                rows = entries.some(one.pk, 0, _NAMED, left="missing")
                found.append(Unreached(one.name, "unknown there", missing, tuple(row.key for row in rows)))
            if count.idle:
                rows = entries.some(one.pk, 0, _NAMED, idle=True)
                found.append(Unreached(one.name, rows[0].idle, count.idle, tuple(row.key for row in rows)))
    return tuple(found)


def troubles(act: Act, name: str) -> tuple[Entry, ...]:
    """Entries that are left alone, and those without effect: some of each."""
    require(act.actor, "work-lever")
    found = levers.find(name)
    if found is None:
        return ()
    with reading():
        left = entries.some(found.pk, 0, _NAMED, left="")
        idle = entries.some(found.pk, 0, _NAMED, idle=True)
    return (
        *(Entry(one.key, f"left alone: {one.left}{f' ({one.why})' if one.why else ''}") for one in left),
        *(Entry(one.key, one.idle) for one in idle),
    )


def _state(one: LeverRow, count: Count) -> str:
    if one.paused_at is not None:
        return "paused"
    if one.begun_at is None:
        return "new"
    if one.fault:
        return "failing"
    if one.undoing:
        return "undoing" if count.ours else "undone"
    return "writing" if count.open else "kept"


def _left(one: LeverRow, kind: Kind, writes: int) -> int:
    """Milliseconds, by how fast it went of late, or may go."""
    quota = kind.quota(one.settings)
    return int(writes * HOUR / one.rate) if one.rate else quota.lasts(writes)
