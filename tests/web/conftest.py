"""The API over a fresh house, on both databases."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from api_house import ROLES, ApiHouse, fresh

from countermand.config import Database, standard
from countermand.flows.accounts import First, init
from countermand.web.api.door import ApiDoor


@pytest.fixture
def house(store: Database, tmp_path: Path) -> Iterator[ApiHouse]:
    config = replace(standard(fresh(tmp_path / "state")), database=store)
    made = init(config, [First(role.value, frozenset({role})) for role in ROLES])
    door = ApiDoor(config)
    yield ApiHouse(door, config, made.tokens)
    door.end()
