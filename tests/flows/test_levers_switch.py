"""The switch of a lever when others are at it: a halt is felt whatever another process holds, or died holding."""

import threading
import time
from collections.abc import Iterator
from pathlib import Path

import house
import pulling
import pytest
from django.db import connections
from pulling import LATER, Pull, change

from countermand.config import Database
from countermand.core.errors import Refused
from countermand.core.lever import Power
from countermand.flows import lever_wants, levers
from countermand.flows.lever_switch import Turned
from countermand.flows.stop import halt
from countermand.lib.steps import Stopping
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


def test_whoever_is_writing_keeps_no_halt_waiting(pull: Pull) -> None:
    """The switch is written while another process holds what keeping it would need."""
    halt(house.operator(LATER), house.NAME)
    turned = list[Turned]()

    def narrow() -> None:
        try:
            turned.extend(pull.narrow())
        finally:
            connections.close_all()

    thread = threading.Thread(target=narrow)
    with aside():
        lease.pause(f"lever-switch:{pull.row.pk}")
        thread.start()
        for _ in range(1_000):
            if not pull.struck():
                break
            time.sleep(0.02)
        assert pull.struck() == set()
        assert not turned
    thread.join()
    assert [one.power for one in turned] == [Power.OFF]


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


def test_what_is_undone_and_begun_again_halfway_is_named_anew(pull: Pull, monkeypatch: pytest.MonkeyPatch) -> None:
    """Some entries are unwanted and others not yet, and then exactly those who are denied are wanted again."""
    monkeypatch.setattr(lever_wants, "_UNWANTED", 2)

    def stopped() -> None:
        raise Stopping

    levers.lever_undo(house.operator(LATER), pull.name)
    with pytest.raises(Stopping):
        lever_wants.walk(pull.act(), pull.row, stopped)
    assert pull.count().wanted == 1
    change(2, retired=True)
    levers.lever_begin(house.operator(LATER), pull.name)
    lever_wants.walk(pull.act(), pull.row)
    pull.enable()
    pull.work()
    assert pull.count().wanted == 2
    assert pull.struck() == {0, 1}
