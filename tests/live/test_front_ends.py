"""Every HTTP front end, from its printed configuration: who gets mail, what a stranger learns, what hangs, what fails."""

import signal
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from front_door import Answer, wait_for
from other_doors import HTTP_KINDS, FrontEnd
from test_nginx_door import BAD, GOOD, USERS, keys, seed

from countermand.gates.configure import Failure
from gate_plane import packed_query

pytestmark = pytest.mark.live


def front_end(directory: Path, kind: str, failure: Failure = Failure.CLOSED) -> FrontEnd:
    door = FrontEnd(directory, kind, set(USERS))
    door.configure_gate(*keys(directory))
    seed(directory)
    try:
        door.start_gate()
        door.start_front(failure)
    except BaseException:
        door.close()
        raise
    return door


@pytest.fixture(params=HTTP_KINDS)
def door(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[FrontEnd]:
    door = front_end(tmp_path, request.param)
    yield door
    door.close()


def test_mail_is_given_and_denied_per_device_and_a_stranger_learns_nothing(door: FrontEnd) -> None:
    assert door.ask("bob", GOOD).body == "mail for bob\n"
    for query in (BAD, packed_query(b"BAD1"), BAD.replace("User=alice", "User=bob"), packed_query(b"BAD1", login="bob")):
        denied = door.ask("alice", query)
        assert (denied.status, denied.body) == (403, "Remove the app, then mail works again.\n"), query
    assert door.ask("alice", "Cmd=Sync&DeviceId=OTHER").status == 200, "her other phone"
    assert door.ask("alice", GOOD.replace("User=bob", "User=alice")).status == 200, "an id that is bound to somebody else"
    assert door.ask("boss", "Cmd=Sync&DeviceId=BAD2").status == 200, "protected"
    assert door.ask("carol", "Cmd=Sync&DeviceId=NEW").status == 403, "unregistered"
    assert door.ask("alice", method="OPTIONS").status == 200, "OPTIONS has no device"
    spoofed = {"X-Original-URI": "/?DeviceId=GOOD1", "X-Client-Fingerprint": "aa", "X-Forwarded-Client-Cert": "Hash=" + "a" * 64}
    assert door.ask("alice", BAD, **spoofed).status == 403
    for path in ("/microsoft-server-activesync", "//Microsoft-Server-ActiveSync", "/x/../Microsoft-Server%2DActiveSync"):
        assert door.ask("alice", BAD, path=path).status == 403, path
    assert door.mail.delivered == {"bob": 1, "alice": 2, "boss": 1}
    wait_for(lambda: door.metric("countermand_gate_sightings_total") == 3, "her other phone twice, and carol's new one")

    strangers = [door.ask("alice", BAD, password="wrong"), door.ask("alice", "Cmd=Sync&DeviceId=OTHER", password="wrong")]
    strangers += [door.ask("nobody", "Cmd=Sync&DeviceId=OTHER"), door.ask("carol", "Cmd=Sync&DeviceId=NEW", password="wrong")]
    assert strangers[0].status == 401
    assert len({repr(stranger.essence) for stranger in strangers}) == 1, "by status, header or size"
    assert door.mail.delivered == {"bob": 1, "alice": 2, "boss": 1}
    door.mail.thinking = 1.1  # so long that the gate is asked again about what is let in
    assert repr(door.ask("alice", BAD, password="wrong").essence) == repr(strangers[0].essence), "nor by patience"


def test_a_request_that_hangs_while_its_device_comes_to_be_denied_brings_nothing(door: FrontEnd) -> None:
    stop = door.directory / "stop"
    stop.touch()
    wait_for(lambda: door.ask("alice", BAD).status == 200, "the stop file")
    found: list[Answer] = []
    hanging = threading.Thread(target=lambda: found.append(door.ask("alice", BAD + "&Wait=1")))
    hanging.start()
    door.mail.hanging.acquire(timeout=20)
    stop.unlink()
    wait_for(lambda: door.ask("alice", BAD).status == 403, "the denial")
    delivered = door.mail.delivered["alice"]
    threading.Event().wait(1.1)  # only what took longer than a second is asked about again
    door.mail.release.set()
    hanging.join(20)
    wait_for(lambda: door.mail.delivered["alice"] == delivered + 1, "the mail server's giving it")
    assert ("still gets to the phone" in door.printed(Failure.CLOSED)) == (door.kind == "nginx")
    if door.kind == "nginx":
        assert found[0].status == 200, "auth_request cannot ask again: proxy_read_timeout bounds it"
    else:
        assert (found[0].status, found[0].body) == (403, "Remove the app, then mail works again.\n")
    assert door.ask("bob", GOOD + "&Wait=1").body == "mail for bob\n"
    door.mail.much = 3_000_000
    door.mail.release.clear()
    much = threading.Thread(target=lambda: found.append(door.ask("bob", GOOD + "&Wait=1")))
    much.start()
    threading.Event().wait(1.1)
    door.mail.release.set()
    much.join(20)
    assert len(found[1].body) == 3_000_013, "what is held back and allowed comes whole"


def test_a_ping_that_hangs_ends_where_a_front_end_can_end_it_and_says_nothing_where_it_cannot(door: FrontEnd) -> None:
    """nginx with Lua answers it there and then. HAProxy and Envoy do not end a request that waits for the mail server, and keep
    its answer back; plain nginx lets it out: a Ping's answer is no mail, and the next command is denied."""
    stop = door.directory / "stop"
    stop.touch()
    wait_for(lambda: door.ask("alice", BAD).status == 200, "the stop file")
    found: list[Answer] = []
    ping = BAD.replace("Cmd=Sync", "Cmd=Ping") + "&Wait=1"
    hanging = threading.Thread(target=lambda: found.append(door.ask("alice", ping)))
    other = threading.Thread(target=lambda: found.append(door.ask("alice", ping.replace("BAD1", "OTHER"))))
    for one in (hanging, other):
        one.start()
        door.mail.hanging.acquire(timeout=20)
    stop.unlink()
    wait_for(lambda: door.ask("alice", BAD).status == 403, "the denial")
    if door.kind == "nginx-lua":
        hanging.join(20)
        assert len(found) == 1, "her other phone goes on"
        assert (found[0].status, found[0].body) == (403, "Remove the app, then mail works again.\n")
        assert found[0].headers["Connection"] == "close"
    assert ("NOT ended" in " ".join(door.printed(Failure.CLOSED).replace("#", "").split())) == (door.kind != "nginx-lua")
    threading.Event().wait(1.1)  # only what took longer than a second is asked about again
    assert len(found) == (1 if door.kind == "nginx-lua" else 0)
    door.mail.release.set()
    hanging.join(20)
    other.join(20)
    denied = [one.status for one in found].count(403)
    assert denied == (0 if door.kind == "nginx" else 1)
    assert door.ask("alice", BAD).status == 403


def test_what_hangs_over_its_due_ends_at_it_everywhere_and_then_the_phone_is_told(door: FrontEnd) -> None:
    """The gate knows of the due when the phone comes; no front end has to ask again, nor could plain nginx. It may take eight
    seconds, as long as a wrong password may take to be refused."""
    found: list[Answer] = []
    for seconds in (3, 10, 30):  # until this machine is quick enough to ask before it
        door.lose_gate()
        seed(door.directory, due=1000 * seconds)
        door.start_gate()
        wait_for(lambda: door.ask("bob", GOOD).status == 200, "the gate")
        delivered = door.mail.delivered["bob"]
        found.clear()
        hanging = [
            threading.Thread(target=lambda cmd=cmd: found.append(door.ask("bob", f"Cmd={cmd}&User=bob&DeviceId=SOON1&Wait=1")))  # type: ignore[misc]
            for cmd in ("Sync", "Ping")
        ]
        for one in hanging:
            one.start()
        if all(door.mail.hanging.acquire(timeout=seconds) for _ in hanging):
            break
    for one in hanging:
        one.join(60)
    assert door.mail.delivered["bob"] == delivered, "before the mail server said anything"
    assert {one.status for one in found} <= {403, 503}
    assert [one.headers.get("Retry-After") or one.headers["retry-after"] for one in found if one.status == 503] == ["1"] * sum(
        one.status == 503 for one in found
    )
    wait_for(lambda: door.ask("bob", "Cmd=Sync&User=bob&DeviceId=SOON1").status == 403, "the words")
    assert door.ask("bob", GOOD).status == 200, "his other phone"


def test_a_gate_that_is_gone_is_neither_403_nor_401(door: FrontEnd) -> None:
    door.running["gate"].send_signal(signal.SIGSTOP)
    frozen = door.ask("alice", BAD)
    door.running["gate"].send_signal(signal.SIGCONT)
    assert (frozen.status, frozen.headers.get("retry-after") or frozen.headers["Retry-After"]) == (503, "60"), "it hangs"
    door.lose_gate()
    for login, query in (("bob", GOOD), ("alice", BAD)):
        down = door.ask(login, query)
        assert (down.status, down.headers.get("retry-after") or down.headers["Retry-After"]) == (503, "60")
    assert not door.mail.delivered
    door.start_gate()
    wait_for(lambda: door.ask("bob", GOOD).status == 200, "the gate")
    assert door.ask("alice", BAD).status == 403


@pytest.mark.parametrize("kind", ["nginx", "haproxy"])
def test_the_last_answers_are_kept_for_the_same_login_and_request_only(tmp_path: Path, kind: str) -> None:
    door = front_end(tmp_path, kind, Failure.KEEP_LAST)
    try:
        assert door.ask("bob", GOOD).status == 200
        assert door.ask("alice", BAD).status == 403
        assert door.ask("alice", GOOD).status == 200
        (door.directory / "stop").touch()
        wait_for(lambda: door.ask("alice", BAD).status == 200, "no old answer outlives the stop")
        (door.directory / "stop").unlink()
        wait_for(lambda: door.ask("alice", BAD).status == 403, "nor its end")
        door.lose_gate()
        wait_for(lambda: door.ask("bob", GOOD).status == 200, "bob's mail")
        assert door.ask("alice", BAD).status == 503, "a denial is kept, and its words are the gate's"
        assert door.ask("alice", BAD, password="wrong").status == 401
        assert door.ask("bob", BAD).status == 503, "nobody's answer is another's"
        assert door.ask("bob", "Cmd=Sync&DeviceId=NEVER-SEEN").status == 503
        kept = b"".join(file.read_bytes() for file in (tmp_path / "nginx").rglob("last/**/*") if file.is_file())
        assert b"Basic" not in kept
        assert b"right" not in kept
    finally:
        door.close()


@pytest.mark.parametrize("kind", ["nginx", "envoy", "haproxy"])
def test_open_lets_mail_flow_without_a_gate(tmp_path: Path, kind: str) -> None:
    door = front_end(tmp_path, kind, Failure.OPEN)
    try:
        assert door.ask("alice", BAD).status == 403
        door.lose_gate()
        assert door.ask("alice", BAD).status == 200
        assert door.ask("alice", BAD, password="wrong").status == 401
    finally:
        door.close()
