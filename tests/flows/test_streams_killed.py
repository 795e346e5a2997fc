"""What transmits Shared Signals dies at every statement and every push; whoever takes over leaves the receiver in no error."""

from collections.abc import Callable
from pathlib import Path

import house
import pytest
from django.db import connection
from killed import Killed, killed_at
from streamed import change, people, told_by

from countermand.config import Database
from countermand.flows.believe import Memory
from countermand.flows.stop import halt
from countermand.store import models

pytestmark = pytest.mark.parametrize("database", ["sqlite"], indirect=True)
DENIED = {0, 1, 2}


def test_killed_at_every_statement_and_push(store: Database, tmp_path: Path, record_property: Callable[..., None]) -> None:
    """Some phones are denied and some no longer are; it dies in between, and the receiver holds exactly those that are."""
    with told_by(store, tmp_path) as told:
        told.let_in()
        told.tell()
        retired, point, ended = set[int](), 0, False
        while not ended:
            going = {point % 3} | ({(point + 1) % 3} if point % 2 else set[int]())
            for number in retired ^ going:
                change(number, retired=number in going)
            retired = going
            try:
                with killed_at(point):
                    told.bring()
                    told.push()
                ended = True
            except Killed:
                connection.close()
                models.Lease.objects.all().delete()
                told.memory = Memory()
                told.tell()
            assert told.believer.people == people(*(DENIED - retired)), point
            point += 1
        record_property("said", f"a stream killed at {point} statements and pushes")
        assert point > 30
        halt(house.operator(house.NOW), house.NAME)
        told.tell()
        assert told.believer.people == set()
        assert told.believer.wrong == []
