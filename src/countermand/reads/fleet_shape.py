"""The fleet as evidence shows it: how many devices there are, and how long ago who last looked at how many of them.

Counted from the sets, so it costs one walk over the blocks. Ages are counted back from each source's last healthy contact, as
judging does.
"""

from collections import Counter
from dataclasses import dataclass, field

from pyroaring import BitMap

from countermand.access import Act, require
from countermand.core import facts
from countermand.core.facts import BLOCK_SIZE, Block
from countermand.core.instants import DAY, Instant
from countermand.core.terms import Contacts
from countermand.store import evidence, owners, sets
from countermand.store.health import health
from countermand.store.unit import reading

#: Up to so many days old; what is older than the last is in a column of its own.
AGES = (1, 7, 30)
_COLUMNS = len(AGES) + 1


@dataclass(frozen=True, slots=True)
class LookRow:
    """Devices by how old the latest look is, ``AGES`` and older, and ``people``: who own them; ``whole``: the look
    could have shown every app."""

    source: str
    grade: str
    whole: bool
    devices: tuple[int, ...]
    people: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class FleetShape:
    """Devices that are not retired, and the ``people`` who own them. ``unseen``: nobody ever looked at their apps; ``nobodys``:
    without an owner to tell; ``deniable``: with a name under which a gate could know them."""

    devices: int
    people: int
    reads_mail: int
    deniable: int
    nobodys: int
    unseen: int
    by: dict[str, dict[str, int]]
    looks: tuple[LookRow, ...]


@dataclass(slots=True)
class _Counted:
    totals: Counter[str] = field(default_factory=Counter)
    by: dict[str, Counter[str]] = field(
        default_factory=lambda: {"platform": Counter(), "ownership": Counter(), "enrollment": Counter()}
    )
    there: BitMap = field(default_factory=BitMap)
    looks: dict[tuple[str, str, bool], list[BitMap]] = field(default_factory=dict)


def shape(act: Act) -> FleetShape:
    """The whole fleet, now."""
    require(act.actor, "oversee")
    counted = _Counted()
    names = {facts.EVERY, facts.RETIRED, facts.READS_MAIL, facts.DENIABLE, facts.OWNED}
    with reading():
        contacts = health(act.now).contacts
        whole = _whole()
        for number in sets.blocks(sets.DEVICES):
            prefixes = [facts.LOOKED_BY_DAY, *(f"{family}:" for family in counted.by)]
            _count(counted, sets.load(sets.DEVICES, number, names, prefixes), contacts, whole, act.now)
        everybody, *people = owners.count([counted.there, *(ages for found in counted.looks.values() for ages in found)])
    rows = {key: tuple(people[at * _COLUMNS : (at + 1) * _COLUMNS]) for at, key in enumerate(counted.looks)}
    return FleetShape(
        devices=counted.totals["devices"],
        people=everybody,
        reads_mail=counted.totals["reads_mail"],
        deniable=counted.totals["deniable"],
        nobodys=counted.totals["nobodys"],
        unseen=counted.totals["unseen"],
        by={family: dict(sorted(found.items())) for family, found in counted.by.items()},
        looks=tuple(LookRow(*key, tuple(map(len, found)), rows[key]) for key, found in sorted(counted.looks.items())),
    )


def _whole() -> dict[int, bool]:
    """Number of a coverage → whether it is everything."""
    numbers = {int(name.rsplit(":", 2)[1]) for name in sets.names(sets.DEVICES, facts.LOOKED)}
    return {number: found.apps is None for number, found in evidence.coverages(numbers).items()}


def _count(into: _Counted, block: Block, contacts: Contacts, whole: dict[int, bool], now: Instant) -> None:
    there = block[facts.EVERY] - block[facts.RETIRED]
    into.there |= there.shift(block.number * BLOCK_SIZE)
    into.totals["devices"] += len(there)
    into.totals["reads_mail"] += there.intersection_cardinality(block[facts.READS_MAIL])
    into.totals["deniable"] += there.intersection_cardinality(block[facts.DENIABLE])
    into.totals["nobodys"] += len(there - block[facts.OWNED])
    for family, found in into.by.items():
        for name in block.family(f"{family}:"):
            found[name.partition(":")[2]] += there.intersection_cardinality(block[name])
    seen = BitMap()
    rows: dict[tuple[str, str, bool], list[BitMap]] = {}
    for name in block.family(facts.LOOKED):
        source, grade, coverage, bucket = name.removeprefix(facts.LOOKED).rsplit(":", 3)
        if bucket[0] != "d":
            continue
        age = min(now, contacts.healthy.get(source, now)) // DAY - int(bucket[1:])
        ages = rows.setdefault((source, grade, whole.get(int(coverage), False)), [BitMap() for _ in (*AGES, None)])
        ages[next((at for at, most in enumerate(AGES) if age <= most), len(AGES))] |= block[name] & there
        seen |= block[name]
    into.totals["unseen"] += len(there - seen)
    for key, ages in rows.items():
        found_ages, newer = into.looks.setdefault(key, [BitMap() for _ in ages]), BitMap()
        for at, devices in enumerate(ages):  # a device is where its latest look is
            found_ages[at] |= (devices - newer).shift(block.number * BLOCK_SIZE)
            newer |= devices
