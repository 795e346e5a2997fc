"""One device id, many people: how many such ids there are is said, whoever's they are."""

import pytest

import control_rows as rows
from countermand.config import Database
from countermand.reads.status import status
from countermand.store import sightings
from countermand.store.sightings import Sighting
from countermand.store.unit import unit


def seen(login: str, value: str) -> None:
    with unit():
        sightings.add(Sighting(login, "eas", value, 1, 1, 1))


@pytest.mark.usefixtures("store")
def test_three_people_with_one_id_are_an_alert_and_two_are_a_household(store: Database) -> None:
    rows.found_house()
    rows.hire(0, "alice")
    rows.give(0, 0, "alice", "MINE1")
    for login in ("bob", "bob", "carol"):
        seen(login, "OUTLOOK")
    seen("bob", "MINE1")
    assert status(None, 2).shared == 0
    seen("dave", "OUTLOOK")
    assert status(None, 2).shared == 1
    seen("carol", "MINE1")
    assert status(None, 2).shared == 2, "whose it is counts, too"
