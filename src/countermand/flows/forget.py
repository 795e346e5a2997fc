"""Forget: retention. What may no longer be kept of a device that is not the company's is deleted, and the coverage of
what was looked at is narrowed in the same write, or the missing rows would count as proof of absence."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from countermand.access import Act, require
from countermand.core.apps import App
from countermand.core.presence import Presence, concise, forget
from countermand.flows.flipping import flipping
from countermand.store import bindings, evidence, fleet, log, watching
from countermand.store.unit import reading, unit

#: Devices per transaction, and devices looked at to find out whether there is anything to forget.
CHUNK, LOOK = 100, 1_000


@dataclass(frozen=True, slots=True)
class Forgotten:
    """``devices`` of which something was deleted; ``cursor``: the last device looked at, None when there are no more."""

    devices: int
    cursor: int | None


def forget_unwatched(act: Act, after: int = -1, appeal: int = 0) -> Forgotten:
    """One step over the devices after ordinal ``after``: keep of them what the watch list names now, or named until less
    than ``appeal`` milliseconds ago, and nothing else. Takes the writer's turn only where there is something to delete."""
    require(act.actor, "sweep")
    with reading():
        ordinals = fleet.private_with_evidence(after, LOOK)
        found = sorted(_forgettable(ordinals, watching.watch_list(act.now, appeal), evidence.Met()))
    if not ordinals:
        return Forgotten(0, None)
    part = found[:CHUNK]
    if part:
        _forget(act, part, appeal)
    return Forgotten(len(part), part[-1] if len(found) > len(part) else ordinals[-1])


def forget_all(act: Act, appeal: int = 0) -> int:
    """Every step, one short transaction each; returns how many devices something was forgotten of."""
    total, cursor = 0, -1
    while (step := forget_unwatched(act, cursor, appeal)).cursor is not None:
        total, cursor = total + step.devices, step.cursor
    return total


def forget_bindings(act: Act, appeal: int = 0) -> int:
    """Forget every time that a device was somebody's which ended before the oldest order began that is in force, or was until
    less than ``appeal`` milliseconds ago; how many there were. A short transaction for each few."""
    require(act.actor, "sweep")
    before = min(act.now - appeal, watching.first_in_force(act.now - appeal))
    total = 0
    while bindings.any_before(before):
        with unit():
            count = bindings.forget(before, LOOK)
            log.append("forgotten", act, {"bindings": count})
        total += count
    return total


def _forget(act: Act, ordinals: Sequence[int], appeal: int) -> None:
    with unit():
        met = evidence.Met()  # all read anew: a report, or an order that names the app, may have come in between
        mine = fleet.private_among(ordinals)
        changes = _forgettable(mine, watching.watch_list(act.now, appeal), met)
        if not changes:
            return
        with flipping(act, devices=changes):
            evidence.save_presences(changes, met)
        log.append("forgotten", act, {"devices": len(changes)}, [f"device:{ordinal}" for ordinal in sorted(changes)])


def _forgettable(ordinals: Collection[int], kept: frozenset[App], met: evidence.Met) -> dict[int, tuple[Presence, Presence]]:
    """Device → its presence as it is stored and as it may stay, where the two differ."""
    stored = evidence.presences(ordinals, met)
    left = {ordinal: concise(forget(was, kept)) for ordinal, was in stored.items()}
    return {ordinal: (was, left[ordinal]) for ordinal, was in stored.items() if was != left[ordinal]}
