"""More roles take two people and a waiting time; fewer take one, at once; and nobody gives themselves anything."""

import house
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from countermand.access import Act, Role
from countermand.config import Database
from countermand.core.errors import Refused
from countermand.core.guardrails import Rails
from countermand.core.instants import DAY
from countermand.flows.accounts import operator_add, operator_close
from countermand.flows.roles import agree_roles, change_roles, stop_roles
from countermand.lib import clock
from countermand.reads.operators import actor_of
from countermand.store import models, operators
from countermand.store.operators import Operator, Wanted

RAILS = Rails(new_operator_wait=DAY)
ADA = house.act("ada", Role.ADMINISTRATOR)
OTTO = house.act("otto", Role.OPERATOR)
ONE_ENGINE = pytest.mark.parametrize("database", ["sqlite"], indirect=True)


@pytest.fixture(autouse=True)
def _open_house(store: Database) -> None:
    house.open_house()


def roles_of(name: str) -> frozenset[str]:
    found = operators.find(name)
    assert found is not None
    return found.roles


def later(monkeypatch: pytest.MonkeyPatch, span: int) -> None:
    then = clock.now() + span
    monkeypatch.setattr(clock, "now", lambda: then)


def test_more_roles_take_a_second_person_and_a_day(monkeypatch: pytest.MonkeyPatch) -> None:
    assert change_roles(ADA, "anna", {Role.AUTHOR, Role.OPERATOR}).wanted == Wanted(frozenset({"author", "operator"}), "ada")
    assert roles_of("anna") == {"author"}
    later(monkeypatch, 9 * DAY)
    assert roles_of("anna") == {"author"}  # no time is long enough without a second person
    since = agree_roles(OTTO, "anna", rails=RAILS)
    assert (since - clock.now(), roles_of("anna")) == (DAY, {"author"})
    later(monkeypatch, DAY - 1)
    assert actor_of("token of anna").roles == {Role.AUTHOR}
    later(monkeypatch, 1)
    assert actor_of("token of anna").roles == {Role.AUTHOR, Role.OPERATOR}


def test_an_account_is_opened_without_a_role(monkeypatch: pytest.MonkeyPatch) -> None:
    token = operator_add(ADA, "nora", {Role.APPROVER}, house.public_key("nora"), rails=RAILS)
    assert actor_of(token).roles == frozenset()
    agree_roles(OTTO, "nora", rails=RAILS)
    later(monkeypatch, DAY)
    assert actor_of(token).roles == {Role.APPROVER}
    house.proposed()
    with pytest.raises(Refused, match="operator-too-new"):
        house.approved("nora")
    assert house.approved("nora", now=house.NOW + DAY).have == 1


@ONE_ENGINE
def test_fewer_roles_hold_at_once_and_end_what_was_wanted() -> None:
    change_roles(ADA, "otto", {Role.OPERATOR, Role.AUTHOR})
    agree_roles(house.approver("petra"), "otto", rails=RAILS)
    models.Operator.objects.filter(name="otto").update(roles="helpdesk operator")
    assert change_roles(ADA, "otto", {Role.HELPDESK}).wanted is None
    assert roles_of("otto") == {"helpdesk"}


@ONE_ENGINE
@pytest.mark.parametrize(
    ("who", "code"),
    [
        (house.act("ada", Role.ADMINISTRATOR, Role.APPROVER), "own-work"),
        (house.act("anna", Role.OPERATOR), "own-work"),
        (house.act("hedi", Role.HELPDESK, Role.AUTHOR, Role.AUDITOR, Role.OBSERVER), "not-allowed"),
    ],
    ids=["who proposed it", "who gets it", "who may not"],
)
def test_the_second_person_is_another_one(who: Act, code: str) -> None:
    change_roles(ADA, "anna", {Role.ADMINISTRATOR})
    with pytest.raises(Refused, match=code):
        agree_roles(who, "anna", rails=RAILS)
    assert roles_of("anna") == {"author"}


def test_until_it_holds_anybody_who_could_have_agreed_stops_it(monkeypatch: pytest.MonkeyPatch) -> None:
    change_roles(ADA, "anna", {Role.ADMINISTRATOR})
    agree_roles(OTTO, "anna", rails=RAILS)
    with pytest.raises(Refused, match="agreed-already"):
        agree_roles(house.approver("petra"), "anna", rails=RAILS)
    stop_roles(house.approver("petra"), "anna")
    later(monkeypatch, 2 * DAY)
    assert roles_of("anna") == {"author"}
    with pytest.raises(Refused, match="not-found"):
        stop_roles(OTTO, "anna")


@ONE_ENGINE
def test_somebody_always_administers() -> None:
    change_roles(ADA, "anna", {Role.ADMINISTRATOR})
    agree_roles(OTTO, "anna", rails=RAILS)  # in a day: until then there is one
    with pytest.raises(Refused, match="last-administrator"):
        operator_close(ADA, "ada")
    models.Operator.objects.filter(name="ada").update(roles="administrator helpdesk")
    with pytest.raises(Refused, match="last-administrator"):
        change_roles(ADA, "ada", {Role.HELPDESK})
    models.Operator.objects.filter(name="otto").update(roles="administrator")
    operator_close(ADA, "ada")


@ONE_ENGINE
@pytest.mark.parametrize(
    ("name", "roles", "code"),
    [
        ("nobody", {Role.AUTHOR}, "not-found"),
        ("anna", {Role.AUTHOR}, "roles-as-before"),
        ("anna", {Role.SYSTEM}, "unknown-role"),
        ("anna", set(), "unknown-role"),
    ],
)
def test_what_is_no_change_is_refused(name: str, roles: set[Role], code: str) -> None:
    with pytest.raises(Refused, match=code):
        change_roles(ADA, name, roles)


@ONE_ENGINE
def test_the_provider_s_accounts_have_the_provider_s_roles() -> None:
    operators.add(Operator("carla", frozenset({"author"}), "", 0, 0, active=True, provided=True), "t")
    with pytest.raises(Refused, match="roles-by-provider"):
        change_roles(ADA, "carla", {Role.OPERATOR})


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=60, deadline=None)
@given(
    st.lists(
        st.tuples(st.sampled_from(["propose", "agree", "stop", "wait"]), st.sampled_from(["ada", "otto", "petra"])), max_size=8
    )
)
@ONE_ENGINE
def test_in_any_history_what_an_account_may_was_wanted_by_one_and_agreed_to_by_another_a_day_ago(
    store: Database, moves: list[tuple[str, str]]
) -> None:
    """Against the smallest model: (proposed by, agreed at)."""
    real = clock.now
    now, has, wanted = [real()], frozenset({"author"}), None
    models.Operator.objects.filter(name="anna").update(
        roles="author", wanted_roles="", wanted_by="", agreed_by="", wanted_from=None
    )
    clock.now = lambda: now[0]  # type: ignore[assignment]
    try:
        for move, who in moves:
            act = house.act(who, Role.ADMINISTRATOR, Role.APPROVER)
            if move == "wait":
                now[0] += DAY
            try:
                if move == "propose":
                    change_roles(act, "anna", {Role.AUTHOR, Role.OPERATOR})
                    wanted = (who, None)
                elif move == "agree":
                    agree_roles(act, "anna", rails=RAILS)
                    assert wanted is not None
                    assert wanted[0] != who
                    assert wanted[1] is None
                    wanted = (wanted[0], now[0])
                elif move == "stop":
                    stop_roles(act, "anna")
                    assert wanted is not None
                    wanted = None
            except Refused:
                pass
            if wanted is not None and wanted[1] is not None and now[0] >= wanted[1] + DAY:
                has, wanted = frozenset({"author", "operator"}), None
            assert roles_of("anna") == has
    finally:
        clock.now = real
