"""The other half of the permission matrix: what a role may do to others' objects and not to its own, or the other way round.

Made from the table of operations and the console's screens: one whose rule depends on whose the object is, and that is not tried
here, fails.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import house
import pytest
from world import ORDER, TIKTOK, World

from countermand.access import TABLE, Act, Role
from countermand.config import standard
from countermand.core.errors import Refused
from countermand.core.instants import DAY
from countermand.flows.exempt import exempt
from countermand.flows.protect import agree_protection, end_protection, protect
from countermand.flows.roles import change_roles
from countermand.flows.tokens import token_add
from countermand.flows.watch import watch
from countermand.operations.every import EVERY
from countermand.operations.operation import Call, perform
from countermand.store import passkeys
from countermand.web.console.addresses import PAGES  # noqa: F401 (declares the screens)
from countermand.web.console.screens import SCREENS

ROLES = frozenset(Role) - {Role.SYSTEM, Role.ADMINISTRATOR}
WHOSE = {"approve", "own-keys", "token", "protect", "enable-lever", *(action for action in TABLE if action.startswith("agree-"))}


def act(name: str, world: World, *more: Role) -> Act:
    return house.act(name, *ROLES, *more, now=world.now)


@dataclass(frozen=True)
class Tried:
    """``made``: by anna, and what the operation is then asked with. ``own`` and ``others``: how anna and petra are refused; ''
    = they are not."""

    made: Callable[[World], tuple[Any, ...]]
    own: str
    others: str


def _proposed(world: World) -> tuple[str, str]:
    world.proposes("another")
    return "another", "not quite a signature, or reason enough"


def _exemption(world: World) -> tuple[int]:
    world.orders()
    return (exempt(act("anna", world), ORDER, "person:bob", "security-research", world.now + DAY).pk,)


def _protection(world: World) -> tuple[str]:
    protect(act("anna", world), "nina", "on call")
    return ("nina",)


def _protection_to_end(world: World) -> tuple[str]:
    _protection(world)
    agree_protection(act("paul", world), "nina")
    end_protection(act("anna", world), "nina")
    return ("nina",)


def _watch(world: World) -> tuple[int]:
    return (watch(act("anna", world), str(TIKTOK), "to see", world.now + DAY),)


def _roles(world: World) -> tuple[str]:
    change_roles(act("anna", world, Role.ADMINISTRATOR), "otto", {Role.OPERATOR, Role.AUDITOR})
    return ("otto",)


def _passkey(world: World) -> tuple[int]:
    return (passkeys.add("anna", "hers", "credential", "key", 0, world.now, world.now).number,)


def _token(world: World) -> tuple[int]:
    return (token_add(act("anna", world), "hers", ["read"], DAY)[0].number,)


TRIED: dict[str, Tried] = {
    "approve": Tried(_proposed, "own-work", "wrong-signature"),  # petra gets as far as her signature
    "refuse": Tried(_proposed, "own-work", ""),
    "agree_exemption": Tried(_exemption, "own-work", ""),
    "agree_protection": Tried(_protection, "own-work", ""),
    "end_protection": Tried(_protection_to_end, "own-work", ""),
    "agree_watch": Tried(_watch, "own-work", ""),
    "agree_roles": Tried(_roles, "own-work", ""),
    "stop_roles": Tried(_roles, "", ""),  # the safe direction: anybody's
    "remove_passkey": Tried(_passkey, "", "not-found"),
    "revoke_token": Tried(_token, "", "not-found"),
}
#: Those that make something, which is one's own; and what needs a cloud, which is tried in tests/flows/test_levers_entra.py.
ELSEWHERE = {"add_token", "protect", "enable_lever"}
#: Screens whose rule says "own" or "others" → the operation that says no for them.
SAID_BY = {
    "agree/<slug:name>/": "approve",
    "agree/<slug:name>/resume/": "approve",
    "agree/<slug:name>/refuse/": "refuse",
    "settings/operators/<str:name>/agree/": "agree_roles",
    "settings/tokens/": "add_token",
    "keys/<int:number>/remove/": "remove_passkey",
}
#: Those that reach nothing but one's own seat, account or draft, or anybody's.
ONES_OWN = {"keys/", "sign-out/", "write/<slug:name>/propose/"}


def test_every_operation_and_screen_whose_rule_depends_on_whose_it_is_is_tried() -> None:
    assert {one.name for one in EVERY if one.changes and one.action in WHOSE} == set(TRIED) | ELSEWHERE
    said = {one.path for one in SCREENS if re.search(r"\b(own|others)\b", one.about)}
    assert said == set(SAID_BY) | ONES_OWN
    assert set(SAID_BY.values()) <= set(TRIED) | ELSEWHERE


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
@pytest.mark.parametrize("name", TRIED)
def test_what_is_ones_own_and_what_is_others(world: World, name: str) -> None:
    world.cast(alice=[TIKTOK], bob=[TIKTOK])
    tried, asked = TRIED[name], next(one for one in EVERY if one.name == name)
    made = tried.made(world)
    config = standard(world.folder)
    turns = [("anna", tried.own), ("petra", tried.others)]
    for who, code in sorted(turns, key=lambda turn: not turn[1]):  # first those who are refused: nothing is changed by that
        if code:
            with pytest.raises(Refused, match=code):
                perform(asked, Call(act(who, world), config), *made)
    who = next((who for who, code in reversed(turns) if not code), None)
    if who is not None:
        perform(asked, Call(act(who, world), config), *made)
