"""A failure at any statement of a decisive flow leaves nothing half-done, and doing it again completes it once.

The harness fails the N-th statement, for N = 1, 2, ... until the flow gets through.
"""

from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Any

import house
import pytest
from django.db import connection

from behind import content
from countermand.config import Database
from countermand.core.bundle import Purpose
from countermand.core.instants import from_iso
from countermand.flows import telling
from countermand.flows.approve import approve
from countermand.flows.exempt import agree_exemption, exempt
from countermand.flows.issue import issue, resume
from countermand.flows.protect import agree_protection, protect
from countermand.flows.rehearse import rehearse
from countermand.flows.stop import halt, rescind
from countermand.flows.telling import issue_all, issue_next, rescind_all, rescind_next
from countermand.flows.write import write

DUE = from_iso("2020-07-18T00:00:00Z")


class Failed(Exception):
    """The statement that was made to fail."""


def failing_at(number: int) -> AbstractContextManager[None]:
    count = 0

    def wrapper(execute: Callable[..., Any], sql: str, params: Any, many: bool, context: Any) -> Any:
        nonlocal count
        count += 1
        if count == number:
            raise Failed(sql)
        return execute(sql, params, many, context)

    return connection.execute_wrapper(wrapper)


@pytest.fixture
def fleet(store: Database, monkeypatch: pytest.MonkeyPatch) -> house.Fleet:
    monkeypatch.setattr(telling, "CHUNK", 4)
    house.open_house()
    return house.move_in(house.staff(6, with_app=3))


def ready_to_issue(fleet: house.Fleet) -> None:
    house.proposed(house.document(more="rollout: {rings: [{share: 50%, hold: 4h}, {share: 100%}]}"))
    for name in ("petra", "paul"):
        house.approved(name)


def issued(fleet: house.Fleet) -> None:
    ready_to_issue(fleet)
    issue(house.operator(), house.NAME, expected=6)


def told(fleet: house.Fleet) -> None:
    ready_to_issue(fleet)
    found = issue(house.operator(), house.NAME, expected=6)
    issue_all(house.operator(), house.NAME)
    house.told(found.version, fleet, list(fleet.people), DUE)


def halted(fleet: house.Fleet) -> None:
    told(fleet)
    halt(house.operator(DUE), house.NAME)
    for name in ("petra", "paul"):
        house.approved(name, now=DUE, purpose=Purpose.RESUME)


def rescinded(fleet: house.Fleet) -> None:
    told(fleet)
    rescind(house.operator(DUE), house.NAME, "changed")


SIGNATURES: dict[str, str] = {}


def proposed(fleet: house.Fleet) -> None:
    house.proposed()
    SIGNATURES["petra"] = house.signature("petra")  # made where the key is, not by the flow


def exemption(fleet: house.Fleet) -> None:
    told(fleet)
    exempt(house.operator(), house.NAME, "group:staff", "security-research", DUE)


def protection(fleet: house.Fleet) -> None:
    told(fleet)
    protect(house.operator(), "p00001", "on call")


def nothing(fleet: house.Fleet) -> None:
    pass


Before = Callable[[house.Fleet], None]
Flow = Callable[[], object]

#: flow → (what comes before it, the flow, the kinds of ledger entries that it appends)
FLOWS: dict[str, tuple[Before, Flow, list[str]]] = {
    "write": (nothing, lambda: write(house.author(), house.document()), ["written"]),
    "rewrite": (proposed, lambda: write(house.author(), house.document(due="2020-07-21T17:00")), ["written"]),
    "approve": (proposed, lambda: approve(house.approver("petra"), house.NAME, SIGNATURES["petra"]), ["approved"]),
    "issue": (ready_to_issue, lambda: issue(house.operator(), house.NAME, expected=6), ["issued"]),
    "issue_next": (issued, lambda: issue_next(house.worker(), house.NAME), ["notices-promised"]),
    "halt": (issued, lambda: halt(house.operator(), house.NAME), ["halted"]),
    "resume": (halted, lambda: resume(house.operator(DUE), house.NAME, expected=6, acknowledged=6), ["resumed"]),
    "rescind": (told, lambda: rescind(house.operator(DUE), house.NAME, "sent-in-error"), ["rescinded"]),
    "rescind_next": (rescinded, lambda: rescind_next(house.worker(DUE), house.NAME), ["corrections-promised"]),
    "agree_exemption": (exemption, lambda: agree_exemption(house.approver("petra"), 1), ["exemption-agreed", "verdicts-changed"]),
    "agree_protection": (
        protection,
        lambda: agree_protection(house.approver("petra"), "p00001"),
        ["protection-agreed", "verdicts-changed"],
    ),
}


@pytest.mark.parametrize("name", sorted(FLOWS))
def test_a_failure_at_any_statement_leaves_everything_or_nothing(fleet: house.Fleet, name: str) -> None:
    before, flow, kinds = FLOWS[name]
    before(fleet)
    was, entries = content(), house.ledger_kinds()
    for number in range(1, 500):
        try:
            with failing_at(number):
                flow()
        except Failed:
            if house.ledger_kinds() != entries:
                break  # it had committed; what failed was counting the result for the answer
            assert content() == was
        else:
            break
    assert number > 3
    assert content() != was
    assert house.ledger_kinds()[len(entries) :] == kinds


def test_what_was_interrupted_is_completed_by_doing_it_again(fleet: house.Fleet) -> None:
    issued(fleet)
    for number in range(1, 60):
        try:
            with failing_at(number):
                issue_all(house.worker(), house.NAME)
        except Failed:
            continue
        break
    people = house.models.Notice.objects.values_list("person_id", flat=True)
    assert sorted(people) == list(range(6))
    house.models.Notice.objects.update(state="accepted", reached=True)
    rescind(house.operator(), house.NAME, "changed")
    for number in range(1, 60):
        try:
            with failing_at(number):
                rescind_all(house.worker(), house.NAME)
        except Failed:
            continue
        break
    assert sorted(house.models.Notice.objects.filter(kind="rescinded").values_list("person_id", flat=True)) == list(range(6))


@pytest.mark.parametrize(
    "name", ["write", "approve", "issue", "halt", "resume", "rescind", "agree_exemption", "agree_protection"]
)
def test_a_rehearsal_answers_and_keeps_nothing(fleet: house.Fleet, name: str) -> None:
    before, flow, _ = FLOWS[name]
    before(fleet)
    was = content()
    assert rehearse(flow) is not None
    assert content() == was
    flow()
    assert content() != was


def test_work_in_chunks_cannot_be_rehearsed(fleet: house.Fleet) -> None:
    issued(fleet)
    was = content()
    with pytest.raises(RuntimeError):
        rehearse(issue_all, house.worker(), house.NAME)
    assert content() == was
