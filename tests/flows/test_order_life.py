"""The life of an order: written, proposed, approved, issued, told, halted, resumed, superseded, rescinded."""

from pathlib import Path

import house
import pytest

from countermand.core.instants import from_iso
from countermand.flows.stop import rescind
from countermand.flows.telling import issue_all, rescind_all
from countermand.store import models, terms


@pytest.fixture
def fleet(store: Path) -> house.Fleet:
    house.open_house()
    return house.move_in(house.staff(20, with_app=5))


def test_from_text_to_correction(fleet: house.Fleet) -> None:
    found = house.issued(20)
    assert (found.number, len(found.audience), found.replaced) == (1, 20, None)
    assert issue_all(house.operator(), house.NAME, found.audience).promised == 20
    assert models.Notice.objects.filter(kind="issued", state="promised").count() == 20
    due = from_iso("2020-07-18T00:00:00Z")
    house.told(found.version, fleet, list(fleet.people)[:12], due)

    gone = rescind(house.operator(due), house.NAME, "sent-in-error")
    assert (gone.lifted, gone.voided, gone.in_flight, gone.corrections) == (5, 8, 0, 12)
    assert rescind_all(house.worker(due), house.NAME) == 12
    assert terms.lineage(house.NAME) is None
    assert set(models.Notice.objects.filter(kind="rescinded").values_list("person_id", flat=True)) == set(range(12))
