"""Google pushes what Androids report: taken once, from nobody who cannot prove to be our subscription's account."""

import json
import re
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
from api_house import Answer, ApiHouse

from countermand.access import Act, Actor, Role
from countermand.config import Sources
from countermand.core.errors import Refused
from countermand.core.instants import iso
from countermand.flows import connect, pushes, sync
from countermand.lib import clock, id_tokens
from countermand.sources.kinds import KINDS
from countermand.store import models
from countermand.web.api.door import ApiDoor
from fake_api import served
from fake_google import ENTERPRISE, PUSHER, Google, key_file, managed, push_token, pushed, report

PATH, AUDIENCE = "/sources/android/events", "http://127.0.0.1:8440/api/v1/sources/android/events"
ADMINISTRATOR = Act(Actor("administrator", frozenset({Role.ADMINISTRATOR, Role.OPERATOR})), 0)
ONLY_SQLITE = pytest.mark.parametrize("database", ["sqlite"], indirect=True)


@pytest.fixture
def google() -> Iterator[Google]:
    pushes._keys_at.cache_clear()
    with served(Google(devices_at="devices")) as found:
        yield found


@pytest.fixture
def pushing(house: ApiHouse, google: Google) -> Iterator[ApiHouse]:
    config = replace(house.config, sources=Sources(private_hosts=("127.0.0.1",)))
    settings = {"enterprise": ENTERPRISE, "url": google.url, "login": google.url, "push_keys": google.url, "push_account": PUSHER}
    connect.source_add(replace(ADMINISTRATOR, now=clock.now()), config.state_dir, "android", "android", settings)
    door = ApiDoor(config)
    yield ApiHouse(door, config, house.tokens)
    door.end()


def phone(number: int = 1, **more: Any) -> dict[str, Any]:
    return managed(number, lastStatusReportTime=iso(clock.now() - 60_000), **more)


def post(house: ApiHouse, body: bytes, **claims: Any) -> Answer:
    return house.ask("", "POST", PATH, body, token=push_token(claims.pop("audience", AUDIENCE), clock.now() // 1000, **claims))


def test_a_report_is_stored_answered_and_taken_once(pushing: ApiHouse, google: Google) -> None:
    body = pushed(1, phone())
    assert [post(pushing, body).json for _ in range(2)] == [{"new": True}, {"new": False}]
    assert post(pushing, pushed(1, phone(2))).json == {"new": False}, "its name counts, whatever the rest is"
    assert models.Device.objects.count() == 1
    assert [bytes(row.body) for row in models.SourceEvent.objects.all()] == [b""]
    gone = phone(applicationReports=[report("org.example.chess")])
    assert post(pushing, pushed(2, gone)).status == 200
    assert post(pushing, pushed(3, phone(3, applicationReports=None), "ENROLLMENT")).status == 200
    for number, kind in enumerate(("COMMAND", "USAGE_LOGS", "ENTERPRISE_UPGRADE", "test"), start=4):
        assert post(pushing, pushed(number, {"name": "enterprises/x/devices/y/operations/z"}, kind)).json == {"new": True}
    assert models.SourceEvent.objects.filter(taken_at=None).count() == 0
    assert models.Device.objects.count() == 2
    assert models.Looked.objects.filter(source="android").count() == 1
    assert google.asked == [("GET", "/oauth2/v3/certs")], "keys are fetched once"


@ONLY_SQLITE
def test_nobody_else_pushes_and_nobody_learns_why(pushing: ApiHouse, google: Google) -> None:
    now = clock.now() // 1000
    wrong: list[dict[str, Any]] = [
        {"audience": "https://elsewhere.example/"},
        {"aud": [AUDIENCE, "https://elsewhere.example/"]},
        {"iss": "https://accounts.google.com.evil.example"},
        {"email": "other@project.iam.gserviceaccount.com"},
        {"email_verified": False},
        {"email_verified": "true"},
        {"email": None},
    ]
    answers = [post(pushing, pushed(1, phone()), **one) for one in wrong]
    assert google.asked == [], "nothing is asked of Google for what is not even meant for us"
    answers += [post(pushing, pushed(1, phone()), **one) for one in ({"exp": now - 120}, {"exp": None}, {"iat": now + 3600})]
    answers += [post(pushing, pushed(1, phone()), kid=f"k{number}") for number in range(2, 5)]
    assert google.asked == [("GET", "/oauth2/v3/certs")], "and no more than once a minute for keys that are not there"
    head, said, _ = push_token(AUDIENCE, now).split(".")
    for token in (f"{head}.{said}.", f"{head}.{said}.AAAA", "..", "a.b.c", "x" * 43):
        answers.append(pushing.ask("", "POST", PATH, pushed(1, phone()), token=token))
    answers.append(pushing.ask("", "POST", "/sources/none/events", pushed(1, phone()), token=push_token(AUDIENCE, now)))
    assert {(one.status, one.json["code"]) for one in answers} == {(401, "unknown-token")}
    assert models.SourceEvent.objects.count() == 0


@ONLY_SQLITE
def test_pushes_wait_while_nobody_can_say_whether_they_are_genuine(
    pushing: ApiHouse, google: Google, monkeypatch: pytest.MonkeyPatch
) -> None:
    google.away = True
    assert (post(pushing, pushed(1, phone())).status, post(pushing, pushed(1, phone())).status) == (503, 503)
    assert len(google.asked) == 1
    google.away = False
    monkeypatch.setattr(id_tokens, "_AGAIN", 0)
    assert post(pushing, pushed(1, phone())).json == {"new": True}


@ONLY_SQLITE
@pytest.mark.parametrize(
    ("body", "code"),
    [
        (b"no", "event-damaged"),
        (b"{}", "event-damaged"),
        (pushed(1, phone(), None), "event-damaged"),  # type: ignore[arg-type]
        (pushed(1, None), "event-damaged"),
        (pushed(1, [1]), "event-damaged"),
        (pushed(1, managed(1, name="enterprises/other/devices/1")), "event-damaged"),
        (pushed(1, managed(1, lastStatusReportTime="2999-01-01T00:00:00Z")), "time-ahead"),
        (pushed(1, managed(1, lastStatusReportTime="soon")), "device-unreadable"),
    ],
)  # fmt: skip
def test_what_cannot_be_read_waits_for_a_person(pushing: ApiHouse, body: bytes, code: str) -> None:
    assert post(pushing, body).json == {"new": True}
    assert post(pushing, pushed(9, phone())).json == {"new": True}
    (row,) = pushing.ask("operator", "GET", "/events").json["items"]
    assert (row["source"], row["code"]) == ("android", code)
    assert models.Device.objects.count() == 1


@ONLY_SQLITE
def test_a_check_says_how_it_is_pushed_and_the_same_source_can_be_asked(pushing: ApiHouse, google: Google) -> None:
    def checked() -> tuple[list[bool], str]:
        said = pushing.ask("operator", "POST", "/sources/android/check").json
        return [one["works"] for one in said["abilities"]], " ".join(said["words"])

    works, words = checked()
    assert works == [True]
    assert f"Pub/Sub may push to {AUDIENCE}, as {PUSHER}" in words
    assert "No push has come yet" in words
    assert post(pushing, pushed(1, phone())).json == {"new": True}
    assert "The last push came at" in checked()[1]
    act = replace(ADMINISTRATOR, now=clock.now())
    connect.source_set(act, pushing.config.state_dir, "android", {"url": google.url}, key_file(), 3_600_000)
    with pytest.raises(Refused) as refused:
        connect.source_set(act, pushing.config.state_dir, "android", {"login": "https://elsewhere.example"})
    assert refused.value.code == "source-secret", "a secret goes nowhere that it was not given for"
    google.devices = [phone(), phone(2)]
    assert checked()[0] == [True, False, True], "the enterprise publishes nothing yet"
    google.enterprise = {"pubsubTopic": "projects/project/topics/android", "enabledNotificationTypes": ["STATUS_REPORT"]}
    assert checked()[0] == [True, True, True]
    for method, path in google.asked:
        assert any(method == one.method and re.fullmatch(one.path, path) for one in KINDS["android"].requests), (method, path)
    done = sync.sync(lambda: act, pushing.config, "android", holder="me", confirmed=True)
    assert (done.devices, done.added) == (2, 1), "what was pushed and what is asked are the same phones"
    assert "source-changed" in [json.loads(bytes(row.entry))["kind"] for row in models.LedgerRow.objects.all()]
