"""Sources post events: stored and answered first, taken once, replays known, and what cannot be read kept for a person."""

import base64
import hashlib
import hmac
import json
import plistlib
import threading
from typing import Any

import pytest
from api_house import Answer, ApiHouse

from countermand.access import Act, Actor, Role
from countermand.core.instants import DAY, iso
from countermand.flows import connect, events
from countermand.lib import clock
from countermand.store import models

PATH = "/sources/mdm/events"


@pytest.fixture
def secret(house: ApiHouse) -> str:
    act = Act(Actor("administrator", frozenset({Role.ADMINISTRATOR})), clock.now())
    return connect.source_add(act, house.config.state_dir, "mdm", "nanomdm").secret


def event(number: int = 1, **more: Any) -> bytes:
    said = plistlib.dumps({"QueryResponses": {"SerialNumber": f"F{number}", "IsSupervised": True}})
    return json.dumps(
        {
            "topic": "mdm.Connect",
            "event_id": f"event-{number}",
            "created_at": iso(clock.now()),
            "acknowledge_event": {
                "udid": f"udid-{number}",
                "status": "Acknowledged",
                "command_uuid": "q",
                "raw_payload": base64.b64encode(said).decode(),
            },
            **more,
        }
    ).encode()


def post(house: ApiHouse, body: bytes, secret: str) -> Answer:
    return house.ask("", "POST", PATH, body, token=secret)


def devices() -> int:
    return models.Device.objects.count()


def test_an_event_is_stored_answered_and_taken(house: ApiHouse, secret: str) -> None:
    answer = post(house, event(), secret)
    assert (answer.status, answer.json) == (200, {"new": True})
    assert devices() == 1
    (row,) = models.SourceEvent.objects.all()
    assert (row.taken_at is not None, bytes(row.body)) == (True, b"")  # what it listed is not kept a moment longer


def test_a_replay_is_known(house: ApiHouse, secret: str) -> None:
    body = event()
    assert [post(house, body, secret).json["new"] for _ in range(3)] == [True, False, False]
    assert len(house.ask("auditor", "GET", "/ledger/entries?kind=reports").json) == 1
    unnamed = [post(house, event(2, event_id=None, created_at="2026-01-01T00:00:00Z"), secret).json["new"] for _ in range(2)]
    assert unnamed == [True, False]


def test_the_same_event_from_several_at_once_is_taken_once(house: ApiHouse, secret: str) -> None:
    body, found = event(), []
    threads = [threading.Thread(target=lambda: found.append(post(house, body, secret))) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert sorted(answer.json["new"] for answer in found) == [False, False, False, True]
    assert len(house.ask("auditor", "GET", "/ledger/entries?kind=reports").json) == 1


@pytest.mark.parametrize(
    "body",
    [b"", b"\x00\xff", b"[]", b"{}", b'{"topic": 1}', event(acknowledge_event="x"), event(created_at="soon"), b"[" * 100_000],
    ids=["empty", "bytes", "list", "nothing", "number", "shape", "time", "deep"],
)
@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_what_cannot_be_read_waits_for_a_person_and_keeps_nobody_waiting(house: ApiHouse, secret: str, body: bytes) -> None:
    assert post(house, body, secret).status == 200
    assert post(house, event(2), secret).status == 200
    assert devices() == 1
    (row,) = house.ask("operator", "GET", "/events").json["items"]
    assert (row["source"], row["code"]) == ("mdm", "event-damaged")
    assert bytes(models.SourceEvent.objects.get(pk=row["number"]).body) == body
    again = house.ask("operator", "POST", f"/events/{row['number']}/take")
    assert again.json["code"] == "event-damaged"
    assert house.ask("author", "POST", f"/events/{row['number']}/drop").json["code"] == "not-allowed"
    assert house.ask("operator", "POST", f"/events/{row['number']}/drop").json["taken"] is False
    assert house.ask("operator", "GET", "/events").json["items"] == []


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_a_source_proves_itself_by_password_token_or_signature(house: ApiHouse, secret: str) -> None:
    basic = base64.b64encode(f"nanomdm:{secret}".encode()).decode()
    assert house.ask("", "POST", PATH, event(1), authorization=f"Basic {basic}").status == 200
    for number, form in ((2, lambda made: made.hex()), (3, lambda made: base64.b64encode(made).decode())):
        body = event(number)
        made = hmac.new(secret.encode(), body, hashlib.sha256).digest()
        assert house.ask("", "POST", PATH, body, x_hmac_signature=form(made)).status == 200
    assert devices() == 3


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_a_stranger_stores_nothing_and_learns_nothing(house: ApiHouse, secret: str) -> None:
    wrong = [
        house.ask("", "POST", PATH, event(), token="x" * 43),
        house.ask("", "POST", PATH, event()),
        house.ask("", "POST", PATH, event(), x_hmac_signature="00" * 32),
        house.ask("", "POST", PATH, event(), authorization="Basic !"),
        house.ask("", "POST", "/sources/none/events", event(), token=secret),
        house.ask("", "POST", "/sources/..%2fmdm/events", event(), token=secret),
        house.ask("operator", "POST", PATH, event()),
    ]
    assert {(answer.status, answer.json["code"]) for answer in wrong} == {(401, "unknown-token")}
    assert len({answer.body for answer in wrong}) == 1
    assert models.SourceEvent.objects.count() == 0


def test_the_worker_takes_what_a_process_left_behind(house: ApiHouse, secret: str) -> None:
    now = clock.now()
    for number in (1, 2):
        assert events.keep_event("mdm", event(number), now)
    act = Act(Actor("system", frozenset({Role.SYSTEM})), now)
    assert events.take_events(act, house.config.holdbacks) == 2
    assert events.take_events(act, house.config.holdbacks) == 0
    assert devices() == 2
    assert events.forget_events(now) == 0
    assert events.forget_events(now + 31 * DAY) == 2
