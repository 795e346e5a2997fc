"""Whose a device is and was: every change of hands is kept with its times, for as long as an order could be asked about."""

from pathlib import Path

import pytest
from fleet_words import HEADER, by, row, written
from house import NAME, NOW, issued, ledger_kinds, open_house, operator

from countermand.access import Role
from countermand.config import Database
from countermand.core.instants import DAY, HOUR
from countermand.flows import bring
from countermand.flows.erase import erase_person
from countermand.flows.forget import forget_bindings
from countermand.flows.stop import rescind
from countermand.reads.device import device
from countermand.reads.person import held
from countermand.store import bindings, directory, fleet
from countermand.store.bindings import Binding

PEOPLE = "login,email,name,zone,locale,country,groups,employment\n" + "".join(
    f"{login},{login}@example.org,{login},,,DE,staff,\n" for login in ("alice", "bob", "carol")
)
FIRST, SECOND, THIRD = NOW, NOW + DAY, NOW + 2 * DAY


def is_of(folder: Path, login: str, at: int) -> None:
    bring.bring_devices(by(now=at), written(folder, "d.csv", HEADER + row("S1", login, "personal", eas="E1", at=at - HOUR)))


@pytest.fixture
def handed_on(store: Database, tmp_path: Path) -> int:
    """One phone that was Alice's, then Bob's, and is Alice's again."""
    open_house()
    bring.bring_people(by(now=NOW), written(tmp_path, "people.csv", PEOPLE))
    for login, at in (("alice", FIRST), ("alice", FIRST + HOUR), ("bob", SECOND), ("alice", THIRD)):
        is_of(tmp_path, login, at)
    return fleet.named("S1")


def test_every_change_of_hands_has_its_times(handed_on: int) -> None:
    expected = (
        Binding(handed_on, "alice", THIRD, None),
        Binding(handed_on, "bob", SECOND, THIRD),
        Binding(handed_on, "alice", FIRST, SECOND),
    )
    assert device(by(Role.HELPDESK, now=THIRD), handed_on).bindings == expected


def test_a_person_is_told_of_their_own_and_of_nobody_else(handed_on: int) -> None:
    bob, alice = (directory.find([login])[login] for login in ("bob", "alice"))
    assert held(by(now=THIRD), bob).bindings == (Binding(handed_on, "bob", SECOND, THIRD),)
    (own,) = held(by(now=THIRD), alice).devices
    assert own.view.bindings == ()
    assert "bob" not in repr(held(by(now=THIRD), alice))


def test_erasure_takes_them(handed_on: int) -> None:
    bob = directory.find(["bob"])["bob"]
    erase_person(by(Role.ADMINISTRATOR, now=THIRD), "bob", "DSR-1", leaves=True)
    assert bindings.of_person(bob) == []
    assert [one.login for one in bindings.of_device(handed_on)] == ["alice", "alice"]
    erase_person(by(Role.ADMINISTRATOR, now=THIRD), "alice", "DSR-2", leaves=True)
    assert bindings.of_device(handed_on) == []


def test_without_an_order_they_go_when_the_appeal_period_is_over(handed_on: int) -> None:
    worker = by(Role.OPERATOR, now=SECOND + 30 * DAY)
    assert forget_bindings(worker, 30 * DAY) == 0
    assert forget_bindings(by(now=SECOND + 30 * DAY + 1), 30 * DAY) == 1
    assert [one.login for one in bindings.of_device(handed_on)] == ["alice", "bob"]
    assert ledger_kinds().count("forgotten") == 1
    assert forget_bindings(by(now=THIRD + 90 * DAY), 30 * DAY) == 1
    assert [one.until for one in bindings.of_device(handed_on)] == [None]


def test_while_an_order_is_in_force_that_met_them_they_stay(handed_on: int) -> None:
    issued(1)
    assert forget_bindings(by(now=THIRD + 90 * DAY), 30 * DAY) == 0
    rescind(operator(THIRD + 90 * DAY), NAME, "changed")
    assert forget_bindings(by(now=THIRD + 120 * DAY - 1), 30 * DAY) == 0
    assert forget_bindings(by(now=THIRD + 120 * DAY), 30 * DAY) == 2
