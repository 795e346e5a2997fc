"""An installation under way: the control plane, two gates and an nginx before each; and how long a rescission or a halt takes
to them.

The time is from the start of the command as a process to the last answer that still denies, as phones meet it at nginx.
"""

import asyncio
import contextlib
import os
import random
import shutil
import subprocess
import time
import urllib.request
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from gate_doors import Processes, countermand, free_port, front, mail_request, nginx, plain
from gate_store import OPERATOR, ORDER, ROLES, Fleet, eas_id, login, write_config

from countermand import config as configuration
from countermand.access import Act, Actor
from countermand.flows.add_gate import NewGate, add_gate
from countermand.lib import clock
from countermand.reads import installation

#: The ways back: the words of each command, and what it says first.
WAYS = {
    "rescind": (("rescind", ORDER, "--ground", "sent-in-error"), b"is rescinded"),
    "halt": (("halt", ORDER), b"is halted"),
}
#: Phones that ask each nginx again and again; and phones that ask once, after the last of those was let in.
WATCHING, ASKED_AFTERWARDS = 64, 20_000
GATES = 2


@dataclass(frozen=True, slots=True)
class Gate:
    process: "subprocess.Popen[bytes]"
    port: int
    config: Path


@dataclass(frozen=True, slots=True)
class Plane:
    """What was started: ``doors`` are the ports of nginx, each before its own gate."""

    folder: Path
    control: "subprocess.Popen[bytes]"
    gates: tuple[Gate, ...]
    doors: tuple[int, ...]
    mail: int


@dataclass(frozen=True, slots=True)
class Lift:
    """Milliseconds from the start of the command to its first words, and to the last phone at each door. Right afterwards
    ``asked`` other phones asked once; ``still_denied`` of them got no mail."""

    said: float
    last_phone: tuple[float, ...]
    asked: int
    still_denied: int


def open_plane(running: Processes, made: Path, gates: int = GATES) -> Plane:
    """Start everything over a copy of the installation; returns once all gates hold the snapshot."""
    shutil.copytree(made, running.folder, dirs_exist_ok=True, ignore=shutil.ignore_patterns("countermand.toml"))
    port, mail = free_port(), free_port()
    config_file = write_config(running.folder, port)
    config = configuration.load(config_file)
    installation.open_installation(config.database)
    act = Act(Actor(OPERATOR, ROLES[OPERATOR]), clock.now(), True)
    names = [(f"front-{number}", free_port(), free_port()) for number in range(gates)]
    files = [
        add_gate(act, config.state_dir, NewGate(name, f"127.0.0.1:{gate}", config.control.url), running.folder / name)
        for name, gate, _ in names
    ]
    installation.close()
    serve = countermand("serve", "--config", config_file)
    control = running.start("control", serve, f"http://127.0.0.1:{port}/healthz")
    nginx(running, "mail", plain(mail, "200"), f"http://127.0.0.1:{mail}/")
    started = []
    for (name, gate, door), file in zip(names, files, strict=True):
        process = running.start(name, countermand("gate", "--config", file), f"http://127.0.0.1:{gate}/healthz")
        _until_ready(gate)
        text = front(door, f"127.0.0.1:{gate}", f"127.0.0.1:{mail}", running.folder / f"nginx-{name}")
        nginx(running, f"nginx-{name}", text, f"http://127.0.0.1:{door}/")
        started.append(Gate(process, gate, file))
    return Plane(running.folder, control, tuple(started), tuple(door for _, _, door in names), mail)


def lift(plane: Plane, fleet: Fleet, way: str) -> Lift:
    """Rescind or halt (``WAYS``) while phones ask."""
    return asyncio.run(_lift(plane, fleet, *WAYS[way]))


async def _lift(plane: Plane, fleet: Fleet, words: Sequence[str], first_words: bytes) -> Lift:
    drawn = random.Random(fleet.seed + 1).sample(fleet.denied_ordinals(), min(ASKED_AFTERWARDS, fleet.denied))
    phones = [mail_request(login(fleet.owner(device)), eas_id(device)) for device in drawn]
    for door in plane.doors:
        if (denied := await denied_at(door, phones)) != len(phones):
            raise SystemExit(f"of {len(phones)} phones that must be denied beforehand only {denied} were")
    watches = [asyncio.create_task(_watch(door, phones[:WATCHING])) for door in plane.doors]
    await asyncio.sleep(1.0)
    started = time.monotonic()
    process = await _started(plane, words)
    assert process.stdout is not None
    first = await process.stdout.readline()
    said = time.monotonic() - started
    if first_words not in first:
        raise SystemExit(f"the command said: {first!r}")
    last = [await watch for watch in watches]
    afterwards = [await denied_at(door, phones) for door in plane.doors]
    await process.communicate()
    times = tuple(1000 * (at - started) for at in last)
    return Lift(1000 * said, times, len(phones) * len(plane.doors), sum(afterwards))


async def _started(plane: Plane, words: Sequence[str]) -> asyncio.subprocess.Process:
    command = countermand(*words, "--config", plane.folder / "countermand.toml")
    token = (plane.folder / "operator.token").read_text()
    about = {**os.environ, "COUNTERMAND_TOKEN": token, "PYTHONUNBUFFERED": "1"}
    return await asyncio.create_subprocess_exec(*map(str, command), stdout=asyncio.subprocess.PIPE, env=about)


async def _watch(door: int, phones: Sequence[bytes]) -> float:
    """These phones, on connections of their own, until each was let in: when the last one was."""
    return max(await asyncio.gather(*(until_let_in(door, phone) for phone in phones)))


async def until_let_in(door: int, phone: bytes) -> float:
    reader, writer = await asyncio.open_connection("127.0.0.1", door)
    deadline = time.monotonic() + 60
    while (status := await _ask(reader, writer, phone)) != 200:
        if status != 403 or time.monotonic() > deadline:
            raise SystemExit(f"a phone got {status} for too long")
        await asyncio.sleep(0.05)
    writer.close()
    return time.monotonic()


async def denied_at(door: int, phones: Sequence[bytes]) -> int:
    """How many of these get no mail; each asks once."""
    left = iter(phones)

    async def connection() -> int:
        reader, writer = await asyncio.open_connection("127.0.0.1", door)
        found = sum([await _ask(reader, writer, phone) != 200 for phone in left])
        writer.close()
        return found

    return sum(await asyncio.gather(*(connection() for _ in range(16))))


async def _ask(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, phone: bytes) -> int:
    writer.write(phone)
    head = await reader.readuntil(b"\r\n\r\n")
    lines = [line.partition(b":") for line in head.lower().split(b"\r\n")]
    if any(name == b"transfer-encoding" for name, _, _ in lines):
        while size := int((await reader.readline()).strip(), 16):
            await reader.readexactly(size + 2)
        await reader.readline()
    else:
        await reader.readexactly(next((int(value) for name, _, value in lines if name == b"content-length"), 0))
    return int(head.split(b" ", 2)[1])


def _until_ready(port: int) -> None:
    deadline = time.monotonic() + 300
    while True:
        with contextlib.suppress(OSError), urllib.request.urlopen(f"http://127.0.0.1:{port}/readyz", timeout=5):
            return
        if time.monotonic() > deadline:
            raise SystemExit("a gate did not get its snapshot")
        time.sleep(0.05)
