"""NanoMDM's API: two commands and no other, a queue that is told apart from a push, and a repeated request that does no harm."""

import re
from collections.abc import Iterator

import pytest

from countermand.core.apps import App
from countermand.core.coverage import EVERYTHING, NOTHING, Coverage
from countermand.core.devices import Enrollment, Identity, IdentityKind, Platform
from countermand.core.errors import Refused
from countermand.core.mentions import Mention
from countermand.lib.outward import House
from countermand.sources.nanomdm_api import REQUESTS, NanoMDM
from countermand.sources.source import Link, Question
from fake_nanomdm import KEY, Server, served

TIKTOK = App(Platform.IOS, "com.zhiliaoapp.musically")


@pytest.fixture
def server() -> Iterator[Server]:
    with served(Server()) as found:
        yield found


def opened(server: Server, key: str = KEY) -> NanoMDM:
    house = House(frozenset({"127.0.0.1"}), wait=[].append)
    return NanoMDM(Link("mdm", {"url": server.url}, key, house.to, lambda: 0))


def phone(udid: str, enrollment: Enrollment = Enrollment.DEVICE) -> Mention:
    names = (Identity(IdentityKind.SERIAL, "F1"), Identity(IdentityKind.UDID, udid))
    return Mention(names, platform=Platform.IOS, enrollment=enrollment)


def sent(question: Question | None) -> Question:
    assert question is not None
    question.send()
    return question


def test_a_named_query_a_full_list_and_managed_apps(server: Server) -> None:
    mdm = opened(server)
    named = sent(mdm.recheck([phone("U1"), phone("U2")], frozenset({TIKTOK, App(Platform.ANDROID, "com.android.one")})))
    assert (named.names, named.coverage) == (("U1", "U2"), Coverage(frozenset({TIKTOK})))
    assert server.queue[named.ticket] == (
        ["U1", "U2"],
        {"RequestType": "InstalledApplicationList", "ManagedAppsOnly": False, "Identifiers": [TIKTOK.id]},
    )
    full = sent(mdm.recheck([phone("U1")], None))
    assert (full.coverage, server.queue[full.ticket][1].get("Identifiers")) == (EVERYTHING, None)
    managed = sent(mdm.recheck([phone("U1", Enrollment.USER)], frozenset({TIKTOK})))
    assert (managed.coverage, server.queue[managed.ticket][1]["ManagedAppsOnly"]) == (NOTHING, True)
    again = sent(mdm.again(managed.what, ["U1"], managed.coverage))
    assert server.queue[again.ticket][1] == server.queue[managed.ticket][1]
    names = sent(mdm.introduce([phone("U1")]))
    assert {"SerialNumber", "EASDeviceIdentifier", "IsSupervised"} <= set(server.queue[names.ticket][1]["Queries"])


def test_nobody_is_asked_who_has_no_name_there_and_for_nothing(server: Server) -> None:
    mdm = opened(server)
    assert mdm.recheck([phone("../../v1/pushcert")], None) is None
    assert mdm.recheck([Mention((Identity(IdentityKind.SERIAL, "F1"),))], None) is None
    assert mdm.recheck([phone("U1")], frozenset({App(Platform.ANDROID, "com.android.one")})) is None
    assert server.asked == []


def test_a_request_that_is_repeated_is_no_error_and_a_phone_that_sleeps_is_asked_all_the_same(server: Server) -> None:
    mdm = opened(server)
    question = sent(mdm.recheck([phone("U1")], None))
    assert question.send().refused == frozenset()
    assert len(server.queue) == 1
    server.pushes = False
    other = mdm.recheck([phone("U1")], None)
    assert other is not None
    done = other.send()
    assert (done.refused, done.asleep) == (frozenset(), "getting push certificate: no such topic")
    server.pushes, server.refuses = True, frozenset({"U2"})
    third = mdm.recheck([phone("U1"), phone("U2")], None)
    assert third is not None
    assert third.send().refused == {"U2"}


@pytest.mark.parametrize(("key", "status", "why"), [("wrong", 0, "it does not take the API key"), (KEY, 400, "it answered 400")])
def test_what_it_refuses(server: Server, key: str, status: int, why: str) -> None:
    server.status = status
    question = opened(server, key).recheck([phone("U1")], None)
    assert question is not None
    with pytest.raises(Refused) as refused:
        question.send()
    assert (refused.value.code, refused.value.params["why"]) == ("source-denied", why)


def test_check_sends_nobody_anything(server: Server) -> None:
    assert [one.works for one in opened(server).check(frozenset(), lambda _: None).abilities] == [True, True]
    assert [one.works for one in opened(server, "wrong").check(frozenset(), lambda _: None).abilities] == [True, False]
    assert server.queue == {}


def test_nothing_but_what_is_listed_is_ever_asked_and_no_command_but_two(server: Server) -> None:
    mdm = opened(server)
    mdm.check(frozenset(), lambda _: None)
    sent(mdm.recheck([phone(f"U{number}") for number in range(100)], None))
    sent(mdm.introduce([phone("U1")]))
    for method, path in server.asked:
        assert any(method == one.method and re.fullmatch(one.path, path) for one in REQUESTS)
    assert {command["RequestType"] for _, command in server.queue.values()} == {"InstalledApplicationList", "DeviceInformation"}
    way = House(frozenset({"127.0.0.1"})).to(server.url, tuple((one.method, one.path) for one in REQUESTS))
    for method, path in (
        ("PUT", "/v1/pushcert"),
        ("POST", "/v1/escrowkeyunlock"),
        ("PUT", "/v1/enqueue/"),
        ("DELETE", "/v1/enqueue/U1"),
    ):
        with pytest.raises(ValueError, match="not on the list"):
            way.ask(method, path, {})
