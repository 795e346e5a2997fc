"""Everything is broken once, phones asking throughout: no wrong yes and no wrong no, and nobody waits for ever.

``make chaos`` shows the table, with fifty phones.
"""

import http.client
import os
import resource
import shutil
import signal
import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from asking import NOTHING, Crowd
from django.db import connection
from front_door import Door, wait_for
from relay import Relay
from test_feed_live import let_in, ready

import control_rows as rows
from countermand.config import Database
from countermand.core.instants import DAY, MINUTE
from countermand.lib import clock
from countermand.store import models
from ports import free_port

pytestmark = pytest.mark.live
#: kind of phone → login and device. carol's due is in half an hour: a clock that jumps must not bring it nearer.
PHONES = {"denied": ("alice", "BAD1"), "free": ("bob", "GOOD1"), "soon": ("carol", "SOON1")}
EACH = -(-int(os.environ.get("CHAOS_PHONES", "6")) // len(PHONES))  # at least so many
USUAL = {"denied": {403}, "free": {200}, "soon": {200}}
LIFTED = {"denied": {200}, "free": {200}, "soon": {200}}
FAKETIME = str(next(Path("/usr/lib").glob("*/faketime/libfaketimeMT.so.1"), ""))


def or_(usual: dict[str, set[int]], *more: int) -> dict[str, set[int]]:
    return {kind: statuses | set(more) for kind, statuses in usual.items()}


@pytest.fixture
def feed() -> Iterator[Relay]:
    """What the gate hears its control plane through."""
    feed = Relay(free_port())
    yield feed
    feed.close()


@pytest.fixture
def door(store: Database, tmp_path: Path, feed: Relay) -> Iterator[Door]:
    rows.found_house()
    version = rows.issue_order()
    past, soon = [(version, clock.now() - DAY)], [(version, clock.now() + 30 * MINUTE)]
    for ordinal, (login, told) in enumerate((("alice", past), ("bob", past), ("carol", soon))):
        rows.hire(ordinal, login, told)
    rows.give(0, 0, "alice", "BAD1", past)
    rows.give(1, 1, "bob", "GOOD1", past, app=False)
    rows.give(2, 2, "carol", "SOON1", soon)
    door = Door(tmp_path)
    try:
        door.start_mail({"alice": "right", "bob": "right", "carol": "right"})
        door.web_port = feed.behind
        door.start_web(store)
        let_in(door, "door")
        settings = tmp_path / "door" / "gate.toml"
        settings.write_text(settings.read_text().replace(f":{feed.behind}", f":{feed.port}"))
        start_gate(door, settings)
        door.sightings = tmp_path / "door" / "sightings.sock"
        door.start_nginx()
        ready(door)
        yield door
    finally:
        door.close()
        connection.close()


def start_gate(door: Door, config: Path | None = None) -> None:
    """Its wall clock is the test's to move (the file ``hands``), the one that never jumps is not."""
    (door.directory / "hands").write_text("+0")
    moved = {"LD_PRELOAD": FAKETIME, "FAKETIME_TIMESTAMP_FILE": str(door.directory / "hands"), "FAKETIME_NO_CACHE": "1"}
    with pytest.MonkeyPatch.context() as only_the_gate:
        for name, value in (moved | {"FAKETIME_DONT_FAKE_MONOTONIC": "1"}).items():
            only_the_gate.setenv(name, value)
        door.start_gate(config)


def asked(door: Door, kind: str) -> tuple[int, float]:
    login, device = PHONES[kind]
    began = time.monotonic()
    try:
        status = door.ask(login, f"Cmd=Sync&DeviceId={device}").status
    except (OSError, http.client.HTTPException):
        status = NOTHING
    return status, time.monotonic() - began


def at_door(door: Door, status: int) -> None:
    wait_for(lambda: asked(door, "denied")[0] == status, f"{status} for the denied phone", 30)


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_whatever_breaks_nobody_is_told_wrong(door: Door, feed: Relay, store: Database, tmp_path: Path) -> None:
    crowd = Crowd(lambda kind: asked(door, kind), list(PHONES), EACH)
    with closing(sqlite3.connect(str(store))) as now, closing(sqlite3.connect(tmp_path / "old.sqlite3")) as old:
        now.backup(old)
    with crowd.asking():
        crowd.phase("nothing", **USUAL)
        _feed(door, feed, crowd)
        _control_plane(door, store, crowd)
        _gate_and_nginx(door, crowd)
        _disk(door, crowd)
        _clock(door, crowd)
        _old_database(door, store, tmp_path, crowd)
    print(f"\n{crowd.table()}")
    assert not [(phase.name, dict(phase.wrong)) for phase in crowd.phases if phase.wrong], crowd.table()
    assert max(phase.slowest for phase in crowd.phases) < 15, "nothing hangs"


def _feed(door: Door, feed: Relay, crowd: Crowd) -> None:
    connects = door.metric("countermand_gate_connects_total")
    assert feed.cut() >= 1
    crowd.phase("feed connection cut", **USUAL)
    wait_for(lambda: door.metric("countermand_gate_connects_total") > connects, "the feed again")


def _control_plane(door: Door, store: Database, crowd: Crowd) -> None:
    door.end("web", signal.SIGKILL)
    crowd.phase("control plane killed", **USUAL)
    door.start_web(store)
    crowd.phase("control plane back", **USUAL)
    door.running["web"].send_signal(signal.SIGSTOP)
    crowd.phase("control plane frozen, feed silent", **USUAL)
    door.running["web"].send_signal(signal.SIGCONT)


def _gate_and_nginx(door: Door, crowd: Crowd) -> None:
    crowd.phase("gate about to be killed", **or_(USUAL, 503))
    door.end("gate", signal.SIGKILL)
    crowd.phase("gate killed", **or_(USUAL, 503))
    start_gate(door)
    at_door(door, 403)
    crowd.phase("gate back", **USUAL)
    crowd.phase("gate about to freeze", **or_(USUAL, 503))
    door.running["gate"].send_signal(signal.SIGSTOP)
    crowd.phase("gate frozen", **or_(USUAL, 503)), crowd.quiet()
    door.running["gate"].send_signal(signal.SIGCONT)
    at_door(door, 403)
    crowd.phase("gate goes on", **USUAL)
    crowd.phase("nginx about to be killed", **or_(USUAL, NOTHING))
    _kill_nginx(door)
    crowd.phase("nginx killed", denied={NOTHING}, free={NOTHING}, soon={NOTHING}), crowd.quiet()
    crowd.phase("nginx about to start", **or_(USUAL, NOTHING))
    door.start_nginx()
    crowd.phase("nginx back", **USUAL)


def _kill_nginx(door: Door) -> None:
    """All of it: a master that sees its worker die starts another one, which would go on serving without it."""
    pid = door.running["nginx"].pid
    os.kill(pid, signal.SIGSTOP)
    for worker in Path(f"/proc/{pid}/task/{pid}/children").read_text().split():
        os.kill(int(worker), signal.SIGKILL)
    door.end("nginx", signal.SIGKILL)


def _disk(door: Door, crowd: Crowd) -> None:
    pid = door.running["gate"].pid
    resource.prlimit(pid, resource.RLIMIT_FSIZE, (0, resource.RLIM_INFINITY))
    crowd.phase("gate's disk full", **USUAL)
    crowd.phase("about to be halted", denied={200, 403}, free={200}, soon={200})
    rows.change_lineage(halted_at=clock.now())
    at_door(door, 200)
    crowd.phase("halted, the disk still full", **LIFTED)
    resource.prlimit(pid, resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
    crowd.phase("about to be resumed", denied={200, 403}, free={200}, soon={200})
    rows.change_lineage(halted_at=None)
    at_door(door, 403)
    assert door.metric("countermand_gate_unkept_total") >= 1
    crowd.phase("resumed, the disk has room", **USUAL)


def _clock(door: Door, crowd: Crowd) -> None:
    for jump in ("+1h", "-1h", "+0"):
        (door.directory / "hands").write_text(jump)
        crowd.phase(f"gate's clock {jump}", **USUAL)
        crowd.quiet()


def _old_database(door: Door, store: Database, tmp_path: Path, crowd: Crowd) -> None:
    crowd.phase("about to be rescinded", denied={200, 403}, free={200}, soon={200})
    models.Version.objects.update(state="rescinded")
    rows.change_lineage(ended_at=clock.now())
    at_door(door, 200)
    crowd.phase("rescinded", **LIFTED)
    door.end("web")
    connection.close()
    for path in Path(str(store)).parent.glob(f"{Path(str(store)).name}*"):
        path.unlink()
    shutil.copyfile(tmp_path / "old.sqlite3", str(store))
    door.start_web(store)
    crowd.phase("a database from before", **LIFTED)
    crowd.quiet()
    crowd.phase("gate restarts beside it", **or_(LIFTED, 503))
    door.end("gate")
    start_gate(door)
    at_door(door, 200)
    crowd.phase("gate back", **LIFTED)
    crowd.quiet()
