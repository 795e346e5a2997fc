"""Keys of tokens follow one another, and what some receivers want otherwise than the others."""

import os
from collections.abc import Iterator
from pathlib import Path

import house
import pytest
from streamed import ADA, AUDIENCE, LATER, Told, told_by

from countermand.config import Database
from countermand.core.caep import Shape, Wording
from countermand.core.instants import DAY, HOUR
from countermand.flows import set_keys, streams
from countermand.flows.stop import halt
from countermand.lib import clock, rsa_keys
from shared_signals import COMPLIANCE

ONE_ENGINE = pytest.mark.parametrize("database", ["sqlite"], indirect=True)


@pytest.fixture
def told(store: Database, tmp_path: Path) -> Iterator[Told]:
    with told_by(store, tmp_path) as told:
        yield told


def kids(told: Told) -> list[str]:
    return [one["kid"] for one in set_keys.jwks(told.config.state_dir)["keys"]]


@ONE_ENGINE
def test_a_key_is_published_until_nothing_under_it_can_wait(told: Told) -> None:
    told.let_in()
    told.bring()
    told.door.answers = [(503, b"")] * 8
    told.push()  # sent under the first key, and not answered
    done = set_keys.rotate(ADA, told.config.state_dir)
    assert kids(told) == [done.before, done.kid]
    assert set_keys.retire(told.config.state_dir, clock.now() + DAY + HOUR) == 0
    told.door.answers = []
    told.push()
    assert len(told.believer.holds) == 3
    assert told.believer.wrong == []
    assert set_keys.retire(told.config.state_dir, clock.now() + DAY - HOUR) == 0
    assert set_keys.retire(told.config.state_dir, clock.now() + DAY + HOUR) == 1
    assert kids(told) == [done.kid]
    halt(house.operator(LATER), house.NAME)
    told.tell()
    assert told.believer.holds == set()
    assert house.ledger_kinds().count("key-rotated") == 1


@ONE_ENGINE
def test_a_private_half_is_destroyed_and_no_backup_brings_it_back(told: Told) -> None:
    told.let_in()
    directory = told.config.state_dir / "keys"
    first = directory / "signals-1.pem"
    assert first.stat().st_mode & 0o077 == 0
    set_keys.rotate(ADA, told.config.state_dir)
    assert first.read_bytes() == b""
    assert rsa_keys.signer(directory, "signals").number == 2
    os.chmod(directory / "signals-2.pem", 0o644)
    with pytest.raises(Exception, match="readable"):
        set_keys.signer(told.config.state_dir)


@ONE_ENGINE
@pytest.mark.parametrize(
    ("shape", "inside"),
    [
        (Shape.COMPLEX, {"user": "email", "device": "iss_sub"}),
        (Shape.USER, {"user": "email"}),
        (Shape.DEVICE, {"device": "iss_sub"}),
    ],
)
def test_okta_finds_the_subject_inside_the_event_and_when_it_happened(told: Told, shape: Shape, inside: dict[str, str]) -> None:
    told.let_in(Wording(AUDIENCE, shape, inside=True), "okta")
    told.tell()
    for claims in told.believer.log:
        event = claims["events"][COMPLIANCE]
        assert {name: part["format"] for name, part in event["subject"].items()} == inside
        assert isinstance(event["event_timestamp"], int)
        assert claims["sub_id"]["format"]
    assert "authorization" not in told.door.headers  # it trusts the signature
    streams.stream_ask(ADA, "okta")
    told.push()
    assert "subject" not in next(iter(told.believer.log[-1]["events"].values()))
