"""Receivers of Shared Signals hold not compliant exactly whom an order denies now, and hear nothing of anybody else."""

import json
from collections.abc import Iterator
from pathlib import Path

import house
import pytest
from streamed import AUDIENCE, BEFORE, DUE, ISSUER, LATER, Told, change, people, told_by

from countermand.config import Database
from countermand.core.caep import Shape, Wording
from countermand.flows.believe import Brought, Memory
from countermand.flows.stop import halt, rescind
from countermand.flows.walk import change_hands
from countermand.store import directory, models
from countermand.store.unit import unit
from shared_signals import COMPLIANCE, REVOKED


@pytest.fixture
def told(store: Database, tmp_path: Path) -> Iterator[Told]:
    with told_by(store, tmp_path) as told:
        yield told


def test_nobody_before_the_due_and_whoever_is_denied_after_it(told: Told) -> None:
    told.let_in()
    told.tell(BEFORE)
    assert told.believer.log == []
    told.tell(LATER)
    assert told.believer.people == people(0, 1, 2)
    (first, *_) = told.believer.of(COMPLIANCE)
    assert first["current_status"] == "not-compliant"
    assert first["event_timestamp"] == DUE // 1000
    assert first["initiating_entity"] == "policy"
    assert "Remove TikTok" in first["reason_admin"]["en"]
    assert len(first["reason_user"]) == 9


def test_the_clock_alone_is_noticed(told: Told) -> None:
    told.let_in()
    told.tell(DUE - 1)
    assert told.bring(DUE - 1) == Brought()
    assert told.bring(DUE).made == 3


def test_nothing_is_read_or_written_twice(told: Told) -> None:
    told.let_in()
    assert told.tell().made == 3
    entries = models.LedgerRow.objects.count()
    assert told.tell() == Brought()
    assert models.LedgerRow.objects.count() == entries
    assert told.believer.again == 0


def test_an_app_that_is_gone_is_told_of_that_device_alone(told: Told) -> None:
    told.let_in()
    told.tell()
    change(0, retired=True)
    told.tell()
    assert told.believer.people == people(1, 2)
    last = told.believer.of(COMPLIANCE)[-1]
    assert (last["previous_status"], last["current_status"]) == ("not-compliant", "compliant")
    assert last["initiating_entity"] == "policy"


@pytest.mark.parametrize("verb", [lambda act: halt(act, house.NAME), lambda act: rescind(act, house.NAME, "sent-in-error")])
def test_halting_and_rescinding_are_told_to_everybody_who_was(told: Told, verb: house.Verb) -> None:
    told.let_in()
    told.tell()
    verb(house.operator(LATER))
    told.tell()
    assert told.believer.holds == set()
    assert told.believer.of(COMPLIANCE)[-1]["initiating_entity"] == "admin"
    assert models.Signal.objects.count() == 0  # nothing is remembered of anybody


@pytest.mark.parametrize(("consequence", "expected"), [("hand_over", people(0, 1, 2, 3)), ("report_only", people(0, 1, 2))])
def test_what_is_handed_over_is_told_and_what_is_reported_only_is_not(told: Told, consequence: str, expected: set[str]) -> None:
    told.let_in()
    found = house.issued(20, house.document("another").replace("deny_mail", consequence))
    house.told(found.version, told.fleet, ["p00003"], DUE)
    told.tell()
    assert told.believer.people == expected


@pytest.mark.parametrize(
    ("shape", "subject"),
    [
        (Shape.DEVICE, {"format": "iss_sub", "iss": ISSUER, "sub": "device-0"}),
        (Shape.USER, {"format": "email", "email": "p00000@example.org"}),
        (
            Shape.COMPLEX,
            {
                "format": "complex",
                "device": {"format": "iss_sub", "iss": ISSUER, "sub": "device-0"},
                "user": {"format": "email", "email": "p00000@example.org"},
            },
        ),
    ],
)
def test_the_shape_of_a_subject(told: Told, shape: Shape, subject: dict[str, object]) -> None:
    told.let_in(Wording(AUDIENCE, shape))
    told.tell()
    assert json.dumps(subject, sort_keys=True) in told.believer.holds
    assert len(told.believer.holds) == 3


def test_a_device_by_a_name_that_others_know(told: Told) -> None:
    models.Identity.objects.create(kind="serial", value="F2LX", device_id=0)
    told.let_in(Wording(AUDIENCE, Shape.DEVICE, "serial"))
    told.tell()
    assert {json.loads(one)["sub"] for one in told.believer.holds} == {"F2LX", "device-1", "device-2"}


def test_a_person_with_two_phones_is_compliant_when_both_are(told: Told) -> None:
    told.let_in(Wording(AUDIENCE, Shape.USER))
    change(1, owner_id=told.fleet.people["p00000"])
    told.tell()
    assert told.believer.people == people(0, 2)
    change(0, retired=True)
    told.tell()
    assert told.believer.people == people(0, 2)
    change(1, retired=True)
    told.tell()
    assert told.believer.people == people(2)


@pytest.mark.parametrize(("whose", "expected"), [("p00010", people(1, 2, 10)), ("p00011", people(1, 2))])
def test_a_phone_that_changes_hands_leaves_nobody_behind(told: Told, whose: str, expected: set[str]) -> None:
    """To somebody who was told of the order as well, so that it is denied before and after; and to somebody who was not."""
    told.let_in()
    told.tell()
    change(0, owner_id=told.fleet.people[whose])
    with unit():
        change_hands([0], [])
    told.tell()
    assert told.believer.people == expected
    assert told.tell() == Brought()


def test_a_person_who_is_called_otherwise(told: Told) -> None:
    told.let_in()
    told.tell()
    models.Person.objects.filter(login="p00000").update(email="new@example.org")
    told.memory = Memory()
    told.tell()
    assert told.believer.people == people(1, 2) | {"new@example.org"}


def test_sessions_end_once_for_each_denial(told: Told) -> None:
    told.let_in(Wording(AUDIENCE, revokes=True))
    told.tell()
    assert len(told.believer.of(REVOKED)) == 3
    txns = [(one["txn"], json.dumps(one["sub_id"])) for one in told.believer.log]
    assert len(set(txns)) == 3  # what follows from one denial has one txn
    halt(house.operator(LATER), house.NAME)
    told.tell()
    assert len(told.believer.of(REVOKED)) == 3


def test_a_session_that_need_not_end_any_more_does_not(told: Told) -> None:
    told.let_in(Wording(AUDIENCE, revokes=True))
    told.bring()
    halt(house.operator(LATER), house.NAME)
    told.bring()
    assert models.Signal.objects.count() == 0


def test_who_asks_for_sessions_alone_hears_of_nothing_else(told: Told) -> None:
    told.let_in(Wording(AUDIENCE, Shape.USER, revokes=True))
    models.SignalStream.objects.update(requested=REVOKED)
    told.tell()
    assert len(told.believer.of(REVOKED)) == 3
    assert told.believer.of(COMPLIANCE) == []
    told.tell()
    assert len(told.believer.of(REVOKED)) == 3
    halt(house.operator(LATER), house.NAME)
    told.tell()
    assert len(told.believer.log) == 3


def test_the_ledger_says_of_whom_something_was_told(told: Told) -> None:
    told.let_in()
    told.tell()
    assert house.ledger_kinds().count("signals-made") == 1
    entry = json.loads(bytes(models.LedgerRow.objects.order_by("-pk")[0].entry))
    assert entry["about"] == {"receiver": "idp", "not_compliant": 3, "compliant": 0, "dropped": 0}
    assert len(entry["subjects"]) == 3


def test_nobody_is_told_of_whom_nothing_is_known(told: Told) -> None:
    """A device without an owner has no due, and a person without an address no name."""
    models.Person.objects.filter(login="p00000").update(email="")
    told.let_in(Wording(AUDIENCE, Shape.USER))
    told.tell()
    assert told.believer.people == people(1, 2)
    assert directory.count() == 20
