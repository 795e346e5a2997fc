"""Who may ask what, over the API: every operation by every role and every scope, made from the table of operations."""

import inspect
from pathlib import Path
from typing import Any

import pytest
from api_house import ROLES, ApiHouse, multipart

from countermand.access import SCOPES, TABLE, Act, Actor, Scope, scope_of
from countermand.core.errors import Refused
from countermand.operations.every import EVERY
from countermand.operations.operation import Call, Operation
from countermand.store import models
from countermand.web.api.routes import in_body, in_query, uploads

ONE_ENGINE = pytest.mark.parametrize("database", ["sqlite"], indirect=True)


def _value(parameter: inspect.Parameter) -> Any:
    """Something of the right form that names nothing."""
    for kind, value in ((bool, False), (int, 1), (str, "x"), (list[str], ["x"])):
        if parameter.annotation == kind:
            return value
    return {"format": "csv"}.get(parameter.name, "x")


def _ask(house: ApiHouse, asked: Operation[..., Any], token: str) -> Any:
    path = asked.path.format_map({name: _value(asked.parameters[name]) for name in asked.in_path})
    needed = {name: _value(one) for name, one in asked.parameters.items() if one.default is inspect.Parameter.empty}
    query = "&".join(f"{name}={needed[name]}" for name in in_query(asked) if name in needed)
    headers = {}
    body: Any = {name: needed[name] for name in in_body(asked) if name in needed} if asked.method == "POST" else None
    if files := uploads(asked):
        body, headers["content_type"] = multipart(next(iter(files)), {"file.csv": b"x"})
    return house.ask("", asked.method, f"{path}?{query}" if query else path, body, token=token, **headers)


@ONE_ENGINE
@pytest.mark.parametrize("asked", EVERY, ids=lambda one: one.name)
def test_each_role_may_exactly_what_the_table_says(house: ApiHouse, asked: Operation[..., Any]) -> None:
    for role in ROLES:
        if asked.name == "close_operator" and role in TABLE[asked.action]:
            continue
        answer = _ask(house, asked, house.tokens[role])
        refused = answer.json["code"] if answer.status != 200 else ""
        assert answer.status != 500, answer.json
        assert refused not in ("parameter-wrong", "body-unreadable", "no-such-address"), answer.json
        assert (refused == "not-allowed") is (role not in TABLE[asked.action]), (role, answer.status, refused)


@ONE_ENGINE
def test_a_token_opens_its_scopes_and_no_more(house: ApiHouse) -> None:
    """An account with every role, and a token for each scope: each operation answers to the one token that it asks for."""
    from countermand.flows.accounts import operator_add

    act = Act(Actor("administrator", frozenset(ROLES)), 0)
    everything = operator_add(act, "all", ROLES, rails=house.config.guard)
    models.Operator.objects.filter(name="all").update(roles=" ".join(ROLES), wanted_by="")
    tokens = {}
    for scope in Scope:
        made = house.ask("", "POST", "/tokens", {"label": scope, "scopes": [scope], "lifetime": 3_600_000}, token=everything)
        tokens[scope] = made.json["token"]
    for asked in [one for one in EVERY if one.name not in ("close_operator", "revoke_token")]:  # which would end the test
        for scope, token in tokens.items():
            answer = _ask(house, asked, token)
            narrow = answer.status != 200 and answer.json["code"] == "token-too-narrow"
            assert narrow is (scope_of(asked.action) is not scope), (asked.name, scope, answer.json)


def test_every_action_belongs_to_one_scope() -> None:
    listed = [action for actions in SCOPES.values() for action in actions]
    assert sorted(listed) == sorted(TABLE)


def test_every_operation_has_a_rule() -> None:
    assert [one.name for one in EVERY if one.action not in TABLE] == []
    assert len({one.name for one in EVERY}) == len(EVERY)
    assert len({(one.method, one.path) for one in EVERY}) == len(EVERY)


@pytest.mark.parametrize("asked", [one for one in EVERY if one.changes], ids=lambda one: one.name)
@ONE_ENGINE
def test_the_flow_itself_asks_who_may(house: ApiHouse, tmp_path: Path, asked: Operation[..., Any]) -> None:
    """Whoever gets past the table is turned away by what it calls."""
    file = tmp_path / "file.csv"
    file.write_text("login,email\n")
    given = {
        name: file if one.annotation is Path else [file] if one.annotation == list[Path] else _fit(one)
        for name, one in asked.parameters.items()
        if one.default is inspect.Parameter.empty
    }
    with pytest.raises(Refused) as refused:
        asked.run(Call(Act(Actor("nobody", frozenset()), 1), house.config), **given)
    assert refused.value.code == "not-allowed"


def _fit(parameter: inspect.Parameter) -> Any:
    from countermand.core.handover import Format

    fitting = {"apps": ["ios:x"], "identity": "eas:x", "roles": ["author"], "format": Format.CSV}
    return fitting.get(parameter.name, _value(parameter))
