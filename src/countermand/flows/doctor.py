"""Doctor: rebuild the sets from the rows, block by block, and compare them with what is stored."""

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field

from pyroaring import BitMap

from countermand.access import Act, require
from countermand.core import facts
from countermand.core.facts import BLOCK_SIZE
from countermand.core.lever import Unreached
from countermand.flows.flipping import names_of, names_of_people
from countermand.flows.reevaluate import reevaluate
from countermand.store import directory, fleet, loads, log, owners, sets
from countermand.store.health import health
from countermand.store.unit import reading, unit

#: Ordinals whose names are gathered at once.
PART = 4_096


Members = Callable[[int], list[int]]
Names = Callable[[Collection[int]], dict[int, frozenset[str]]]
Changes = dict[str, tuple[BitMap, BitMap]]
_SPACES = ((sets.DEVICES, fleet, names_of), (sets.PEOPLE, directory, names_of_people))


@dataclass(frozen=True, slots=True)
class Difference:
    """A set of a block that is not what the rows say. ``space``: 'd' devices, 'p' people; ``missing`` and ``extra`` count."""

    space: str
    name: str
    block: int
    missing: int
    extra: int


@dataclass(frozen=True, slots=True)
class Findings:
    """``unreached``: devices that directives deny and that a lever does not reach; nothing of ours is wrong with those.
    ``running_out``: keys and certificates that hold for less than 30 days, with their days."""

    blocks: int
    differences: tuple[Difference, ...]
    repaired: bool = False
    unreached: tuple[Unreached, ...] = ()
    running_out: Mapping[str, float] = field(default_factory=dict)


def doctor(act: Act, *, repair: bool = False, progress: Callable[[int], None] = lambda steps: None) -> Findings:
    """Compare every derived set with the rows. With ``repair`` the rows win, a block in one transaction, and the devices
    whose sets moved are judged afresh. ``progress`` is told of each block."""
    require(act.actor, "doctor")
    found: list[Difference] = []
    blocks = 0
    for space, rows, names in _SPACES:
        for number in sorted(set(rows.blocks()) | set(sets.blocks(space))):
            found += _examine(act, space, number, rows.in_block, names, repair=repair)
            blocks += 1
            progress(1)
    found += _owners(act, repair=repair)
    return Findings(blocks, tuple(found), repair and bool(found))


def _owners(act: Act, *, repair: bool) -> list[Difference]:
    """The packed copies of whose device is whose."""
    found = []
    for number in sets.blocks(owners.SPACE):
        with unit() if repair else reading():
            stored, rows = owners.in_block(number).owners, owners.from_rows(number)
            wrong = (stored != rows).nonzero()[0]
            if len(wrong):
                found.append(Difference(owners.SPACE, owners.NAME, number, len(wrong), 0))
            if len(wrong) and repair:
                owners.pack({number * BLOCK_SIZE + offset: rows[offset] for offset in wrong.tolist()})
                log.append("sets-repaired", act, {"space": owners.SPACE, "block": number, "sets": 1})
    return found


def _examine(act: Act, space: str, number: int, members: Members, names: Names, *, repair: bool) -> list[Difference]:
    with reading():
        differences = _compare(act, space, number, members, names)[0]
    if not differences or not repair:
        return differences
    with unit([number] if space == sets.DEVICES else None):
        return _repair(act, space, number, members, names)


def _compare(act: Act, space: str, number: int, members: Members, names: Names) -> tuple[list[Difference], Changes]:
    """The differences of a block, and per set (what to take out, what to put in)."""
    offsets: dict[int, frozenset[str]] = {}
    ordinals = members(number)
    for start in range(0, len(ordinals), PART):
        offsets.update((ordinal % BLOCK_SIZE, found) for ordinal, found in names(ordinals[start : start + PART]).items())
    rebuilt = facts.block_of(number, offsets)
    stored = sets.load_all(space, number)
    healthy = health(act.now).contacts.healthy
    awaited = loads.awaited(number) if space == sets.DEVICES else BitMap()
    differences, changes = [], {}
    for name in sorted(rebuilt.sets.keys() | stored.sets.keys()):
        if not facts.derived(name) or facts.hour_is_over(name, act.now, healthy):
            continue
        missing, extra = rebuilt[name] - stored[name], stored[name] - rebuilt[name] - awaited
        if missing or extra:
            differences.append(Difference(space, name, number, len(missing), len(extra)))
            changes[name] = (extra, missing)
    return differences, changes


def _repair(act: Act, space: str, number: int, members: Members, names: Names) -> list[Difference]:
    differences, changes = _compare(act, space, number, members, names)
    sets.change(space, number, changes)
    if space == sets.DEVICES:
        moved = BitMap.union(BitMap(), *(out | into for out, into in changes.values()))
        reevaluate(act, [number * BLOCK_SIZE + offset for offset in moved])
    log.append("sets-repaired", act, {"space": space, "block": number, "sets": len(changes)})
    return differences
