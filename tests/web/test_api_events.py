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
from countermand.lib import clock, standard_webhooks
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


@pytest.mark.parametrize(("most", "largest", "kept"), [(2, 1 << 30, 2), (100, 1_500, 1)])
def test_what_waits_of_a_source_is_bounded_in_number_and_in_size(
    house: ApiHouse, secret: str, monkeypatch: pytest.MonkeyPatch, most: int, largest: int, kept: int
) -> None:
    monkeypatch.setattr(events, "MOST", most)
    monkeypatch.setattr(events, "MOST_BYTES", largest)
    assert house.ask("operator", "POST", "/sources/mdm/pause").status == 200
    sent = [event(number, padding="x" * 500) for number in range(1, 4)]
    answers = [post(house, body, secret) for body in sent]
    assert [answer.status for answer in answers] == [200] * kept + [503] * (3 - kept)
    assert answers[-1].json["code"] == "source-full"
    assert models.SourceEvent.objects.count() == kept
    assert post(house, sent[-1], "x" * 43).status == 401, "a stranger does not learn how it is"
    assert house.ask("operator", "POST", "/sources/mdm/resume").status == 200
    act = Act(Actor("system", frozenset({Role.SYSTEM})), clock.now())
    assert events.take_events(act, house.config.holdbacks) == kept
    assert post(house, sent[-1], secret).json == {"new": True}
    assert devices() == kept + 1


# -- a program of the house, by Standard Webhooks --


@pytest.fixture
def key(house: ApiHouse) -> str:
    act = Act(Actor("administrator", frozenset({Role.ADMINISTRATOR})), clock.now())
    return connect.source_add(act, house.config.state_dir, "own", "webhook").secret


def phones(*more: dict[str, Any]) -> bytes:
    first = {"serial": "F1", "platform": "ios", "ownership": "corporate", "enrollment": "supervised", "login": None}
    seen = {"apps": ["org.example.chess", "com.zhiliaoapp.musically"], "observed_at": iso(clock.now())}
    return json.dumps({"devices": [{**first, **seen}, *({**first, **one} for one in more)]}).encode()


def webhook(house: ApiHouse, key: str, body: bytes, name: str = "msg-1", late: int = 0) -> Answer:
    seconds = clock.now() // 1000 - late
    signed = standard_webhooks.signature(standard_webhooks.key_of(key), name, seconds, body)
    headers = {"webhook-id": name, "webhook-timestamp": str(seconds), "webhook-signature": signed}
    return house.ask("", "POST", "/sources/own/events", body, **headers)


def test_a_signed_webhook_is_taken_once_whatever_its_body_is_the_second_time(house: ApiHouse, key: str) -> None:
    assert webhook(house, key, phones({"serial": "F2"})).json == {"new": True}
    assert webhook(house, key, phones({"serial": "F3"})).json == {"new": False}
    assert webhook(house, key, phones({"serial": "F3"}), "msg-2").json == {"new": True}
    assert devices() == 3
    assert models.Looked.objects.filter(source="own").count() == 1


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_a_webhook_that_is_late_or_signed_by_another_is_nobodys(house: ApiHouse, key: str) -> None:
    assert webhook(house, key, phones(), late=600).status == 401
    assert webhook(house, key, phones(), late=-600).status == 401
    assert webhook(house, standard_webhooks.new_secret(), phones()).status == 401
    assert (devices(), models.SourceEvent.objects.count()) == (0, 0)


@pytest.mark.parametrize(
    ("body", "why"),
    [
        (b"no", "not JSON"),
        (b"[" * 100_000, "not JSON"),
        (b"[]", "list of 1 to 1,000"),
        (b'{"devices": []}', "list of 1 to 1,000"),
        (b'{"devices": [7]}', "device 1: it is not an object"),
        (b'{"devices": [{"seriall": "F2", "\\ud800": 1}]}', "device 1: it has a field 'seriall' that nobody knows; did you mean"),
    ],
)
@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_a_webhook_of_which_nothing_can_be_read_is_kept_whole(house: ApiHouse, key: str, body: bytes, why: str) -> None:
    assert webhook(house, key, body).json == {"new": True}
    (aside,) = house.ask("operator", "GET", "/events").json["items"]
    assert aside["code"] == "event-damaged"
    assert why in aside["why"]
    assert devices() == 0


WRONG: list[tuple[Any, str]] = [
    (7, "device 2: it is not an object"),
    ({"seriall": "F2"}, "device 2: it has a field 'seriall' that nobody knows; did you mean 'serial'?"),
    ({"apps": "org.example.chess"}, "device 2, apps: it is not a list of app ids"),
    ({"serial": 7}, "device 2, serial: it is not a text"),
    ({"serial": "F2", "platform": "beos"}, "device 2, platform:"),
    ({"serial": "F1"}, "device 2, serial:"),
    ({"serial": "F2", "observed_at": "2999-01-01T00:00:00Z"}, "device 2, observed_at:"),
    ({"serial": "F2", "ownership": ""}, "device 2, ownership:"),
    ({"serial": "\ud800"}, "device 2, serial:"),
    ({"model": "=cmd"}, "device 2, model:"),
]


@pytest.mark.parametrize(("wrong", "why"), WRONG)
@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_one_device_that_is_wrong_keeps_no_other_out(house: ApiHouse, key: str, wrong: Any, why: str) -> None:
    posted = json.loads(phones({"serial": "F9"}))["devices"]
    posted.insert(1, {**posted[0], **wrong} if isinstance(wrong, dict) else wrong)
    assert webhook(house, key, json.dumps({"devices": posted}).encode()).json == {"new": True}
    assert devices() == 2, "the others count"
    (aside,) = house.ask("operator", "GET", "/events").json["items"]
    assert (aside["code"], why in aside["why"]) == ("event-damaged", True)
    kept = json.loads(bytes(models.SourceEvent.objects.get().body))
    assert kept == {"devices": [posted[1]]}, "what was taken is not kept a moment longer"


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_what_remained_of_an_event_is_taken_once_it_can_be(house: ApiHouse, key: str) -> None:
    assert webhook(house, key, phones({"serial": "F1"}, {"serial": "F3", "platform": "beos"})).json == {"new": True}
    (aside,) = house.ask("operator", "GET", "/events").json["items"]
    assert "device 2, serial:" in aside["why"]
    assert "(and 1 more)" in aside["why"]
    again = house.ask("operator", "POST", f"/events/{aside['number']}/take").json
    assert (again["code"], "device 2, platform:" in str(again)) == ("event-damaged", True), "the first was taken now"
    assert webhook(house, key, phones({"serial": "F4"})).json == {"new": False}, "and it is known all the while"
    assert house.ask("operator", "POST", f"/events/{aside['number']}/drop").json["taken"] is False
    assert (devices(), house.ask("operator", "GET", "/events").json["items"]) == (1, [])
