"""Narrower tokens: made by their owner, shown once, ended by time, by hand, or with their account."""

import pytest
from api_house import ApiHouse

from countermand.core.instants import DAY, MINUTE
from countermand.lib import clock
from countermand.store import restored

ONE_ENGINE = pytest.mark.parametrize("database", ["sqlite"], indirect=True)


def made(house: ApiHouse, who: str, *scopes: str, lifetime: int = DAY) -> tuple[int, str]:
    answer = house.ask(who, "POST", "/tokens", {"label": "ci", "scopes": scopes, "lifetime": lifetime})
    assert answer.status == 200, answer.json
    return answer.json["number"], answer.json["token"]


@ONE_ENGINE
def test_a_token_is_narrower_than_its_account(house: ApiHouse) -> None:
    _, token = made(house, "operator", "read", "stop")
    assert house.ask("", "GET", "/status", token=token).status == 200
    refused = house.ask("", "POST", "/ledger/seal", token=token)
    assert (refused.status, refused.json["code"]) == (403, "token-too-narrow")
    assert house.ask("", "POST", "/directives/none/halt", token=token).json["code"] == "not-found"
    _, more = made(house, "author", "operate")
    assert house.ask("", "POST", "/ledger/seal", token=more).json["code"] == "not-allowed"  # a scope gives no role


@ONE_ENGINE
def test_a_token_ends(house: ApiHouse, monkeypatch: pytest.MonkeyPatch) -> None:
    number, token = made(house, "author", "read", lifetime=MINUTE)
    revoked, gone = made(house, "author", "read")
    later = clock.now() + MINUTE
    assert house.ask("author", "POST", f"/tokens/{revoked}/revoke").status == 200
    assert house.ask("", "GET", "/status", token=gone).json["code"] == "unknown-token"
    monkeypatch.setattr(clock, "now", lambda: later)
    refused = house.ask("", "GET", "/status", token=token)
    assert (refused.status, refused.json["code"]) == (401, "token-expired")
    assert [one["number"] for one in house.ask("author", "GET", "/tokens").json["items"]] == [number, revoked]


@ONE_ENGINE
def test_a_closed_account_s_tokens_open_nothing(house: ApiHouse) -> None:
    _, token = made(house, "author", "read")
    assert house.ask("administrator", "POST", "/operators/author/close").status == 200
    assert house.ask("", "GET", "/status", token=token).json["code"] == "unknown-token"


@ONE_ENGINE
def test_tokens_are_their_owner_s_and_an_administrator_s_to_see_and_revoke(house: ApiHouse) -> None:
    number, token = made(house, "author", "administer", "read")
    assert house.ask("operator", "GET", "/tokens").json["items"] == []
    assert house.ask("operator", "POST", f"/tokens/{number}/revoke").json["code"] == "not-found"
    minted = house.ask("", "POST", "/tokens", {"label": "x", "scopes": ["stop"], "lifetime": DAY}, token=token)
    assert minted.json["code"] == "token-makes-token"
    (seen,) = house.ask("administrator", "GET", "/tokens").json["items"]
    assert "token" not in seen
    assert house.ask("administrator", "POST", f"/tokens/{number}/revoke").json["operator"] == "author"
    kinds = [one["entry"]["kind"] for one in house.ask("auditor", "GET", "/ledger/entries?limit=2").json]
    assert kinds == ["token-revoked", "token-added"]


@ONE_ENGINE
def test_a_restored_database_trusts_none_of_them(house: ApiHouse) -> None:
    """Which of them were revoked since the backup, nobody knows."""
    _, token = made(house, "author", "read")
    assert restored.void_tokens(clock.now()) == 1
    assert house.ask("", "GET", "/status", token=token).json["code"] == "unknown-token"
    assert house.ask("author", "GET", "/status").status == 200


@ONE_ENGINE
@pytest.mark.parametrize(
    ("scopes", "lifetime", "code"),
    [([], DAY, "token-scopes"), (["everything"], DAY, "token-scopes"), (["read"], 367 * DAY, "token-lifetime")],
)
def test_what_a_token_cannot_be(house: ApiHouse, scopes: list[str], lifetime: int, code: str) -> None:
    refused = house.ask("author", "POST", "/tokens", {"label": "x", "scopes": scopes, "lifetime": lifetime})
    assert (refused.status, refused.json["code"]) == (422, code)
