"""Sets as they are read: by name, by prefix, by a prefix with a gap; and people counted by their devices."""

import pytest
from pyroaring import BitMap

from countermand.core import facts
from countermand.core.coverage import Grade, Look
from countermand.core.facts import BLOCK_SIZE, begins
from countermand.core.instants import from_iso
from countermand.store import owners, sets
from countermand.store.unit import unit

NOON = from_iso("2020-07-10T12:00:00Z")
DAY_OF = {source: facts.looked(Look(source, Grade.INVENTORY, 1), NOON)[0] for source in ("mdm", "a:d9", "a:h7:d%")}
HOUR_OF = {source: facts.looked(Look(source, Grade.INVENTORY, 1), NOON)[1] for source in DAY_OF}
OTHERS = ("looking", "group:looked:d", facts.EVERY)


@pytest.mark.usefixtures("store")
def test_a_block_gives_what_is_asked_and_nothing_else() -> None:
    stored = [*DAY_OF.values(), *HOUR_OF.values(), *OTHERS]
    with unit():
        sets.save(sets.DEVICES, 3, {name: BitMap([place]) for place, name in enumerate(stored)})
        sets.save(sets.DEVICES, 4, {facts.EVERY: BitMap([7])})

    def found(names: tuple[str, ...], *prefixes: str) -> set[str]:
        return set(sets.load(sets.DEVICES, 3, names, prefixes).sets)

    assert found((facts.EVERY, "nothing"), facts.LOOKED) == {facts.EVERY, *DAY_OF.values(), *HOUR_OF.values()}
    by_day = found((), facts.LOOKED_BY_DAY)
    assert by_day >= set(DAY_OF.values())
    assert HOUR_OF["mdm"] not in by_day
    assert by_day == {name for name in stored if begins(name, facts.LOOKED_BY_DAY)}
    many = [f"told:{number}:" for number in range(50)]
    assert found((facts.EVERY,), *many, "loo") == {facts.EVERY, "looking", *DAY_OF.values(), *HOUR_OF.values()}
    assert found(()) == set()


@pytest.mark.usefixtures("store")
def test_people_are_counted_once_however_many_devices_they_have() -> None:
    with unit():
        owners.pack({0: 5, 1: 5, 2: 900_000, 3: None, BLOCK_SIZE: 5, BLOCK_SIZE + 9: 6})
    assert owners.count([BitMap([0, 1, BLOCK_SIZE]), BitMap([1, 2, 3, BLOCK_SIZE + 9]), BitMap([3, 4]), BitMap()]) == [1, 3, 0, 0]
