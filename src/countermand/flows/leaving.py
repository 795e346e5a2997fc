"""Leaving: people who go out of a carve-out, or out of the directory, one request at a time. Few may go at once; more wait
for a person, as they do when a file is imported.

Who waits counts as a member, or as present, until somebody releases the batch; the directory that sent them away sees what it
said. Part of flows; runs inside their units.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass

from countermand.access import Act
from countermand.config import Holdbacks
from countermand.core import holdback
from countermand.core.instants import DAY, HOUR
from countermand.flows.bring_people import below, carved, write_nesting
from countermand.flows.files import paced, silent
from countermand.flows.flipping import flipping
from countermand.store import departures, directory, feed, held, log
from countermand.store.held import HeldRow
from countermand.store.unit import rehearsing, unit

#: What a held batch of leavers is called, and how the directory itself is named there.
KIND, DIRECTORY = "leaving", ""

Pair = tuple[int, str]


@dataclass(frozen=True, slots=True)
class Sorted:
    """Of people who leave groups: those who may go, and those who wait, each with the batch that they wait in."""

    go: frozenset[Pair]
    wait: Mapping[Pair, int]


def sort_out(act: Act, pairs: Collection[Pair], hold: Holdbacks) -> Sorted:
    """Which of these (person, group) may leave now. ``flipping`` and the rows are the caller's."""
    edges = directory.nesting()
    people = {person for person, _ in pairs}
    stored = directory.load(people)
    wait: dict[Pair, int] = {}
    for name, within in sorted(carved(edges).items()):
        mine = {pair for pair in pairs if pair[1] in within}
        gone = {person for person, _ in mine if not (stored[person].groups & within) - {g for p, g in mine if p == person}}
        if gone and (batch := _over(act, name, len(gone), len(directory.members(within)), hold)) is not None:
            wait |= {pair: batch for pair in mine if pair[0] in gone}
    return Sorted(frozenset(pair for pair in pairs if pair not in wait), wait)


def depart(act: Act, hold: Holdbacks) -> int | None:
    """One person leaves the directory: None if they may, else the batch in which it waits. A directory that was emptied by
    mistake would let everybody go."""
    return _over(act, DIRECTORY, 1, directory.count_active(), hold)


def end_nesting(act: Act, edges: Collection[tuple[str, str]], hold: Holdbacks) -> dict[tuple[str, str], int]:
    """Which of these (group, the group it is in) wait, each with its batch; the others may end."""
    stored = directory.nesting()
    wait: dict[tuple[str, str], int] = {}
    for name, within in sorted(carved(stored).items()):
        left = directory.members(within) - directory.members(below({name}, stored - set(edges)))
        mine = {edge for edge in edges if edge[1] in within}
        if mine and left and (batch := _over(act, name, len(left), len(directory.members(within)), hold)) is not None:
            wait |= dict.fromkeys(mine, batch)
    return wait


def _over(act: Act, name: str, leaving: int, now: int, hold: Holdbacks) -> int | None:
    """None, and they are counted, if so many more may leave; else the batch that waits, grown by them."""
    hour = act.now // HOUR
    since = hour - DAY // HOUR + 1
    waits = held.waiting_of(KIND, name)
    before = now + departures.departed(name, since)
    waiting = 0 if waits is None else int(waits.counts["before"]) - int(waits.counts["after"])
    if name == DIRECTORY:
        many = leaving + before - now > max(hold.presence_floor, (1 - hold.set_floor) * before)
    else:
        many = holdback.shrank(before, now - leaving, hold.shrink_floor, hold.shrink_share)
    if not many:
        departures.count_departed(name, hour, leaving, since)
        return None
    what = f"Group {name}" if name else "The directory"
    counts = {"what": what, "before": now, "after": now - waiting - leaving}
    if waits is not None:
        held.recount(waits.pk, counts)
        return waits.pk
    made = held.hold(KIND, name, "set-shrank", counts, [], act.now)
    log.append("held", act, {"held": made, "why": "set-shrank", "group": name})
    return made


def let_go(act: Act, row: HeldRow) -> int:
    """Release: whoever waits in this batch leaves, in short units; returns how many devices moved. The last one decides it."""
    moved = 0
    for part in paced(iter(departures.held_members(row.pk))):
        with unit():
            pairs = frozenset(departures.held_members(row.pk)) & frozenset(part)
            moved += leave_groups(act, pairs)
            log.append("memberships-changed", act, {"held": row.pk, "left": len(pairs)})
        if rehearsing():
            return moved
    for people in paced(iter(departures.waiting_to_leave(row.pk))):
        with unit():
            moved += leave_directory(act, sorted(set(departures.waiting_to_leave(row.pk)) & set(people)))
            departures.unhold(people)
            log.append("people-left", act, {"held": row.pk, "people": len(people)})
        if rehearsing():
            return moved
    return moved


def end_held_nesting(act: Act, row: HeldRow) -> None:
    """The groups that waited in this batch are in the others no more; person by person, in short units."""
    edges = frozenset(departures.held_edges(row.pk))
    if edges:
        write_nesting(act, f"held-{row.pk}", directory.nesting() - edges, silent)


def keep(row: HeldRow) -> None:
    """Drop: nobody in this batch leaves. Inside the caller's unit."""
    departures.free_members(departures.held_members(row.pk))
    departures.hold_nesting(departures.held_edges(row.pk), None)
    departures.unhold(departures.waiting_to_leave(row.pk))


def leave_groups(act: Act, pairs: Collection[Pair]) -> int:
    """These people leave these groups, with all that hangs on it. Inside the caller's unit."""
    people = sorted({person for person, _ in pairs})
    devices = directory.devices_of(people)
    with flipping(act, devices=devices, people=people):
        directory.leave(pairs)
    return len(devices)


def leave_directory(act: Act, people: Collection[int]) -> int:
    """These people are gone from every set; what is known of them stays. Inside the caller's unit."""
    logins = directory.logins(people)
    devices = directory.devices_of(people)
    with flipping(act, devices=devices, people=people):
        directory.depart(people)
    for login in sorted(logins.values()):
        feed.mark("logins", login)
    return len(devices)
