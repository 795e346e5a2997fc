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
from countermand.core.instants import HOUR, Instant
from countermand.core.terms import Lineage
from countermand.flows import denials
from countermand.flows.levers import kind_of
from countermand.levers.lever import Kind
from countermand.store import directory, entries, evidence, fleet, levers, sets
from countermand.store.levers import LeverRow
from countermand.store.unit import aside, reading

#: Devices that one short transaction takes.
PART = 1_000
#: How often every device is named anew.
NAMED = 6 * HOUR

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
        return _nothing(act, found)
    if kind.apps is not None:
        return _apps(act, found, kind, kind.apps, lineages)
    whole = whole or found.named_at is None or act.now - found.named_at >= NAMED
    changed, unnamed = 0, 0
    for block in sorted({*sets.blocks(sets.DEVICES), *entries.blocks(found.pk)}):
        between()
        moved, without = _block(act, found, kind, lineages, block, whole=whole)
        changed, unnamed = changed + moved, unnamed + without
    with aside():
        levers.update(found.pk, walked_at=act.now, **({"named_at": act.now} if whole else {}))
    return Walked(changed, unnamed)


def _nothing(act: Act, found: LeverRow) -> Walked:
    """No directive is in force, or everything is undone: one write, whatever the number of devices."""
    with aside():
        changed = entries.unwant(found.pk)
        entries.forget_denied(found.pk)
        levers.update(found.pk, walked_at=act.now, named_at=act.now)
    return Walked(changed)


def _apps(act: Act, found: LeverRow, kind: Kind, platform: Platform, lineages: Collection[Lineage]) -> Walked:
    """The apps that due orders forbid, few in number, all at once. ``device`` of an entry is the app's number."""
    named: dict[int, set[str]] = {}
    for one in lineages:
        if _due_for_everybody(one, act.now):
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


def _due_for_everybody(lineage: Lineage, now: Instant) -> bool:
    """Whether an order may strike whom nobody told: its last due and a resumption's notice are over, and its rings open."""
    due = lineage.current.last_due
    opened = not lineage.rings or len(lineage.rings_opened) >= lineage.rings
    return due is not None and max(due, lineage.not_before) <= now and opened


def _block(act: Act, found: LeverRow, kind: Kind, lineages: Collection[Lineage], block: int, *, whole: bool) -> tuple[int, int]:
    with reading():
        before = entries.denied(found.pk, block)
        now = {one.id: denials.in_block(one, block, act.now) for one in lineages}
    moved = BitMap.union(BitMap(), *(before.get(one, BitMap()) ^ now.get(one, BitMap()) for one in before.keys() | now.keys()))
    if whole:
        moved = BitMap.union(moved, *before.values(), *now.values())
    changed, unnamed = 0, 0
    for part in _parts(block, moved):
        by = {number: frozenset(one for one in now if number % BLOCK_SIZE in now[one]) for number in part}
        wanted = _wanted(found, kind, by)
        unnamed += sum(1 for number in by if by[number]) - len({device for device, _ in wanted.values()})
        with aside():
            changed += entries.want(found.pk, wanted, part)
    if moved:
        with aside():
            entries.keep_denied(found.pk, block, now)
    return changed, unnamed


def _wanted(found: LeverRow, kind: Kind, by: Mapping[int, frozenset[str]]) -> dict[str, tuple[int, str]]:
    """Key → (device, value), of the devices that are denied and have a name that the lever takes."""
    return {key: (number, kind.value(found.mark, by[number])) for number, key in keys_of(kind, [one for one in by if by[one]])}


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
