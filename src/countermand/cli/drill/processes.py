"""The real processes of a drill: started on loopback, waited for, and ended by their own handles."""

import contextlib
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable
from pathlib import Path

#: Seconds that a process has to become ready, or to end when asked to.
_PATIENCE = 120.0


class NotReady(Exception):
    """A process of the drill did not come up; carries the end of what it wrote."""


class Processes:
    """Started processes; leaving the block ends them all, last started first."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._running: list[tuple[str, subprocess.Popen[bytes]]] = []

    def __enter__(self) -> "Processes":
        for number in (signal.SIGTERM, signal.SIGHUP):  # else whoever ends us leaves them running
            signal.signal(number, _leave)
        return self

    def __exit__(self, *_: object) -> None:
        for _name, process in reversed(self._running):
            self.end(process)

    def start(self, name: str, command: list[str], ready: Callable[[], bool]) -> subprocess.Popen[bytes]:
        """Start ``command`` with its output in ``<folder>/<name>.log`` and wait until ``ready()``."""
        log = self._folder / f"{name}.log"
        with log.open("ab") as output:
            process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=output, stderr=output, env=_environment())
        self._running.append((name, process))
        deadline = time.monotonic() + _PATIENCE
        while not ready():
            if process.poll() is not None or time.monotonic() > deadline:
                tail = log.read_text(errors="replace")[-2000:]
                raise NotReady(f"{name} did not start; the end of {log}:\n{tail}")
            time.sleep(0.02)
        return process

    def end(self, process: subprocess.Popen[bytes]) -> None:
        """Ask it to end, then make it."""
        if process.poll() is None:
            with contextlib.suppress(ProcessLookupError):
                process.send_signal(signal.SIGTERM)
            try:
                process.wait(_PATIENCE / 3)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def _leave(number: int, _frame: object) -> None:
    sys.exit(128 + number)


def python(module: str, *arguments: str) -> list[str]:
    return [sys.executable, "-m", module, *arguments]


def _environment() -> dict[str, str]:
    return {name: value for name, value in os.environ.items() if name != "COUNTERMAND_TOKEN"}


def free_port() -> int:
    """A port of the loopback interface that nobody listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def answers(port: int) -> Callable[[], bool]:
    """Ready when somebody accepts connections on this loopback port."""

    def look() -> bool:
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=0.2):
            return True
        return False

    return look


def healthy(url: str) -> Callable[[], bool]:
    """Ready when this loopback URL answers 200."""

    def look() -> bool:
        with contextlib.suppress(OSError), urllib.request.urlopen(url, timeout=1) as answer:  # noqa: S310  # loopback, ours
            return bool(answer.status == 200)
        return False

    return look
