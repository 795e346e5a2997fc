"""Proving a front end as it runs: what it gives to whom, what a stranger learns, and what happens when the gate is not there.

With the right password every question is an ``OPTIONS`` with a command's query: front ends and gate judge it like the command,
and a mail server does nothing but check the password.
"""

import argparse
import asyncio
import base64
import json
import os
import signal
import statistics
import subprocess
import sys
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path

from countermand.core.decision import Clocks
from countermand.core.errors import Refused
from countermand.gates.client import Peer, Silent
from countermand.gates.config import GateConfig, load
from countermand.gates.configure import Failure
from countermand.gates.shadow import shadow
from countermand.gates.subject import subject
from countermand.lib import clock

_PATH = "/Microsoft-Server-ActiveSync"
_PATIENCE = 15.0
_WRONG = "countermand-check-wrong-password"
#: Nobody's device: what an unregistered one is told.
_UNKNOWN = "CountermandCheck0000"
_CLIENT_SAID = frozenset({b"date"})


@dataclass(frozen=True, slots=True)
class Asked:
    """Where to ask, and as whom. ``allowed`` and ``denied``: ids of two devices of this login. ``pid``: the gate's process, to be
    frozen for a moment; ``stop`` and ``start``: commands that end it and bring it back. None, '' = not tried."""

    config: GateConfig
    url: str
    login: str
    password: str
    allowed: str
    denied: str
    failure: Failure = Failure.CLOSED
    ca_file: Path | None = None
    pid: int | None = None
    stop: str = ""
    start: str = ""


@dataclass(frozen=True, slots=True)
class Found:
    """One thing that was tried. ``good``: None if it could not be tried; ``did`` and ``saw`` in words."""

    name: str
    did: str
    saw: str
    good: bool | None


@dataclass(frozen=True, slots=True)
class _Answer:
    status: int
    headers: tuple[tuple[bytes, bytes], ...]
    body: bytes
    seconds: float

    @property
    def essence(self) -> object:
        kept = [(name, value) for name, value in self.headers if name.lower() not in _CLIENT_SAID]
        return self.status, kept, self.body

    @property
    def retry_after(self) -> bool:
        return any(name.lower() == b"retry-after" for name, _ in self.headers)


class Checker:
    """Asks, and says what it saw."""

    def __init__(self, asked: Asked) -> None:
        self._asked = asked
        self._peer = Peer(asked.url, asked.ca_file)

    async def run(self) -> list[Found]:
        tries: list[Callable[[], Awaitable[Found]]] = [
            self.gate, self.allowed, self.denied, self.unknown, self.packed, self.spoofed, self.shared, self.stranger,
            self.stale, self.hanging, self.down,
        ]  # fmt: skip
        return [await one() for one in tries]

    # -- what is tried --

    async def gate(self) -> Found:
        """What answers at the gate's own address: its version, what it holds and as of when."""
        listen = self._asked.config.listen
        if listen.startswith("unix:"):
            return Found("gate", "not tried: it listens on a Unix socket", "", None)
        try:
            async with Peer(f"http://{listen}").exchange("GET", "/healthz", (), b"", _PATIENCE) as reply:
                said = b"".join([part async for part in reply.body]).decode(errors="replace").split("\n")
        except (OSError, TimeoutError):
            said = ["nothing: it does not answer"]
        good = said[0] == "ok" and "stopped no" in said and any(line.startswith("record ") for line in said)
        return Found("gate", f"asked {listen} how it is", ", ".join(line for line in said if line), good)

    async def allowed(self) -> Found:
        saw = await self._ask(self._asked.allowed)
        return self._found("allowed", f"asked as {self._asked.login} from {self._asked.allowed}", saw, saw.status == 200)

    async def denied(self) -> Found:
        saw = await self._ask(self._asked.denied)
        good = saw.status == 403 and bool(saw.body)
        return self._found("denied", f"the same from {self._asked.denied}", saw, good, saw.body.decode(errors="replace").strip())

    async def unknown(self) -> Found:
        saw = await self._ask(_UNKNOWN)
        return self._found("unknown", f"the same from {_UNKNOWN}, which nobody registered", saw, saw.status in (200, 403))

    async def packed(self) -> Found:
        saw = await self._ask(self._asked.denied, packed=True)
        return self._found("base64", "the denied device, its query in base64", saw, saw.status == 403)

    async def spoofed(self) -> Found:
        saw = await self._ask(self._asked.denied, user="somebody-else")
        return self._found("spoofed", "the denied device with User=somebody-else", saw, saw.status == 403)

    async def shared(self) -> Found:
        """An answer that is remembered under too small a key shows when two devices of one login take turns."""
        turns = [await self._ask(device) for _ in range(4) for device in (self._asked.allowed, self._asked.denied)]
        statuses = [turn.status for turn in turns]
        good = statuses == [200, 403] * 4
        return Found("shared cache", "both devices in turns, four times", " ".join(map(str, statuses)), good)

    async def stranger(self) -> Found:
        """A wrong password must not tell a denied device from another: status, headers, size; the time is shown."""
        devices = (self._asked.denied, self._asked.allowed, _UNKNOWN)
        saw = {device: [await self._ask(device, password=_WRONG) for _ in range(3)] for device in devices}
        same = len({repr(one.essence) for answers in saw.values() for one in answers}) == 1
        medians = [statistics.median(one.seconds for one in answers) * 1000 for answers in saw.values()]
        words = "the same answers" if same else "DIFFERENT ANSWERS"
        took = "/".join(f"{took:.0f}" for took in medians)
        status = saw[self._asked.denied][0].status
        said = f"{status} for the denied one, {words}; median {took} ms denied/allowed/unknown"
        return Found("wrong password", "all three devices with a wrong password, three times", said, same and status == 401)

    async def stale(self) -> Found:
        """Not by waiting: what is on the gate's disk is asked as of a time at which it would be stale."""
        now = clock.now()
        name = "snapshot stale"
        with shadow(self._asked.config, now) as held:
            if held is None:
                return Found(name, "looked at the gate's files", "there is nothing yet: everybody is allowed", None)
            authorization = b"Basic " + base64.b64encode(f"{self._asked.login}:x".encode())
            who = subject(authorization, f"?DeviceId={self._asked.denied}".encode())
            live = [one for one in held.standings.values() if one.live]
            limit = max((one.max_staleness for one in live), default=0) + 1
            late = Clocks(held.heard + limit, held.heard + limit, held.heard)
            then = held.decide(who, late)
            age = max(0, now - held.heard) // 1000
        did = f"asked the gate's files as of {limit // 3_600_000} h after it last heard ({age} s ago)"
        return Found(name, did, f"the denied device would be {'allowed' if then.allow else 'denied'}: {then.reason}", bool(live))

    async def hanging(self) -> Found:
        if self._asked.pid is None:
            return Found("gate hangs", "not tried: --pid names the gate's process", "", None)
        with _frozen(self._asked.pid):
            found = await self._without_a_gate("gate hangs", f"froze process {self._asked.pid}")
        await self._until_back()
        return found

    async def down(self) -> Found:
        if not (self._asked.stop and self._asked.start):
            return Found("gate down", "not tried: --stop and --start name commands", "", None)
        _command(self._asked.stop)
        try:
            found = await self._without_a_gate("gate down", f"ran {self._asked.stop}")
        finally:
            _command(self._asked.start)
        await self._until_back()
        return found

    # -- how --

    async def _without_a_gate(self, name: str, did: str) -> Found:
        saw = await self._ask(self._asked.allowed)
        if self._asked.failure is Failure.CLOSED:
            return self._found(name, did, saw, saw.status == 503 and saw.retry_after, "503 with Retry-After is wanted")
        return self._found(name, did, saw, saw.status == 200, f"mail is wanted, it is {self._asked.failure.value}")

    async def _until_back(self) -> None:
        end = time.monotonic() + 30
        while (await self._ask(self._asked.denied)).status != 403 and time.monotonic() < end:
            await asyncio.sleep(0.2)

    async def _ask(self, device: str, *, password: str = "", packed: bool = False, user: str = "") -> _Answer:
        credentials = base64.b64encode(f"{self._asked.login}:{password or self._asked.password}".encode()).decode()
        query = _packed(device) if packed else f"Cmd=Ping&User={user or 'check'}&DeviceId={device}&DeviceType=Check"
        began = time.monotonic()
        headers = [("Authorization", f"Basic {credentials}")]
        try:
            method = "POST" if password else "OPTIONS"
            async with self._peer.exchange(method, f"{_PATH}?{query}", headers, b"", _PATIENCE) as reply:
                body = b"".join([part async for part in reply.body])
                return _Answer(reply.status, tuple(reply.headers), body, time.monotonic() - began)
        except (Silent, TimeoutError):
            return _Answer(0, (), b"", time.monotonic() - began)
        except OSError as wrong:
            raise Refused("gate-check", why=f"{self._asked.url} does not answer: {wrong.strerror or wrong}") from None

    @staticmethod
    def _found(name: str, did: str, saw: _Answer, good: bool, words: str = "") -> Found:
        said = f"{saw.status} after {saw.seconds * 1000:.0f} ms" if saw.status else f"nothing for {saw.seconds:.0f} s: it HANGS"
        return Found(name, did, f"{said}; {words}" if words else said, good)


def _packed(device: str) -> str:
    coded = device.encode()
    return base64.b64encode(bytes([141, 18, 9, 4, len(coded)]) + coded + b"\x00\x05Check").decode()


@contextmanager
def _frozen(pid: int) -> Iterator[None]:
    os.kill(pid, signal.SIGSTOP)
    try:
        yield
    finally:
        os.kill(pid, signal.SIGCONT)


def _command(words: str) -> None:
    subprocess.run(["/bin/sh", "-c", words], check=True, timeout=60)


def main(arguments: list[str] | None = None) -> int:
    """``python -m countermand.gates.check``: print what was done and seen; 1 if anything is not as it should be."""
    parser = argparse.ArgumentParser(prog="python -m countermand.gates.check", description="Prove a front end as it runs.")
    parser.add_argument("--config", type=Path, required=True, help="the gate's TOML file")
    for name in ("url", "login", "allowed", "denied"):
        parser.add_argument(f"--{name}", required=True)
    parser.add_argument("--password-file", type=Path, required=True)
    parser.add_argument("--failure", type=Failure, default=Failure.CLOSED)
    parser.add_argument("--ca", type=Path)
    parser.add_argument("--pid", type=int)
    parser.add_argument("--stop", default="")
    parser.add_argument("--start", default="")
    parser.add_argument("--json", action="store_true")
    given = parser.parse_args(arguments)
    try:
        config, password = load(given.config), given.password_file.read_text().rstrip("\n")
        named = {name: getattr(given, name) for name in ("url", "login", "allowed", "denied", "failure", "pid", "stop", "start")}
        found = asyncio.run(Checker(Asked(config, password=password, ca_file=given.ca, **named)).run())
    except Refused as refused:
        print(refused, file=sys.stderr)
        return refused.entry.exit
    print(json.dumps([asdict(one) for one in found], indent=2) if given.json else _table(found))
    return 1 if any(one.good is False for one in found) else 0


def _table(found: list[Found]) -> str:
    marks = {True: "good ", False: "WRONG", None: "  -  "}
    return "\n".join(f"{marks[one.good]}  {one.name:<15} {one.did}\n{'':23}{one.saw}" for one in found)


if __name__ == "__main__":
    sys.exit(main())
