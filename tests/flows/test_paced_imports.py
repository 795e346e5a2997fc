"""Imports write in short transactions whose length follows the machine, and what is there afterwards does not depend on it."""

from pathlib import Path

import house
import pytest
from fleet_words import HEADER, PEOPLE, agrees, by, row, written

from countermand.core import pace
from countermand.flows import bring, files
from countermand.flows.files import paced
from countermand.store import known


@pytest.fixture
def machine(monkeypatch: pytest.MonkeyPatch) -> dict[str, float]:
    """A clock that the test moves."""
    found = {"now": 0.0}
    monkeypatch.setattr(files.clock, "steady", lambda: found["now"])
    return found


def sizes(machine: dict[str, float], count: int, each: float, stall_at: int = -1) -> list[int]:
    taken = []
    for part in paced(iter(range(count))):
        machine["now"] += len(part) * each + (5_000 if len(taken) == stall_at else 0)
        taken.append(len(part))
    assert sum(taken) == count
    return taken


def test_a_quick_machine_takes_more_at_a_time_and_a_slow_one_less(machine: dict[str, float]) -> None:
    assert max(sizes(machine, 20_000, 0.05)) == pace.MOST
    slow = sizes(machine, 2_000, 10)
    assert slow[0] == pace.FIRST
    assert max(slow[1:]) * 10 <= pace.TARGET


def test_a_stall_is_answered_by_the_next_one_and_forgotten_later(machine: dict[str, float]) -> None:
    taken = sizes(machine, 20_000, 0.2, stall_at=8)
    assert taken[9] <= 10 < taken[8]
    assert max(taken[10:]) == 400


@pytest.mark.usefixtures("store")
def test_the_same_file_leaves_the_same_rows_however_it_was_cut(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    bring.bring_people(by(), written(tmp_path, "people.csv", PEOPLE))
    text = HEADER + "".join(row(f"F{n}", "bob" if n % 2 else "alice", eas=f"E{n}") for n in range(60))
    bring.bring_devices(by(), written(tmp_path, "d.csv", text))
    before = known.load(range(60))
    entries = house.ledger_kinds().count("devices-imported")
    assert entries >= 2
    monkeypatch.setattr(pace, "FIRST", 1)
    monkeypatch.setattr(pace, "next_size", lambda size, took, fewest, most: 1)
    again = bring.bring_devices(by(), tmp_path / "d.csv")
    assert (again.added, again.changed, again.moved) == (0, 0, 0)
    assert house.ledger_kinds().count("devices-imported") == entries + 60
    assert known.load(range(60)) == before
    assert agrees()
