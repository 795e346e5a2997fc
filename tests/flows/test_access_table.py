"""The (role, action) table: nobody without a role, no role beyond its part, and the stop within everyone's reach."""

import pytest

from countermand.access import SYSTEM, TABLE, Actor, Role, allowed, require
from countermand.core.errors import Refused

#: What each role may do on the way forward; anything else of it is refused. Written out, not computed.
FORWARD = {
    "write": {Role.AUTHOR},
    "propose": {Role.AUTHOR},
    "approve": {Role.APPROVER},
    "issue": {Role.OPERATOR},
    "supersede": {Role.OPERATOR},
    "resume": {Role.OPERATOR},
    "agree-exemption": {Role.APPROVER},
    "operator": {Role.ADMINISTRATOR},
}


def test_nobody_without_a_role_does_anything() -> None:
    nobody = Actor("nobody", frozenset())
    assert not [action for action in TABLE if allowed(nobody, action)]


@pytest.mark.parametrize("action", sorted(FORWARD))
def test_the_way_forward_belongs_to_one_role_each(action: str) -> None:
    assert {role for role in Role if allowed(Actor("x", frozenset({role})), action)} == FORWARD[action]


@pytest.mark.parametrize("role", [Role.ADMINISTRATOR, Role.AUTHOR, Role.APPROVER, Role.OPERATOR])
@pytest.mark.parametrize("action", ["halt", "rescind"])
def test_whoever_takes_part_in_an_order_may_stop_it(role: Role, action: str) -> None:
    require(Actor("x", frozenset({role})), action)


def test_those_who_only_look_stop_nothing() -> None:
    watcher = Actor("x", frozenset({Role.AUDITOR, Role.HELPDESK}))
    assert not [action for action in ("halt", "rescind", "issue", "approve", "import") if allowed(watcher, action)]


def test_the_worker_never_decides() -> None:
    decisions = {"write", "propose", "approve", "issue", "supersede", "resume", "rescind", "withdraw", "exempt", "protect"}
    assert not [action for action in decisions if allowed(SYSTEM, action)]
    require(SYSTEM, "halt")


def test_a_refusal_names_the_roles_that_may() -> None:
    with pytest.raises(Refused) as refused:
        require(Actor("anna", frozenset({Role.AUTHOR})), "approve")
    assert refused.value.code == "not-allowed"
    assert "anna" in str(refused.value)
    assert "approver" in str(refused.value)
    assert "system" not in str(refused.value)


def test_an_action_that_nobody_listed_is_a_fault_not_a_permission() -> None:
    with pytest.raises(KeyError):
        require(SYSTEM, "anything")
