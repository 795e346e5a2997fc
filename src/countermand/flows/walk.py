"""Walking devices to now: stored verdicts are brought up to date, what changed is recorded, and words are promised.

Part of a flow, never one by itself: it runs inside the caller's unit. Nothing here decides what a gate answers; the
stored verdicts are read by nothing but the next walk, so that each change is told once.
"""

from collections.abc import Collection, Sequence

from pyroaring import BitMap

from countermand.access import Act
from countermand.core import facts
from countermand.core.changes import Change, diff, stored
from countermand.core.facts import BLOCK_SIZE, Block
from countermand.core.handover import in_force
from countermand.core.lapse import Health, lapsing
from countermand.core.terms import Lineage
from countermand.core.timeline import denied_at, timeline
from countermand.core.verdict import judge
from countermand.store import feed, log, outbox, owners, sets, streams

#: The stored set of devices whose owners were told that mail is denied, by time or by a report.
DENIED = "denied"


def written(lineages: Sequence[Lineage]) -> frozenset[str]:
    """How the names of the sets begin that are written and do not follow from rows, as far as walking these lineages reads
    them."""
    return frozenset({"lapsed:", *(facts.verdict(lineage.id, "") for lineage in lineages)})


def written_sets(number: int, lineages: Sequence[Lineage]) -> Block:
    """These sets of a block."""
    return sets.load(sets.DEVICES, number, (), written(lineages))


def walk(
    act: Act,
    block: Block,
    devices: BitMap,
    lineage: Lineage,
    health: Health,
    written: Block,
    *,
    lapse: bool = False,
    most: int = BLOCK_SIZE,
) -> int:
    """Bring the stored verdicts of ``devices`` (offsets in ``block``) to now; returns of how many anything changed, ``most``
    if there may be more of them: those are left as they are.

    ``written``: the block's ``written_sets`` as they were before this walk. With ``lapse`` stale devices may enter the
    lapsed set (the hourly sweep); without, they can only leave it.
    """
    block, devices, lapsed = _lapse(act, block, devices, lineage, health, may_enter=lapse, most=most)
    after = stored(judge(block, lineage, health.contacts, act.now))
    denied = denied_at(timeline(block, lineage), act.now) if in_force(lineage, act.now) else BitMap()
    after[DENIED] = denied & block[facts.DENIABLE]
    names = {status: facts.verdict(lineage.id, status) for status in after}
    before = {status: written[name] & devices for status, name in names.items()}
    changes = diff(before, {status: found & devices for status, found in after.items()})
    moved = BitMap.union(BitMap(), *(change.left | change.entered for change in changes.values()))
    if not moved:
        return lapsed
    if len(moved) > most:
        moved = moved[:most]
        changes = {status: part for status, change in changes.items() if (part := change.among(moved))}
    saved = {names[status]: (written[names[status]] - change.left) | change.entered for status, change in changes.items()}
    sets.save(sets.DEVICES, block.number, saved)
    _record(act, block, lineage, changes)
    _tell(act, block, lineage, changes.get(DENIED))
    return max(lapsed, len(moved))


def change_hands(ordinals: Collection[int], lineages: Sequence[Lineage]) -> None:
    """These devices have another owner now: that mail is denied on them was told to somebody else, if to anybody. Whoever
    owns them now hears it if it is so, and nobody hears that mail works again on a phone which never was theirs."""
    told = [facts.verdict(lineage.id, DENIED) for lineage in lineages]
    again = [one.again for one in streams.every()]
    by_block: dict[int, list[int]] = {}
    for ordinal in ordinals:
        by_block.setdefault(ordinal // BLOCK_SIZE, []).append(ordinal % BLOCK_SIZE)
    for number, offsets in sorted(by_block.items()):
        changes = {**dict.fromkeys(told, (offsets, [])), **dict.fromkeys(again, ([], offsets))}
        sets.change(sets.DEVICES, number, changes)


def _lapse(
    act: Act, block: Block, devices: BitMap, lineage: Lineage, health: Health, *, may_enter: bool, most: int
) -> tuple[Block, BitMap, int]:
    """The block as it is then, the devices to go on with, and of how many of them evidence lapsed or came back."""
    name = facts.lapsed(lineage.current.row)
    lapsed = lapsing(block, lineage, health.contacts, health.well, act.now)
    if not may_enter:
        lapsed &= block[name]
    moved = (lapsed ^ block[name]) & devices
    if not moved:
        return block, devices, 0
    if len(moved) > most:
        devices = moved = moved[:most]
    before, after = block[name] & devices, lapsed & devices
    sets.change(sets.DEVICES, block.number, {name: (before - after, after - before)})
    feed.mark("denials", lineage.id, block.number)
    log.append(
        "lapsed",
        act,
        {
            "lineage": lineage.id,
            "version_number": lineage.current.version,
            "entered": len(after - before),
            "left": len(before - after),
        },
        _subjects(block, moved),
    )
    return Block(block.number, {**block.sets, name: (block[name] - devices) | after}), devices, len(moved)


def _record(act: Act, block: Block, lineage: Lineage, changes: dict[str, Change]) -> None:
    about = {status: {"entered": len(change.entered), "left": len(change.left)} for status, change in changes.items()}
    denied = changes.get(DENIED, Change(BitMap(), BitMap()))
    log.append(
        "verdicts-changed",
        act,
        {"lineage": lineage.id, "version_number": lineage.current.version, "changes": about},
        _subjects(block, denied.entered | denied.left),
    )


def _tell(act: Act, block: Block, lineage: Lineage, change: Change | None) -> None:
    """Words to the owners: mail is denied, or it works again. A device nobody can recognise at a gate is told nothing."""
    if change is None:
        return
    for kind, devices in (("denied", change.entered), ("restored", change.left)):
        if devices and lineage.live:
            people = sorted(set(owners.of(_ordinals(block, devices)).values()))
            outbox.promise(lineage.current.row, people, kind, act, occurrence=str(act.now))


def _ordinals(block: Block, devices: BitMap) -> list[int]:
    return [block.number * BLOCK_SIZE + offset for offset in devices]


def _subjects(block: Block, devices: BitMap) -> list[str]:
    return [f"device:{ordinal}" for ordinal in _ordinals(block, devices)]
