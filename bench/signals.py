"""Shared Signals: statements made and tokens pushed per second of CPU, beside PyJWT signing and nothing else; memory.

``python bench/signals.py [--devices N]``. Everybody is denied: each device's statement is made, signed and pushed to a receiver
of our own, which answers 202 from a process of its own; then the order is halted, and each statement is mirrored.
"""

import argparse
import multiprocessing
import resource
import shutil
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from multiprocessing.connection import Connection
from pathlib import Path

import gate_store
import tables

from countermand import config as configuration
from countermand.access import SYSTEM, Actor
from countermand.core.caep import Wording
from countermand.flows import receivers
from countermand.flows.believe import Memory, believe
from countermand.flows.set_keys import signer
from countermand.flows.stop import halt
from countermand.flows.transmit import due, transmit
from countermand.reads import installation

ISSUER, AUDIENCE = "https://countermand.example.org/ssf", "https://receiver.example.com"
CACHE = Path(__file__).resolve().parent.parent / "var" / "bench"


@dataclass(frozen=True)
class Figures:
    """Of one way: statements and tokens for every second of this process's CPU; ``peak``: megabytes."""

    made: int
    making: float
    pushed: int
    pushing: float
    peak: int


def _serve(talk: Connection) -> None:
    class Taken(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["content-length"]))
            self.send_response(202)
            self.send_header("content-length", "0")
            self.end_headers()

        def log_message(self, *_: object) -> None:
            """Quiet."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Taken) as server:
        talk.send(server.server_port)
        server.serve_forever()


@contextmanager
def receiver() -> Iterator[str]:
    here, there = multiprocessing.Pipe()
    process = multiprocessing.get_context("fork").Process(target=_serve, args=(there,))
    process.start()
    try:
        yield f"http://127.0.0.1:{here.recv()}/events"
    finally:
        process.kill()
        process.join()


def measure(folder: Path, url: str) -> tuple[Figures, Figures, float]:
    """Denied, halted, and signatures for every second of CPU."""
    config = configuration.load(folder / "countermand.toml")
    config = replace(config, signals=replace(config.signals, private_hosts=("127.0.0.1",), issuer=ISSUER))
    installation.open_installation(config.database)
    administrator = Actor(gate_store.AUTHOR, gate_store.ROLES[gate_store.AUTHOR])
    receivers.receiver_add(installation.act(administrator), config, "bench", Wording(AUDIENCE), push=url)
    memory = Memory()
    denied = _way(config, memory)
    halt(installation.act(Actor(gate_store.OPERATOR, gate_store.ROLES[gate_store.OPERATOR])), gate_store.ORDER)
    restored = _way(config, memory)
    return denied, restored, _signing(config)


def _way(config: configuration.Config, memory: Memory) -> Figures:
    began = time.process_time()
    made = believe(installation.act(SYSTEM), ISSUER, memory).made
    making = time.process_time() - began
    pushed, began = 0, time.process_time()
    while streams := due():
        for pk in streams:
            done = transmit(installation.act(SYSTEM), config, pk, "bench")
            if done is not None:
                if done.fault:
                    raise SystemExit(f"bench: {done.fault}")
                pushed += done.taken
    pushing = time.process_time() - began
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    return Figures(made, made / making, pushed, pushed / pushing, peak)


def _signing(config: configuration.Config, count: int = 1_000) -> float:
    """A key's own limit: signatures of claims as short as a token's."""
    key = signer(config.state_dir)
    began = time.process_time()
    for number in range(count):
        key.sign({"iss": ISSUER, "aud": AUDIENCE, "jti": str(number)}, "secevent+jwt")
    return count / (time.process_time() - began)


def section(denied: Figures, restored: Figures, signing: float) -> str:
    rows = [
        ("statements made", f"{denied.made:,}", f"{restored.made:,}"),
        ("… per second of CPU", f"{denied.making:,.0f}", f"{restored.making:,.0f}"),
        ("tokens signed, pushed, taken, written down", f"{denied.pushed:,}", f"{restored.pushed:,}"),
        ("… per second of CPU", f"{denied.pushing:,.0f}", f"{restored.pushing:,.0f}"),
        ("… of what PyJWT signs and does nothing else", f"{denied.pushing / signing:.0%}", f"{restored.pushing / signing:.0%}"),
        ("peak memory", f"{denied.peak:,} MB", f"{restored.peak:,} MB"),
    ]
    head = (
        "## Shared Signals\n\n`make bench-signals`: a stream that is pushed to a receiver of our own, one event for each device"
        " that is denied, and one when the order is halted. Seconds are of the transmitter's CPU; with such a key PyJWT signs"
        f" {signing:,.0f} in one.\n\n"
    )
    return head + tables.table(("SQLite", "denied", "halted"), rows)


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--devices", type=int, default=100_000)
    parser.add_argument("--cache", type=Path, default=CACHE, help="where the fleet is kept between runs")
    parser.add_argument("--write", action="store_true", help="write docs/performance.md")
    asked = parser.parse_args()
    fleet = gate_store.Fleet(asked.devices, asked.devices, asked.devices)
    made = multiprocessing.get_context("fork").Process(target=gate_store.made, args=(fleet, asked.cache))
    made.start()  # in a process of its own, whose memory is not ours
    made.join()
    template = gate_store.made(fleet, asked.cache)
    with tempfile.TemporaryDirectory(dir=asked.cache) as name, receiver() as url:
        folder = Path(name) / "house"
        shutil.copytree(template, folder)
        text = section(*measure(folder, url))
    print(text)
    if asked.write:
        tables.put("bench-signals", text)


if __name__ == "__main__":
    main()
