"""What is wanted of a lever: the devices that directives in force deny now, by the names under which it knows them.

Walked block by block. What a block's wants were made from is kept as sets of devices, so that a walk over an unchanged fleet
names nobody; once in a while every device is named anew, because names and owners change without any verdict changing.
"""

from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass

from pyroaring import BitMap

from countermand.access import Act, require
from countermand.core.devices import Platform
from countermand.core.facts import BLOCK_SIZE
from countermand.core.handover import due_for_everybody
from countermand.core.instants import HOUR, MINUTE, Instant
from countermand.core.terms import Lineage
from countermand.flows import denials, lever_profiles
from countermand.flows.levers import kind_of
from countermand.levers.lever import Kind
from countermand.store import directory, entries, evidence, fleet, levers, sets
from countermand.store.levers import LeverRow
from countermand.store.unit import aside, reading

#: Devices that one short transaction takes.
PART = 1_000
#: Entries that one short transaction takes of which nothing is wanted any more.
_UNWANTED = 20_000
#: How often every device is named anew; sooner where what is written follows from an order's apps, which another version changes.
NAMED, RENAMED = 6 * HOUR, 10 * MINUTE

Between = Callable[[], object]


@dataclass(frozen=True, slots=True)
class Walked:
    """``changed``: entries of which something else is wanted than before; ``unnamed``: devices that are denied and have no name
    by which this lever knows them, counted when every device is named."""

    changed: int
    unnamed: int = 0


def walk(act: Act, found: LeverRow, between: Between = lambda: None, *, whole: bool = False) -> Walked:
    """Bring what is wanted up to now. ``whole``: name every device anew. Begins anew where a crash stopped it; a block whose
    wants are made is not made again."""
    require(act.actor, "work-lever")
    kind = kind_of(found)
    lineages = () if found.undoing else denials.in_force_now(act.now)
    if not lineages:
        return _nothing(act, found, between)
    if kind.apps is not None:
        return _apps(act, found, kind, kind.apps, lineages)
    if kind.prevents is not None:
        lineages = tuple(one for one in lineages if due_for_everybody(one, act.now))
    whole = whole or found.named_at is None or act.now - found.named_at >= (RENAMED if kind.prevents else NAMED)
    changed, unnamed = 0, 0
    for block in sorted({*sets.blocks(sets.DEVICES), *entries.blocks(found.pk)}):
        between()
        moved, without = _block(act, found, kind, lineages, block, whole=whole)
        changed, unnamed = changed + moved, unnamed + without
    with aside():
        levers.update(found.pk, walked_at=act.now, **({"named_at": act.now} if whole else {}))
    return Walked(changed, unnamed)


def _nothing(act: Act, found: LeverRow, between: Between) -> Walked:
    """No directive is in force, or everything is undone: nothing is wanted of any device. What is stopped in the middle of it
    and comes into force again is made anew, every device named."""
    changed, after = 0, 0
    while (last := entries.wanted_until(found.pk, after, _UNWANTED)) is not None:
        with aside():
            levers.update(found.pk, named_at=None)
            changed += entries.unwant(found.pk, after, last)
        after = last
        between()
    with aside():
        entries.forget_denied(found.pk)
        levers.update(found.pk, walked_at=act.now, named_at=act.now)
    return Walked(changed)


def _apps(act: Act, found: LeverRow, kind: Kind, platform: Platform, lineages: Collection[Lineage]) -> Walked:
    """The apps that due orders forbid, few in number, all at once. ``device`` of an entry is the app's number."""
    named: dict[int, set[str]] = {}
    for one in lineages:
        if due_for_everybody(one, act.now):
            for number in one.current.apps.get(platform, ()):
                named.setdefault(number, set()).add(one.id)
    with reading():
        ids = evidence.apps(named)
        before = entries.devices(found.pk)
    values = {number: (kind.key("", app.id), kind.value(found.mark, frozenset(named[number]))) for number, app in ids.items()}
    wanted = {key: (number, value) for number, (key, value) in values.items() if key is not None}
    with aside():
        changed = entries.want(found.pk, wanted, {*before, *ids})
        levers.update(found.pk, walked_at=act.now, named_at=act.now)
    return Walked(changed, len(ids) - len(wanted))


def _block(act: Act, found: LeverRow, kind: Kind, lineages: Collection[Lineage], block: int, *, whole: bool) -> tuple[int, int]:
    with reading():
        before = entries.denied(found.pk, block)
        now = {one.id: _wanted_by(one, kind, block, act.now) for one in lineages}
    moved = BitMap.union(BitMap(), *(before.get(one, BitMap()) ^ now.get(one, BitMap()) for one in before.keys() | now.keys()))
    if whole:
        moved = BitMap.union(moved, *before.values(), *now.values())
    changed, unnamed = 0, 0
    for part in _parts(block, moved):
        by = {number: frozenset(one for one in now if number % BLOCK_SIZE in now[one]) for number in part}
        with aside():
            value = lever_profiles.values(found.mark, lineages, set(by.values())) if kind.prevents else {}
        made = {key: (number, value.get(by[number]) or kind.value(found.mark, by[number])) for number, key in _named(kind, by)}
        wanted = {key: one for key, one in made.items() if one[1]}
        unnamed += sum(1 for number in by if by[number]) - len({device for device, _ in wanted.values()})
        with aside():
            changed += entries.want(found.pk, wanted, part)
    if moved:
        with aside():
            entries.keep_denied(found.pk, block, now)
    return changed, unnamed


def _wanted_by(lineage: Lineage, kind: Kind, block: int, now: Instant) -> BitMap:
    """The offsets of a block's devices for which something is wanted because of one order."""
    if kind.prevents is not None:
        return denials.supervised_in_block(lineage, block, kind.prevents, now)
    return denials.in_block(lineage, block, now)


def _named(kind: Kind, by: Mapping[int, frozenset[str]]) -> list[tuple[int, str]]:
    """(device, key) of the devices for which anything is wanted and that have a name that the lever takes."""
    return keys_of(kind, [one for one in by if by[one]])


def keys_of(kind: Kind, devices: Collection[int]) -> list[tuple[int, str]]:
    """(device, key) of every name of these devices under which a lever of this kind knows them."""
    if not devices:
        return []
    rows = fleet.load(devices)
    logins = directory.logins({row.owner for row in rows.values() if row.owner is not None})
    made = []
    for number, identities in fleet.identities(devices).items():
        owner = rows[number].owner
        login = logins.get(owner, "") if owner is not None else ""
        names = [one.value for one in identities if one.kind is kind.identity]
        made += [(number, key) for name in names if (key := kind.key(login, name)) is not None]
    return made


def _parts(block: int, offsets: BitMap) -> Iterator[list[int]]:
    members = [block * BLOCK_SIZE + offset for offset in offsets]
    for start in range(0, len(members), PART):
        yield members[start : start + PART]
