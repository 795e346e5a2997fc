"""A process that loads in bulk and is killed: another one finishes what it began."""

import signal
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
from fleet_words import NOW, agrees
from parquet_words import content, parquet
from test_bring_parquet import MANY, folder, house, load

from behind import afresh
from countermand.config import Database

__all__ = ["folder"]  # a fixture

_CHILD = """
import sys
from pathlib import Path
from types import SimpleNamespace
from countermand.access import Act, Actor, Role
from countermand.flows import loading
from countermand.flows.bring_parquet import bring_parquet
from countermand.flows.doctor import doctor
from countermand.lib import parquet as reading_parquet
from countermand.store.setup import open_store
store, place, now = Path(sys.argv[1]), Path(sys.argv[2]), int(sys.argv[3])
loading.Pace = lambda size, fewest: SimpleNamespace(size=7, after=lambda count, began: None)
open_store(store)
print("open", flush=True)
say = lambda steps: print(steps, flush=True)
bring_parquet(Act(Actor("otto", frozenset({Role.OPERATOR})), now), [place], store.parent, whole=False, progress=say)
"""


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
@pytest.mark.parametrize("heard", [3, 8, 14])
def test_a_process_that_is_killed_leaves_what_another_one_finishes(store: Database, folder: Path, heard: int) -> None:
    afresh(store)
    house(folder)
    fleet = [replace(phone, serial=f"{phone.serial}-{part}", eas="") for phone in MANY for part in range(3)]
    place = parquet(folder, fleet)
    load(folder, place)
    wanted = content()
    afresh(store)
    house(folder)
    command = [sys.executable, "-c", _CHILD, str(store), str(place), str(NOW)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as child:
        assert child.stdout is not None
        for _ in range(heard):
            assert child.stdout.readline()
        child.kill()
    assert child.returncode == -signal.SIGKILL
    assert agrees()
    load(folder, place)
    assert content() == wanted
    assert agrees()
