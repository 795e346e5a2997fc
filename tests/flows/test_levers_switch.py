"""The switch of a lever when others are at it: a halt is felt whatever another process holds, or died holding."""

from collections.abc import Iterator
from pathlib import Path

import house
import pulling
import pytest
from pulling import LATER, Pull

from countermand.config import Database
from countermand.core.errors import Refused
from countermand.core.lever import Power
from countermand.flows.stop import halt
from countermand.store import lease, models
from countermand.store.unit import aside


@pytest.fixture
def pull(store: Database, tmp_path: Path) -> Iterator[Pull]:
    with pulling.pulled(store, tmp_path) as made:
        pulling.ordered(made)
        made.enable()
        made.work()
        assert made.struck() == {0, 1, 2}
        yield made


def test_a_turn_that_died_keeps_no_halt_waiting(pull: Pull) -> None:
    with aside():
        assert lease.hold(f"lever-switch:{pull.row.pk}", "the dead", lease.real(), 60_000)
    halt(house.operator(LATER), house.NAME)
    for _ in range(2):
        with pytest.raises(Refused) as busy:
            pull.narrow()
        assert busy.value.code == "lever-busy"
        assert pull.struck() == set()
        pull.directory.policies["policy-0"]["state"] = "enabled"  # what the other one wrote arrives late
    models.Lease.objects.all().delete()
    assert [one.power for one in pull.narrow()] == [Power.OFF]
    assert pull.struck() == set()
    assert pull.narrow() == []


def test_one_lever_that_cannot_be_reached_keeps_no_other_waiting(pull: Pull) -> None:
    row = models.Lever.objects.get()
    row.pk, row.name, row.credential = None, "aaa", b"damaged"
    row.save()
    halt(house.operator(LATER), house.NAME)
    with pytest.raises(Refused) as refused:
        pull.narrow()
    assert refused.value.code == "lever-credential"
    assert pull.struck() == set()


def test_a_policy_that_somebody_deleted_is_no_obstacle(pull: Pull) -> None:
    pull.directory.policies.clear()
    halt(house.operator(LATER), house.NAME)
    assert [one.power for one in pull.narrow()] == [Power.OFF]
    assert "deleted" in pull.row.switch.changed
