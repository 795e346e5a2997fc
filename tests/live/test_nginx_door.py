"""The recipe in front of mail, played by a real nginx: who gets mail, who does not, and what a stranger can learn."""

import base64
import socket
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from front_door import EAS, Door, wait_for
from pyroaring import BitMap

from countermand.core.instants import DAY
from countermand.gates.nginx import plainly_asked
from countermand.gates.quick import USUAL
from countermand.gates.subject import subject
from countermand.snapshot.write import Entry
from gate_plane import ROOT, SECRET, Plane, basic, packed_query, standing

pytestmark = pytest.mark.live
USERS = {"alice": "right", "bob": "right", "boss": "right", "carol": "right"}
BAD = "Cmd=Sync&User=alice&DeviceId=BAD1&DeviceType=iPhone"
GOOD = "Cmd=Sync&User=bob&DeviceId=GOOD1&DeviceType=iPhone"


def seed(directory: Path, due: int = DAY) -> None:
    """What a gate has heard: alice's BAD1 and boss's BAD2 are denied since yesterday, carol's unknown devices too; bob's SOON1
    will be in ``due`` milliseconds."""
    now = time.time_ns() // 1_000_000
    plane = Plane(time=now)
    plane.snapshot(
        directory / "state" / "snapshot",
        devices={("alice", "eas", "BAD1"): 0, ("bob", "eas", "GOOD1"): 1, ("boss", "eas", "BAD2"): 2, ("bob", "eas", "SOON1"): 3},
        people={"alice": 0, "bob": 1, "boss": 2, "carol": 3},
        protected=["boss"],
        standings=[standing(text="Remove the app, then mail works again.", max_staleness=DAY)],
        denials=[Entry("no-tiktok", 0, now - DAY, BitMap([0, 2])), Entry("no-tiktok", 0, now + due, BitMap([3]))],
        unregistered=[Entry("no-tiktok", 0, now - DAY, BitMap([3]))],
    )


def keys(directory: Path) -> tuple[Path, Path]:
    root, secret = directory / "root.pub", directory / "secret"
    root.write_text(f"ed25519-public {ROOT.public.text}\n")
    secret.write_text(f"secret {base64.b64encode(SECRET).decode()}\n")
    return root, secret


@pytest.fixture
def door(tmp_path: Path) -> Iterator[Door]:
    door = Door(tmp_path)
    door.configure_gate(*keys(tmp_path))
    seed(tmp_path)
    try:
        door.start_mail(USERS)
        door.start_gate()
        door.start_nginx()
        yield door
    finally:
        door.close()


def test_mail_flows_and_stops_per_device(door: Door) -> None:
    allowed = door.ask("bob", GOOD)
    assert (allowed.status, allowed.body) == (200, "mail for bob\n")
    for query in (BAD, packed_query(b"BAD1")):
        denied = door.ask("alice", query)
        assert (denied.status, denied.body) == (403, "Remove the app, then mail works again.\n")
    assert door.ask("alice", "Cmd=Sync&DeviceId=OTHER&User=alice").status == 200, "her other phone"
    assert door.ask("boss", "Cmd=Sync&DeviceId=BAD2").status == 200, "protected"
    assert door.ask("carol", "Cmd=Sync&DeviceId=NEW").status == 403, "unregistered"
    seen = door.counts()
    assert seen["delivered"] == {"bob": 1, "alice": 1, "boss": 1}
    assert seen["answers"]["OPTIONS 200"] == 3, "a denied request costs the mail server one OPTIONS and no command"


def test_nginx_asks_in_the_words_that_the_gate_knows_by_heart(tmp_path: Path) -> None:
    door = Door(tmp_path)
    with socket.create_server(("127.0.0.1", door.gate_port)) as listening, ThreadPoolExecutor() as beside:
        try:
            door.start_mail(USERS)
            door.start_nginx()
            asking = beside.submit(door.ask, "alice", BAD)
            listening.settimeout(20)
            connection, _ = listening.accept()
            with connection:
                question = connection.recv(65536)
                connection.sendall(b"HTTP/1.1 204 No Content\r\n\r\n")
                assert asking.result(20).status == 200
        finally:
            door.close()
    assert plainly_asked(question) == subject(basic("alice").encode(), f"{EAS}?{BAD}".encode())
    usual = USUAL(question)
    assert usual is not None
    assert usual[2] == b"BAD1"


def test_the_person_comes_from_authentication_alone(door: Door) -> None:
    assert door.ask("alice", BAD.replace("User=alice", "User=bob")).status == 403
    assert door.ask("alice", packed_query(b"BAD1", login="bob")).status == 403
    assert door.ask("bob", GOOD.replace("User=bob", "User=alice")).status == 200


def test_a_name_with_line_breaks_asks_for_nobody_else(door: Door) -> None:
    """A trap: nginx decodes the name, and what it would write of it to the gate could hold a second request."""

    def asked() -> float:
        found = door.fetch(door.gate_port, "GET", "/metrics").body.splitlines()
        return sum(float(line.rsplit(" ", 1)[1]) for line in found if line.startswith("countermand_gate_decisions_total"))

    before = asked()
    smuggled = f"GET /decide HTTP/1.1\r\nHost: x\r\nAuthorization: {basic('bob')}\r\nX-Original-URI: {EAS}?{GOOD}"
    for name in (f"alice\r\nX-Original-URI: {EAS}?{GOOD}", f"alice\r\n\r\n{smuggled}\r\n\r\n"):
        assert door.ask(name.replace(":", "%3A"), BAD).status == 401, "the mail server knows nobody of that name"
        assert door.ask(name, BAD).status == 401
    assert asked() == before + 4, "one question for each request"


def test_the_front_doors_own_headers_are_not_the_clients_to_set(door: Door) -> None:
    spoofed = {"X-Original-URI": "/?DeviceId=GOOD1", "X-Countermand-Because": "x", "X-Client-Fingerprint": "aa"}
    assert door.ask("alice", BAD, **spoofed).status == 403
    for path in ("/.countermand/decide", "/.countermand/prove", "/decide", "/denied"):
        assert door.ask("alice", method="GET", path=path).status == 404


@pytest.mark.parametrize(
    "path",
    [
        "/microsoft-server-activesync",
        "/Microsoft-Server-ActiveSync/",
        "/Microsoft-Server-ActiveSync;a=b",
        "/Microsoft-Server%2DActiveSync",
        "/x/../Microsoft-Server-ActiveSync",
        "//Microsoft-Server-ActiveSync",
    ],
)
def test_no_spelling_of_the_path_goes_round_the_door(door: Door, path: str) -> None:
    assert door.ask("alice", BAD, path=path).status == 403
    assert door.counts()["delivered"] == {}


def test_no_device_id_and_options_are_let_through_and_counted(door: Door) -> None:
    assert door.ask("alice", method="OPTIONS").status == 200
    assert door.ask("alice", "Cmd=Sync").status == 200
    assert door.metric('countermand_gate_decisions_total{outcome="allow",reason="no-device-id"}') == 2


def test_a_stranger_cannot_tell_who_is_denied(door: Door) -> None:
    denied = door.ask("alice", BAD, password="wrong")
    other = door.ask("alice", "Cmd=Sync&DeviceId=OTHER", password="wrong")
    nobody = door.ask("nobody", "Cmd=Sync&DeviceId=OTHER", password="wrong")
    without = door.ask("", BAD)
    assert denied.status == 401
    assert 'realm="mail"' in denied.headers["WWW-Authenticate"]
    assert denied.essence == other.essence == nobody.essence == without.essence
    assert door.counts()["delivered"] == {}


def test_a_gate_that_is_down_is_neither_403_nor_401(door: Door) -> None:
    door.end("gate")
    down = door.ask("bob", GOOD)
    assert (down.status, down.headers["Retry-After"]) == (503, "60")
    assert door.ask("alice", BAD).status == 503
    door.start_gate()
    assert (door.ask("bob", GOOD).status, door.ask("alice", BAD).status) == (200, 403)


def test_the_stop_file_opens_the_gate_and_its_removal_closes_it(door: Door) -> None:
    stop = door.directory / "stop"
    stop.touch()
    wait_for(lambda: door.ask("alice", BAD).status == 200, "the stop file")
    assert door.metric("countermand_gate_stopped") == 1
    stop.unlink()
    wait_for(lambda: door.ask("alice", BAD).status == 403, "the stop file's removal")
    assert door.metric('countermand_gate_fail_open_total{reason="stopped"}') >= 1
    assert "STOPPED" in (door.directory / "gate.log").read_text()


def test_logs_and_metrics_name_no_password_and_no_whole_device_id(door: Door) -> None:
    secret_device = "ApplDNQXTESTDEVICE77"
    door.ask("carol", f"Cmd=Sync&DeviceId={secret_device}")
    text = (door.directory / "gate.log").read_text() + door.fetch(door.gate_port, "GET", "/metrics").body
    assert '"event": "denied"' in text
    assert "ApplD" not in text.replace("Appl…", "")
    assert "right" not in text
    assert base64.b64encode(b"carol:right").decode() not in text


def test_only_a_proven_login_makes_a_sighting(door: Door) -> None:
    door.ask("alice", "Cmd=Sync&DeviceId=NEW1", password="wrong")
    assert door.metric("countermand_gate_sightings_total") == 0
    door.ask("alice", "Cmd=Sync&DeviceId=NEW1")
    wait_for(lambda: door.metric("countermand_gate_sightings_total") == 1, "the sighting")
    door.ask("carol", "Cmd=Sync&DeviceId=NEW2", password="wrong")
    door.ask("carol", "Cmd=Sync&DeviceId=NEW2")  # denied, and proven on the way to the page
    wait_for(lambda: door.metric("countermand_gate_sightings_total") == 2, "the denied one")
    door.ask("bob", GOOD)
    assert door.metric("countermand_gate_sightings_total") == 2


def test_health_and_readiness(door: Door) -> None:
    assert door.fetch(door.gate_port, "GET", "/healthz").status == 200
    assert door.fetch(door.gate_port, "GET", "/readyz").status == 200
    door.end("gate")
    (door.directory / "state" / "snapshot").unlink()
    door.start_gate()
    assert door.fetch(door.gate_port, "GET", "/readyz").status == 503
    assert door.ask("alice", BAD).status == 200, "nothing heard, nobody denied"
    assert EAS.startswith("/")


def test_a_damaged_file_is_said_and_denies_nobody(door: Door) -> None:
    door.end("gate")
    path = door.directory / "state" / "snapshot"
    path.write_bytes(path.read_bytes()[:-1] + b"\x7f")
    door.start_gate()
    assert "snapshot-damaged" in (door.directory / "gate.log").read_text()
    assert door.ask("alice", BAD).status == 200
