"""Forget: retention. What may no longer be kept of a device that is not the company's is deleted, and the coverage of
what was looked at is narrowed in the same write, or the missing rows would count as proof of absence."""

from dataclasses import dataclass

from countermand.access import Act, require
from countermand.core.presence import concise, forget
from countermand.flows.flipping import flipping
from countermand.store import evidence, fleet, log
from countermand.store.unit import unit

#: Devices per transaction.
CHUNK = 500


@dataclass(frozen=True, slots=True)
class Forgotten:
    """``cursor``: the last device looked at; None when there are no more."""

    devices: int
    cursor: int | None


def forget_unwatched(act: Act, after: int = -1) -> Forgotten:
    """One chunk of devices after ordinal ``after``: keep of them what the watch list names now, and nothing else."""
    require(act.actor, "sweep")
    with unit():
        ordinals = fleet.private_with_evidence(after, CHUNK)
        if not ordinals:
            return Forgotten(0, None)
        met, watched = evidence.Met(), evidence.watched(act.now)
        stored = evidence.presences(ordinals, met)
        changes = {ordinal: (was, concise(forget(was, watched))) for ordinal, was in stored.items()}
        changes = {ordinal: pair for ordinal, pair in changes.items() if pair[0] != pair[1]}
        if changes:
            with flipping(act, devices=changes):
                evidence.save_presences(changes, met)
            log.append("forgotten", act, {"devices": len(changes)})
        return Forgotten(len(changes), ordinals[-1])


def forget_all(act: Act) -> int:
    """Every chunk, one transaction each; returns how many devices something was forgotten of."""
    total, cursor = 0, -1
    while (step := forget_unwatched(act, cursor)).cursor is not None:
        total, cursor = total + step.devices, step.cursor
    return total
