"""Sources as they are now: how each comes, when it was last in complete contact, and what is wrong with it."""

from dataclasses import dataclass

from countermand.access import Act, require
from countermand.core.instants import Instant
from countermand.core.lapse import is_healthy
from countermand.sources.kinds import KINDS
from countermand.store import connected, held
from countermand.store.connected import Connected


@dataclass(frozen=True, slots=True)
class SourceView:
    """``comes``: asked, posts or file; '' for a kind that is a name only. ``state``: how it is, in a word; ``fault``: what went
    wrong when it was last asked; ``devices``: in its last complete set; ``underway``: in a set that is on its way in; ``held``:
    numbers of what waits for a person; ``conflicts``: in its last set, names that belong to different devices: nothing was taken
    of those until somebody retires or binds one."""

    name: str
    kind: str
    comes: str
    state: str
    every: int
    last_contact: Instant | None
    tried_at: Instant | None
    devices: int
    underway: int
    held: tuple[int, ...]
    fault: str
    conflicts: tuple[str, ...]


def sources(act: Act) -> list[SourceView]:
    """Every source that ever brought anything or was connected, by name."""
    require(act.actor, "read")
    waiting: dict[str, list[int]] = {}
    for row in held.waiting():
        waiting.setdefault(row.source, []).append(row.pk)
    return [_view(one, tuple(waiting.get(one.name, ())), act.now) for one in connected.every()]


def _view(one: Connected, waiting: tuple[int, ...], now: Instant) -> SourceView:
    kind = KINDS.get(one.kind)
    return SourceView(
        name=one.name,
        kind=one.kind,
        comes=kind.comes.value if kind else "",
        state=_state(one, now),
        every=one.interval,
        last_contact=one.last_contact,
        tried_at=one.tried_at,
        devices=one.last_count,
        underway=one.underway,
        held=waiting,
        fault=one.fault,
        conflicts=one.conflicts,
    )


def _state(one: Connected, now: Instant) -> str:
    if one.paused_at is not None:
        return "paused"
    if one.stage and one.stage != "hearing":
        return one.stage
    if one.fault:
        return "failing"
    if one.last_contact is None:
        return "new"
    return "healthy" if is_healthy(one.last_contact, one.interval, now) else "silent"
