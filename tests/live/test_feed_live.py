"""Control plane, gate and nginx as real processes: what flows commit, phones feel; what gates heard, they keep."""

import json
import shutil
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from django.db import connection
from front_door import Door, wait_for

import control_rows as rows
from countermand import __version__
from countermand.access import Act, Actor, Role
from countermand.config import Database
from countermand.core.instants import DAY, HOUR
from countermand.flows.add_gate import NewGate, add_gate
from countermand.flows.move_clock import move_clock
from countermand.lib import clock
from countermand.snapshot.files import snapshots
from countermand.store import feed, models, sightings
from countermand.store.unit import unit

pytestmark = pytest.mark.live
BAD = "Cmd=Sync&User=alice&DeviceId=BAD1&DeviceType=iPhone"
GOOD = "Cmd=Sync&User=bob&DeviceId=GOOD1&DeviceType=iPhone"


@pytest.fixture
def door(store: Database, tmp_path: Path) -> Iterator[Door]:
    """alice, told, has the app and her due was an hour ago; bob has not. Everything runs."""
    rows.found_house()
    version = rows.issue_order()
    told = [(version, clock.now() - HOUR)]
    rows.hire(0, "alice", told)
    rows.hire(1, "bob", told)
    rows.give(0, 0, "alice", "BAD1", told)
    rows.give(1, 1, "bob", "GOOD1", told, app=False)
    door = Door(tmp_path)
    try:
        door.start_mail({"alice": "right", "bob": "right"})
        door.start_web(store)
        door.start_gate(let_in(door, "door"))
        door.sightings = tmp_path / "door" / "sightings.sock"
        door.start_nginx()
        ready(door)
        yield door
    finally:
        door.close()


def let_in(door: Door, name: str) -> Path:
    admin = Act(Actor("ada", frozenset({Role.ADMINISTRATOR})), clock.now())
    gate = NewGate(name, f"127.0.0.1:{door.gate_port}", f"http://127.0.0.1:{door.web_port}")
    return add_gate(admin, door.directory / "plane", gate, door.directory / name)


def ready(door: Door) -> None:
    wait_for(lambda: door.fetch(door.gate_port, "GET", "/readyz").status == 200, "the gate's first snapshot")
    wait_for(lambda: door.metric("countermand_gate_connects_total") >= 1, "the feed")


def phone(door: Door, status: int, query: str = BAD, login: str = "alice") -> None:
    wait_for(lambda: door.ask(login, query).status == status, f"{status} for {login}")


def test_what_is_committed_is_felt_at_the_door(door: Door) -> None:
    phone(door, 403)
    phone(door, 200, GOOD, "bob")
    rows.set_app(0, False)
    phone(door, 200)
    rows.set_app(0, True)
    phone(door, 403)
    rows.change_lineage(halted_at=clock.now())
    phone(door, 200)
    rows.change_lineage(halted_at=None)
    phone(door, 403)
    models.Version.objects.update(state="rescinded")
    rows.change_lineage(ended_at=clock.now())
    phone(door, 200)


def test_a_gate_says_what_it_knows_and_whom_it_saw(door: Door) -> None:
    rows.set_app(0, False)
    wait_for(lambda: [(gate.name, gate.n) for gate in feed.gates()] == [("door", 1)], "the report")
    door.ask("bob", "Cmd=Sync&DeviceId=NEW7")
    rows.set_app(0, True)
    # bob was told and unregistered devices are denied: his is shown the page, by which it is proven.
    wait_for(lambda: bool(sightings.latest(5)), "the sighting")
    assert [(seen.login, seen.kind, seen.value) for seen in sightings.latest(5)] == [("bob", "eas", "NEW7")]
    (gate,) = feed.gates()
    assert (gate.version, [one.hour for one in gate.shown.values()]) == (__version__, [1])


def test_it_answers_the_same_without_its_control_plane(door: Door, store: Database) -> None:
    rows.set_app(1, True)
    phone(door, 403, GOOD, "bob")
    door.end("web")
    door.end("gate")
    door.start_gate()
    assert door.ask("alice", BAD).status == 403
    assert door.ask("bob", GOOD).status == 403
    assert "feed-lost" in (door.directory / "gate.log").read_text()
    rows.change_lineage(halted_at=clock.now())
    door.start_web(store)
    phone(door, 200)


def test_a_gate_whose_file_was_deleted_fetches_it_again(door: Door) -> None:
    phone(door, 403)
    door.end("gate")
    shutil.rmtree(door.directory / "door" / "state")
    door.start_gate()
    phone(door, 403)


def test_a_killed_gate_comes_back_as_it_was(door: Door) -> None:
    rows.set_app(0, False)
    phone(door, 200)
    door.end("web")
    door.end("gate", 9)
    door.start_gate()
    assert door.ask("alice", BAD).status == 200


def test_only_a_known_token_hears_the_feed(door: Door) -> None:
    for authorization in ({}, {"Authorization": "Bearer wrong"}, {"Authorization": "Basic eDp5"}):
        for target in ("/feed/snapshot", "/feed/records?epoch=3&after=0"):
            assert door.fetch(door.web_port, "GET", target, authorization).status == 401
    token = (door.directory / "door" / "token").read_text().strip()
    mine = {"Authorization": f"Bearer {token}"}
    assert door.fetch(door.web_port, "GET", "/feed/records?epoch=2&after=0", mine).status == 409
    assert door.fetch(door.web_port, "GET", "/feed/records", mine).status == 422
    assert door.fetch(door.web_port, "POST", "/feed/report", mine, b"{}").status == 422
    assert door.fetch(door.web_port, "GET", "/feed/snapshot?epoch=99&after=0", mine).status == 204
    assert door.fetch(door.web_port, "GET", "/healthz").status == 200


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)  # a server's database is not copied while it is open
def test_an_older_copy_of_the_database_is_not_believed_and_does_not_publish(door: Door, tmp_path: Path) -> None:
    copy = tmp_path / "copy.sqlite3"
    with connection.cursor() as cursor:
        cursor.execute(f"VACUUM INTO '{copy}'")
    rows.change_lineage(halted_at=clock.now())
    phone(door, 200)
    wait_for(lambda: bool(feed.gates()) and feed.gates()[0].n == 1, "the report")
    door.end("web")
    shutil.rmtree(door.directory / "plane" / "feed")
    door.start_web(copy)
    log = door.directory / "gate.log"
    wait_for(lambda: "feed-older" in log.read_text(), "the refusal")
    wait_for(lambda: "feed-behind-gate" in (door.directory / "web.log").read_text(), "the control plane's own refusal")
    assert door.ask("alice", BAD).status == 200, "what was halted stays halted"


def test_another_control_plane_is_not_believed(door: Door, store: Database) -> None:
    """Somebody answers at the right address with keys of their own."""
    phone(door, 403)
    door.end("web")
    keys = door.directory / "plane" / "keys"
    for name in ("root.key", "root.key.pub", "feed.key", "feed.key.pub", "feed.certificate"):
        (keys / name).unlink()
    rows.change_lineage(halted_at=clock.now())
    door.start_web(store)
    wait_for(lambda: "feed-forged" in (door.directory / "gate.log").read_text(), "the refusal")
    assert door.ask("alice", BAD).status == 403


def test_a_new_epoch_is_followed(door: Door) -> None:
    phone(door, 403)
    models.Installation.objects.update(epoch=4)
    models.Lineage.objects.update(halted_at=clock.now())
    phone(door, 200)
    assert door.metric("countermand_gate_epoch") == 4


def test_a_rehearsals_clock_moves_every_door_at_once(store: Database, tmp_path: Path) -> None:
    """In a drill the gate's time is the feed's: the clock is moved past the due, and phones feel it."""
    rows.found_house(drill=True)
    due = clock.now() + 7 * DAY
    told = [(rows.issue_order(), due)]
    rows.hire(0, "alice", told)
    rows.give(0, 0, "alice", "BAD1", told)
    door = Door(tmp_path)
    admin = Act(Actor("ada", frozenset({Role.ADMINISTRATOR, Role.OPERATOR})), clock.now(), drill=True)
    try:
        door.start_mail({"alice": "right"})
        door.start_web(store)
        gate = NewGate("door", f"127.0.0.1:{door.gate_port}", f"http://127.0.0.1:{door.web_port}", rehearsal=True)
        door.start_gate(add_gate(admin, tmp_path / "plane", gate, tmp_path / "door"))
        door.start_nginx()
        ready(door)
        phone(door, 200)
        move_clock(admin, due - HOUR)
        wait_for(lambda: any(gate.heard >= due - HOUR for gate in feed.gates()), "the time before the due")
        phone(door, 200)
        move_clock(admin, due)
        phone(door, 403)
    finally:
        door.close()


def test_cut_off_before_a_due_and_rescinded_meanwhile(door: Door) -> None:
    """The control plane falls silent before the due, the order is taken back, time goes on."""
    version = models.Version.objects.get().pk
    with unit():
        rows.give(5, 0, "alice", "SOON", [(version, clock.now() + HOUR)])
        feed.mark_names([("alice", "eas", "SOON")])
        feed.mark("denials", "no-tiktok", 0)
    soon = BAD.replace("BAD1", "SOON")
    phone(door, 200, soon)
    door.end("web")
    rows.change_lineage(ended_at=clock.now())
    kept = door.directory / "door" / "state" / "heard"
    door.end("gate")
    heard = json.loads(kept.read_text())
    kept.write_text(json.dumps({**heard, "own": heard["own"] - 2 * HOUR}))  # it was heard two hours ago
    door.start_gate()
    assert door.ask("alice", soon).status == 200, "due meanwhile, but nothing new starts"
    assert door.ask("alice", BAD).status == 403, "what it denied it goes on denying"
    door.end("gate")
    kept.write_text(json.dumps({**heard, "own": heard["own"] - 2 * DAY}))
    door.start_gate()
    assert door.ask("alice", BAD).status == 200, "past max_staleness with on_stale allow"


def test_a_signal_opens_the_gate_at_once_loudly_and_the_control_plane_is_told(door: Door) -> None:
    phone(door, 403)
    door.running["gate"].send_signal(signal.SIGUSR1)
    phone(door, 200)
    wait_for(lambda: bool(feed.gates()) and feed.gates()[0].stopped, "the report that it is stopped")
    assert "STOPPED: everything is allowed" in (door.directory / "gate.log").read_text()
    assert door.metric("countermand_gate_stopped") == 1
    door.running["gate"].send_signal(signal.SIGUSR2)
    phone(door, 403)
    wait_for(lambda: not feed.gates()[0].stopped, "the report that it runs again")


def test_a_gate_started_with_its_stop_file_denies_nobody_from_its_first_answer(door: Door) -> None:
    phone(door, 403)
    door.end("gate")
    (door.directory / "door" / "stop").touch()
    door.start_gate()
    assert door.ask("alice", BAD).status == 200
    wait_for(lambda: bool(feed.gates()) and feed.gates()[0].stopped, "the report that it is stopped")


@contextmanager
def impostor(door: Door, answers: dict[str, bytes]) -> Iterator[None]:
    """In place of the control plane somebody who answers these paths with these bytes, and everything else with 404."""

    class Impostor(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            found = answers.get(self.path.partition("?")[0])
            self.send_response(404 if found is None else 200)
            self.send_header("Content-Length", str(len(found or b"")))
            self.end_headers()
            self.wfile.write(found or b"")

        do_POST = do_GET

        def log_message(self, *_: object) -> None:
            pass

    door.end("web")
    with ThreadingHTTPServer(("127.0.0.1", door.web_port), Impostor) as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        try:
            yield
        finally:
            server.shutdown()
            thread.join()


def test_a_snapshot_cut_short_is_refused_and_the_whole_one_taken_later(door: Door, store: Database) -> None:
    """A new gate, and a control plane whose file ends too soon: it lets mail flow, says so, and asks again."""
    phone(door, 403)
    newest = snapshots(door.directory / "plane" / "feed")[-1].path.read_bytes()
    door.end("gate")
    shutil.rmtree(door.directory / "door" / "state")
    log = door.directory / "gate.log"
    with impostor(door, {"/feed/snapshot": newest[:-100]}):
        door.start_gate()
        wait_for(lambda: "snapshot-damaged" in log.read_text(), "the refusal")
        assert door.ask("alice", BAD).status == 200
        assert door.fetch(door.gate_port, "GET", "/readyz").status == 503
    door.start_web(store)
    phone(door, 403)


def test_forged_older_and_torn_records_are_refused_and_what_is_held_stays(door: Door, store: Database) -> None:
    rows.set_app(0, False)
    phone(door, 200)
    rows.set_app(0, True)
    phone(door, 403)
    genuine = feed.after(models.Installation.objects.get().epoch, 0, 10)
    lift, deny = genuine[0][1], genuine[1][1]
    certificate = (door.directory / "plane" / "keys" / "feed.certificate").read_bytes()
    log = door.directory / "gate.log"
    for stream, said in (
        (deny.replace(b'"denials"', b'"deniall"'), "feed-forged"),
        (lift, "feed-older"),
        (b"noise\n", "feed-damaged"),
    ):
        with impostor(door, {"/feed/records": certificate + stream + lift[: len(lift) // 2]}):
            wait_for(lambda said=said: said in log.read_text(), said)
            assert door.ask("alice", BAD).status == 403
        door.start_web(store)
    rows.set_app(0, False)
    phone(door, 200)
