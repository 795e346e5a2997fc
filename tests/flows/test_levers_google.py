"""Google: client states with our mark, and device users that are blocked; what others said or blocked stays."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import house
import pytest
from pulling import LATER, Pull, moved_in, ordered

import fake_identity
from countermand.config import Database
from countermand.flows import levers
from countermand.flows.stop import rescind
from countermand.store import models
from fake_identity import Customer, name

OTTO = house.operator(LATER)
STATE, BLOCK, MOBILE = "google-state", "google-block", "google-mobile"


@contextmanager
def pulling(store: Database, folder: Path, kind: str, customer: Customer, named: Callable[[int], str] = name) -> Iterator[Pull]:
    customer.register(20)
    with fake_identity.served(customer):
        settings = {"subject": fake_identity.ADMIN, "url": customer.url, "login": customer.url}
        settings |= {"customer": fake_identity.CUSTOMER} if kind == STATE else {}
        made = moved_in(store, folder, kind, settings, fake_identity.secret())
        for ordinal in range(20):
            models.Identity.objects.create(kind="google", value=named(ordinal), device_id=ordinal)
        ordered(made)
        yield made


@pytest.fixture
def customer() -> Customer:
    return Customer()


@pytest.fixture
def states(store: Database, tmp_path: Path, customer: Customer) -> Iterator[Pull]:
    with pulling(store, tmp_path, STATE, customer) as made:
        yield made


@pytest.fixture
def blocks(store: Database, tmp_path: Path, customer: Customer) -> Iterator[Pull]:
    with pulling(store, tmp_path, BLOCK, customer) as made:
        yield made


def test_states_there_and_back(states: Pull, customer: Customer) -> None:
    assert all(one.works for one in levers.lever_check(OTTO, states.config, STATE))
    states.work()
    assert customer.said() == {name(number): "NON_COMPLIANT" for number in (0, 1, 2)}
    rescind(OTTO, house.NAME, "sent-in-error")
    states.work()
    assert customer.said() == {}
    assert states.count().ours == 0


def test_what_others_said_stays(states: Pull, customer: Customer) -> None:
    customer.say(name(0), complianceState="COMPLIANT", customId="by hand")
    states.work()
    assert customer.said()[name(0)] == "COMPLIANT"
    states.settle_receipts()
    customer.say(name(1), complianceState="NON_COMPLIANT", customId="by hand")
    levers.lever_undo(OTTO, STATE)
    states.work()
    assert customer.said() == {name(0): "COMPLIANT", name(1): "NON_COMPLIANT"}


def test_somebody_who_writes_at_the_same_moment_is_not_written_over(states: Pull, customer: Customer) -> None:
    customer.say(name(0), scoreReason="nothing yet")

    def beat_us() -> None:
        customer.before_write = lambda: None
        customer.say(name(0), complianceState="COMPLIANT", customId="faster")

    customer.before_write = beat_us
    for _ in range(3):
        states.work()
    assert customer.said()[name(0)] == "COMPLIANT"


@pytest.mark.parametrize("slow", [True, False])
def test_operations_that_run_on_are_looked_at_again(states: Pull, customer: Customer, slow: bool) -> None:
    customer.slow, customer.later_for = slow, 1
    for _ in range(5):
        if not states.work().waits:
            break
    assert len(customer.said()) == 3
    assert max(states.waited) > 0


def test_blocks_there_and_back_and_nobody_elses(blocks: Pull, customer: Customer) -> None:
    customer.users[name(0)] = "BLOCKED"
    customer.users[name(1)] = "PENDING_APPROVAL"
    customer.users[name(7)] = "BLOCKED"
    blocks.work()
    assert customer.blocked() == {name(0), name(2), name(7)}
    assert blocks.count().left == {"theirs": 2}
    rescind(OTTO, house.NAME, "sent-in-error")
    blocks.work()
    assert customer.blocked() == {name(0), name(7)}
    assert {verb for _, verb in customer.changes} == {"block", "approve"}


def test_phones_are_blocked_and_approved_again_and_never_wiped(store: Database, tmp_path: Path, customer: Customer) -> None:
    phones = [f"mobile/AFiQ{number}" for number in range(20)]
    customer.users |= dict.fromkeys(phones, "APPROVED") | {phones[1]: "BLOCKED", phones[7]: "BLOCKED", phones[2]: "WIPING"}
    with pulling(store, tmp_path, MOBILE, customer, phones.__getitem__) as pull:
        assert all(one.works for one in levers.lever_check(OTTO, pull.config, MOBILE))
        pull.work()
        assert customer.blocked() == {phones[0], phones[1], phones[7]}
        assert pull.count().left == {"theirs": 2}
        rescind(OTTO, house.NAME, "sent-in-error")
        pull.work()
        assert customer.blocked() == {phones[1], phones[7]}
        assert customer.changes == [(phones[0], "block"), (phones[0], "approve")]


def test_a_device_user_that_is_gone_is_said(blocks: Pull, customer: Customer) -> None:
    del customer.users[name(2)]
    blocks.work()
    assert blocks.count().left == {"missing": 1}


def test_a_secret_that_is_no_key_is_said_and_not_shown(store: Database, tmp_path: Path, customer: Customer) -> None:
    with fake_identity.served(customer):
        settings = {"subject": fake_identity.ADMIN, "url": customer.url, "login": customer.url}
        pull = moved_in(store, tmp_path, BLOCK, settings, "not a key at all")
        (ability,) = levers.lever_check(OTTO, pull.config, BLOCK)
        assert not ability.works
        assert "service account" in ability.why
        assert "not a key at all" not in ability.why
