"""Running a gate: open what was kept, listen to front ends, follow the feed, watch for the stop file."""

import asyncio
import contextlib
import signal
import socket
from collections.abc import Callable

from countermand.core.errors import Refused
from countermand.core.instants import DAY, SECOND
from countermand.gates import front_ends
from countermand.gates.app import Gate
from countermand.gates.client import Control
from countermand.gates.config import GateConfig
from countermand.gates.feed import Follower
from countermand.gates.front_ends import let_in
from countermand.gates.kept import Kept
from countermand.gates.lines import Lines, listening
from countermand.gates.log import Log
from countermand.gates.sightings import receive
from countermand.lib import clock
from countermand.lib.certificates import AHEAD

_LOOK_EVERY = 0.2


def gate_of(config: GateConfig, log: Log) -> tuple[Gate, Kept]:
    """A gate as it was when it last ran. What cannot be used is said and left out: a gate always starts."""
    gate = Gate(config, clock.now, clock.steady, log)
    kept = Kept(config.state_dir, config.root, config.secret)
    try:
        gate.held = kept.load(clock.now(), clock.steady())
    except Refused as refused:
        gate.metrics.refused[refused.code] += 1
        log.say("kept-state-refused", clock.now(), code=refused.code, sentence=refused.sentence)
    return gate, kept


async def serve(config: GateConfig, log: Log) -> None:
    """Answer until SIGTERM or SIGINT."""
    gate, kept = gate_of(config, log)
    loop = asyncio.get_running_loop()
    ended = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, ended.set)
    loop.add_signal_handler(signal.SIGUSR1, gate.stop.signal, True)
    loop.add_signal_handler(signal.SIGUSR2, gate.stop.signal, False)
    others = await front_ends.listen(gate)
    close_lines = _listen(config, gate)
    close_mailbox = _mailbox(config, gate)
    follower = Follower(gate, kept, Control(config.control, config.token, config.ca_file, config.shown))
    log.say("serving", gate.now(), listen=config.listen, n=gate.held.n if gate.held else None, stopped=gate.stop.on)
    gate.stop.changed = lambda on: _stop_changed(gate, follower, on)
    if gate.stop.on:
        _stop_changed(gate, follower, True)
    own = (follower.run(), follower.report(), _watch_stop(gate), _look_ahead(gate))
    tasks = [asyncio.create_task(work) for work in (*own, *others.work)]
    finished = asyncio.create_task(ended.wait())
    # A task that fails is a programming error: the process ends, and whoever runs it starts it again as it was.
    await asyncio.wait([*tasks, finished], return_when=asyncio.FIRST_COMPLETED)
    close_lines()
    others.close()
    close_mailbox()
    for task in tasks:
        if not task.done():
            task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task
    kept.close()


async def _watch_stop(gate: Gate) -> None:
    while True:
        gate.stop.look()
        await asyncio.sleep(_LOOK_EVERY)


async def _look_ahead(gate: Gate) -> None:
    """Say once a day what runs out within 30 days."""
    while True:
        for name, days in gate.config.days_left(gate.now()).items():
            if days * DAY < AHEAD:
                gate.log.say("running-out", gate.now(), name=name, days=round(days, 1))
        await asyncio.sleep(DAY / SECOND)


def _stop_changed(gate: Gate, follower: Follower, on: bool) -> None:
    """Say it loudly, here and to the control plane."""
    event = "STOPPED: everything is allowed" if on else "running again"
    gate.log.say(event, gate.now(), file=str(gate.config.stop_path))
    follower.tell()


def _listen(config: GateConfig, gate: Gate) -> Callable[[], None]:
    """Answer nginx; returns what ends that."""
    loop = asyncio.get_running_loop()
    lines = Lines(gate.answer, gate.quick.answers, loop.call_later)
    lines.listen(listening(config.listen))
    if config.listen.startswith("unix:"):
        let_in(config.listen.removeprefix("unix:"))
    loop.add_reader(lines.fileno(), lines.turn)

    def close() -> None:
        loop.remove_reader(lines.fileno())
        lines.close()

    return close


def _mailbox(config: GateConfig, gate: Gate) -> Callable[[], None]:
    """Open the datagram socket to which nginx reports proven logins, if there is to be one; returns what closes it.
    Without it only denied devices become sightings."""
    if config.sightings_socket is None:
        return lambda: None
    loop = asyncio.get_running_loop()
    config.sightings_socket.unlink(missing_ok=True)
    box = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_NONBLOCK)
    box.bind(str(config.sightings_socket))
    let_in(config.sightings_socket)
    loop.add_reader(box, lambda: receive(box, gate.prove))

    def close() -> None:
        loop.remove_reader(box)
        box.close()

    return close
