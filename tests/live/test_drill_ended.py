"""A drill that is ended in the middle leaves nothing running."""

import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

pytestmark = pytest.mark.live


def running(folder: Path) -> list[str]:
    """The processes that name this folder."""
    found = []
    for entry in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            words = entry.read_bytes().replace(b"\0", b" ").decode(errors="replace")
        except OSError:
            continue  # it ended meanwhile
        if str(folder) in words:
            found.append(words)
    return found


def wait_for(done: Callable[[], bool]) -> None:
    for _ in range(3_000):
        if done():
            return
        time.sleep(0.05)
    raise AssertionError("waited in vain")


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_what_a_drill_started_ends_with_it(tmp_path: Path, number: signal.Signals) -> None:
    folder = tmp_path / "drill"
    command = [sys.executable, "-m", "countermand", "drill", "--people", "50", "--folder", str(folder)]
    drill = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        wait_for(lambda: len([one for one in running(folder) if "countermand.worker" in one]) > 0)
        drill.send_signal(number)
        assert drill.wait(150) == 128 + number
        wait_for(lambda: running(folder) == [])
    finally:
        drill.kill()
        drill.wait()
