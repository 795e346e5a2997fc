"""Mail providers post to an address of theirs: who cannot prove to be one learns nothing, and nothing happens."""

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from api_house import ROLES, ApiHouse, fresh

import posts
from countermand.config import Bounces, Database, standard
from countermand.flows.accounts import First, init
from countermand.web.api.door import ApiDoor

pytestmark = pytest.mark.parametrize("database", ["sqlite"], indirect=True)


@pytest.fixture
def house(store: Database, tmp_path: Path) -> Iterator[ApiHouse]:
    (tmp_path / "mailgun").write_text(posts.MAILGUN_KEY)
    known = Bounces(mailgun_key_file=tmp_path / "mailgun")
    config = replace(standard(fresh(tmp_path / "state")), database=store, bounces=known)
    made = init(config, [First(role.value, frozenset({role})) for role in ROLES])
    door = ApiDoor(config)
    yield ApiHouse(door, config, made.tokens)
    door.end()


def test_a_provider_is_heard_without_a_token(house: ApiHouse) -> None:
    answer = house.ask("", "POST", "/bounces/mailgun", json.dumps(posts.mailgun("x@example.org")).encode())
    assert (answer.status, answer.json) == (200, {"bounced": 0, "already": 0})


@pytest.mark.parametrize("provider", ["mailgun", "ses", "signed"])
def test_strangers_all_get_the_same_answer(house: ApiHouse, provider: str) -> None:
    answer = house.ask("", "POST", f"/bounces/{provider}", b"{}")
    assert (answer.status, answer.json["code"]) == (401, "unknown-token")


def test_other_addresses_are_the_apis(house: ApiHouse) -> None:
    assert house.ask("", "POST", "/bounces/else", b"{}").status == 401
    assert house.ask("operator", "POST", "/bounces/else", b"{}").status == 404
    assert house.ask("", "POST", "/bounces/mailgun", b"x" * (2 << 20)).status == 413
