"""A full disk, a read-only one, and a clock that jumps: the stop button works or says what to do; nothing is denied early."""

import json
import os
import shutil
import subprocess
import sys
import threading
from pathlib import Path

import pytest

import control_rows as rows
from countermand.config import Database
from countermand.core.errors import Refused
from countermand.core.instants import HOUR, MINUTE, SECOND
from countermand.flows.keep import Pace, keep_publishing
from countermand.flows.speaker import speaker
from countermand.lib import clock
from countermand.store import feed, lease
from countermand.worker import Step, by_the_clock


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_an_order_is_stopped_on_a_full_disk_and_a_read_only_one_says_what_to_do(database: Path, tmp_path: Path) -> None:
    """On a real file system of 40 MiB, in a namespace of its own."""
    unshare = shutil.which("unshare")
    disk = tmp_path / "disk"
    disk.mkdir()
    run = f"exec {sys.executable} {Path(__file__).with_name('full_disk.py')} {disk} {database}"
    script = f"mount -t tmpfs -o size=40m none {disk} && {run}"
    command = [unshare or "unshare", "-Urm", "sh", "-c", script]
    if unshare is None or subprocess.run([unshare, "-Urm", "true"], capture_output=True).returncode:
        pytest.skip("no namespace of one's own may be made here")
    paths = [str(Path(__file__).parent), str(Path(__file__).parents[1]), os.environ.get("PYTHONPATH", "")]
    environment = {**os.environ, "TMPDIR": str(tmp_path), "PYTHONPATH": os.pathsep.join(paths)}
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, env=environment)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout.splitlines()[-1]) == {
        "write": "disk-full",
        "rows": 0,
        "halted": True,
        "ledger": "halted",
        "reserve": False,
        "told": 1,
        "n": 1,
        "read_only": "database-read-only",
    }


class Clocks:
    """The wall's clock and the steady one, moved by hand."""

    def __init__(self, patch: pytest.MonkeyPatch) -> None:
        self.wall, self.passed = 1_700_000_000_000, 5_000
        patch.setattr(clock, "now", lambda: self.wall)
        patch.setattr(clock, "steady", lambda: self.passed)

    def run(self, milliseconds: int, jump: int = 0) -> None:
        self.wall += milliseconds + jump
        self.passed += milliseconds


@pytest.mark.parametrize("jump", [HOUR, -HOUR])
def test_after_a_jump_the_earlier_time_counts_until_the_process_begins_anew(monkeypatch: pytest.MonkeyPatch, jump: int) -> None:
    clocks = Clocks(monkeypatch)
    watch = clock.Watch()
    begun = watch.now()
    clocks.run(MINUTE, jump)
    assert watch.now() == begun + MINUTE + min(jump, 0)
    clocks.run(MINUTE)
    assert watch.now() == begun + 2 * MINUTE + min(jump, 0)
    assert watch.jumped == jump
    clocks.run(0, -jump)
    assert (watch.now(), watch.jumped) == (begun + 2 * MINUTE, 0), "the clock was set right"
    assert clock.Watch().now() == clocks.wall


def test_corrections_of_a_clock_are_followed(monkeypatch: pytest.MonkeyPatch) -> None:
    clocks = Clocks(monkeypatch)
    watch = clock.Watch()
    for _ in range(100):
        clocks.run(SECOND, 4 * SECOND)  # together more than a jump
        assert watch.now() == clocks.wall
    assert watch.jumped == 0


@pytest.mark.parametrize("jump", [HOUR, -HOUR])
def test_gates_are_told_no_hour_that_did_not_pass(
    store: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, jump: int
) -> None:
    rows.found_house()
    voice = speaker(tmp_path, clock.now())
    clocks = Clocks(monkeypatch)
    monkeypatch.setattr(lease, "real", lambda: clocks.wall)  # a server's clock jumps with it
    begun, said, stop = clocks.wall, [], threading.Event()

    def wait(seconds: float) -> None:
        """A heartbeat later; the third finds the clock an hour off."""
        clocks.run(10 * SECOND, jump if len(beats) == 2 else 0)
        beats.append(found.time if (found := feed.beat()) else 0)
        if len(beats) == 5:
            stop.set()

    beats: list[int] = []
    monkeypatch.setattr(stop, "wait", wait)
    keep_publishing(voice, "p", Pace(20, 10 * SECOND), stop, said.append, tmp_path)
    assert [refused.code for refused in said] == ["clock-jumped"]
    assert beats == [begun + step * 10 * SECOND + (min(jump, 0) if step > 2 else 0) for step in range(5)]


def test_the_worker_tells_nobody_anything_by_a_clock_that_jumped(monkeypatch: pytest.MonkeyPatch) -> None:
    clocks, ran = Clocks(monkeypatch), []
    step = by_the_clock(Step("sweep", lambda: bool(ran.append(1)), every=SECOND), clock.Watch())
    step.run()
    clocks.run(SECOND, HOUR)
    with pytest.raises(Refused) as refused:
        step.run()
    assert (refused.value.code, len(ran)) == ("clock-jumped", 1)
