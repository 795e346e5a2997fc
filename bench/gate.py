"""What a decision costs and how fast a rescission is: ``make bench-gate``, or ``python bench/gate.py [--rounds N]``.

One run, medians of its rounds: the gate at 1.1 million devices and 300,000 denied beside ``nginx return 204``, the same nginx
before each of them, OPA's server if there is one on this machine; memory and start; and 300,000 denials lifted at two gates by
a real ``countermand rescind`` and a real ``countermand halt``; one change and 300,000 at one gate and at four. ``--write`` puts
its section into docs/performance.md. Exit code 1 if a target of DESIGN is missed.
"""

import argparse
import os
import random
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

import gate_doors as doors
import tables
from gate_lift import WAYS, Gate, Lift, Plane, lift, open_plane
from gate_spread import GATES as SPREAD_GATES
from gate_spread import Spread, spread
from gate_store import Fleet, eas_id, login, made

CACHE = Path(__file__).resolve().parent.parent / "var" / "bench"
#: Devices in turn: enough that no cache of ours or of the processor holds the answers.
_DEVICES = 20_000


@dataclass
class Figures:
    """Everything measured, one entry per round."""

    loads: dict[str, list[doors.Load]] = field(default_factory=dict)
    starts: list[float] = field(default_factory=list)
    memory: list[tuple[float, float]] = field(default_factory=list)
    lifts: dict[str, list[Lift]] = field(default_factory=dict)
    spreads: dict[int, list[Spread]] = field(default_factory=dict)
    opa_memory: float = 0.0
    busy: list[float] = field(default_factory=list)

    def load(self, name: str) -> Callable[[Callable[[doors.Load], float]], float]:
        return lambda what: statistics.median(what(one) for one in self.loads[name])


@dataclass(frozen=True, slots=True)
class Run:
    """One thing that is loaded: its port, what is asked, and the processes whose CPU is counted."""

    name: str
    port: int
    requests: Sequence[bytes]
    measured: Sequence["subprocess.Popen[bytes]"]


GATE, PEER, OPA = "gate", "nginx return 204", "OPA server"
MAP, HAPROXY_MAP = "nginx map", "HAProxy map"
THROUGH, PEER_THROUGH = "nginx → gate", "nginx → nginx return 204"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=int, default=5, help="of each load")
    parser.add_argument("--people", type=int, default=840_000)
    parser.add_argument("--devices", type=int, default=1_100_000)
    parser.add_argument("--denied", type=int, default=300_000)
    parser.add_argument("--cache", type=Path, default=CACHE, help="where the fleet is kept between runs")
    parser.add_argument("--write", action="store_true", help="into docs/performance.md")
    asked = parser.parse_args()
    fleet = Fleet(asked.people, asked.devices, asked.denied)
    say("making the fleet, or finding it")
    template = made(fleet, asked.cache)
    found = Figures()
    measure_decisions(template, fleet, found, asked.rounds, asked.seconds)
    for number in range(asked.rounds):
        for way in WAYS:
            say(f"round {number + 1}: {way}")
            with tempfile.TemporaryDirectory(dir=asked.cache) as name, doors.Processes(Path(name)) as running:
                found.lifts.setdefault(way, []).append(lift(open_plane(running, template), fleet, way))
        for gates in SPREAD_GATES:
            say(f"round {number + 1}: changes to {gates} gates")
            found.spreads.setdefault(gates, []).append(spread(template, asked.cache, fleet, gates))
        found.busy.append(os.getloadavg()[0])
    verdicts = judged(found)
    text = section(found, fleet, verdicts)
    print(text)
    if asked.write:
        tables.put("bench-gate", text)
    return 0 if all(held for _, _, _, held in verdicts) else 1


def measure_decisions(template: Path, fleet: Fleet, found: Figures, rounds: int, seconds: int) -> None:
    with tempfile.TemporaryDirectory(dir=template.parent) as name, doors.Processes(Path(name)) as running:
        say("starting the control plane and two gates")
        plane = open_plane(running, template)
        runs, opa = what_runs(running, plane, fleet)
        for number in range(rounds):
            for run in runs:
                say(f"round {number + 1}: {run.name}")
                one = doors.load(running.folder, run.port, run.requests, seconds, run.measured)
                found.loads.setdefault(run.name, []).append(one)
            found.busy.append(os.getloadavg()[0])
        found.memory = [doors.memory(gate.process.pid) for gate in plane.gates]
        found.opa_memory = doors.memory(opa.pid)[0] if opa else 0.0
        for _ in range(rounds):
            found.starts.append(start_again(running, plane.gates[1]))


def what_runs(running: doors.Processes, plane: Plane, fleet: Fleet) -> tuple[list[Run], "subprocess.Popen[bytes] | None"]:
    say("starting the peers")
    every = random.Random(fleet.seed + 2).sample(range(fleet.devices), min(_DEVICES, fleet.devices))
    pairs = [(login(fleet.owner(device)), eas_id(device)) for device in every]
    denied = frozenset(fleet.denied_ordinals())
    let_in = [pair for device, pair in zip(every, pairs, strict=True) if device not in denied]
    decide, mail = [doors.decide_request(*pair) for pair in pairs], [doors.mail_request(*pair) for pair in let_in]
    peer_port, door_port, opa_port = doors.free_port(), doors.free_port(), doors.free_port()
    peer = doors.nginx(running, "peer", doors.plain(peer_port, "204"), f"http://127.0.0.1:{peer_port}/")
    text = doors.front(door_port, f"127.0.0.1:{peer_port}", f"127.0.0.1:{plane.mail}", running.folder / "peer-door")
    peer_door = doors.nginx(running, "peer-door", text, f"http://127.0.0.1:{door_port}/")
    gate = plane.gates[0]
    runs = [
        Run(PEER, peer_port, decide, [peer]),
        Run(GATE, gate.port, decide, [gate.process]),
        Run(PEER_THROUGH, door_port, mail, [peer, peer_door]),
        Run(THROUGH, plane.doors[0], mail, [gate.process]),
    ]
    pairs_denied = [(login(fleet.owner(device)), eas_id(device)) for device in sorted(denied)]
    map_port, haproxy_port = doors.free_port(), doors.free_port()
    mapped = doors.nginx(running, "map", doors.mapped(map_port, pairs_denied), f"http://127.0.0.1:{map_port}/")
    runs.append(Run(MAP, map_port, decide, [mapped]))
    if haproxy := doors.haproxy(running, haproxy_port, pairs_denied):
        runs.append(Run(HAPROXY_MAP, haproxy_port, decide, [haproxy]))
    opa = doors.opa(running, opa_port, ((login(fleet.owner(device)), eas_id(device)) for device in denied))
    if opa:
        runs.append(Run(OPA, opa_port, [doors.opa_request(*pair) for pair in pairs], [opa]))
    return runs, opa


def start_again(running: doors.Processes, gate: Gate) -> float:
    """Seconds from starting ``countermand gate`` to its first decision from what it kept."""
    running.end(gate.process)
    command = [*map(str, doors.countermand("gate", "--config", gate.config))]
    started = time.monotonic()
    process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    running.running.append(process)
    while time.monotonic() - started < 60:
        with suppress(OSError):
            if doors.answers(f"http://127.0.0.1:{gate.port}/readyz"):
                took = time.monotonic() - started
                running.end(process)
                return took
        time.sleep(0.002)
    raise SystemExit("a gate did not start again")


Verdict = tuple[str, str, str, bool]


def judged(found: Figures) -> list[Verdict]:
    """(what, measured, target, whether it holds)."""
    gate, peer = (found.load(name)(doors.Load.micros) for name in (GATE, PEER))
    through, peer_through = (found.load(name)(lambda one: one.per_second) for name in (THROUGH, PEER_THROUGH))
    resident = max(whole for whole, _ in found.memory)
    start = statistics.median(found.starts)
    last = {way: statistics.median(max(one.last_phone) for one in lifts) for way, lifts in found.lifts.items()}
    posted = statistics.median(run.posted for run in found.spreads[max(found.spreads)])
    still = sum(one.still_denied for lifts in found.lifts.values() for one in lifts)
    asked = sum(one.asked for lifts in found.lifts.values() for one in lifts)
    verdicts = [
        ("CPU per decision, beside `nginx return 204`", f"{gate / peer:.2f} ×", "≤ 2.5 ×", gate <= 2.5 * peer),
        (
            "req/s through nginx, beside nginx → nginx",
            f"{through / peer_through:.2f} ×",
            "≥ 0.75 ×",
            through >= 0.75 * peer_through,
        ),
        ("memory of a gate", f"{resident:.0f} MB", "≤ 100 MB", resident <= 100),
        ("start of a gate to its first decision", f"{start:.2f} s", "≤ 0.3 s", start <= 0.3),
        *((f"{way}: the last phone at two gates", f"{took:,.0f} ms", "≤ 1,000 ms", took <= 1000) for way, took in last.items()),
        (
            f"app removed, report posted → mail works at {max(found.spreads)} gates",
            f"{posted:,.0f} ms",
            "≤ 1,000 ms",
            posted <= 1000,
        ),
        ("phones still denied right afterwards", f"{still:,} of {asked:,}", "0", still == 0),
    ]
    if OPA in found.loads:
        opa = found.load(OPA)(doors.Load.micros)
        verdicts.insert(1, ("CPU per decision, beside OPA's server", f"{gate / opa:.2f} ×", "≤ 0.20 ×", gate <= opa / 5))
    return verdicts


def section(found: Figures, fleet: Fleet, verdicts: Sequence[Verdict]) -> str:
    rows = []
    for name, loads in found.loads.items():
        middle = found.load(name)
        rows.append(
            (
                name,
                f"{middle(doors.Load.micros):.1f}" if len(loads[0].cpu) == 1 and name != THROUGH else "",
                f"{middle(lambda one: one.per_second):,.0f}",
                f"{middle(lambda one: one.p50):.2f}",
                f"{middle(lambda one: one.p99):.2f}",
                f"{middle(lambda one: one.p999):.2f}",
                f"{middle(lambda one: 100 * one.refused / one.requests):.0f} %",
            )
        )
    private = max(private for _, private in found.memory)
    said = {way: statistics.median(one.said for one in lifts) for way, lifts in found.lifts.items()}
    first_words = " and ".join(f"{took:,.0f} ms" for took in said.values())
    one = found.lifts["rescind"][0]
    others = one.asked // len(one.last_phone)
    size = f"{fleet.devices:,} devices of {fleet.people:,} people, {fleet.denied:,} denied"
    busy = f"{os.cpu_count()} cores, load average {min(found.busy):.1f} to {max(found.busy):.1f}, the bench's own included"
    holds = [(*row, "holds" if held else "**missed**") for *row, held in verdicts]
    return "\n\n".join(
        [
            "## A gate's decisions, a rescission, a halt",
            f"`make bench-gate`: {size}; medians of {len(found.starts)} rounds; {busy}.",
            tables.table(("what", "measured", "target", ""), holds),
            tables.table(("under load", "CPU µs per answer", "answers/s", "p50 ms", "p99 ms", "p99.9 ms", "denied"), rows),
            f"Load: wrk, 16 connections kept open, {_DEVICES:,} devices in turn; through nginx the allowed ones, with the printed"
            f" recipe and the same nginx before both. Of a gate's memory {private:.0f} MB are its own, the rest is the mapped"
            f" snapshot and code. {_opa(found)}",
            _spreads(found, fleet),
            f"Rescission and halt: from the start of `countermand rescind` and `halt` as processes; their first words after"
            f" {first_words}. At each door 64 denied phones asked every 50 ms until let in; {others:,} others asked once right"
            " afterwards.",
        ]
    )


def _spreads(found: Figures, fleet: Fleet) -> str:
    """How changes reach gates, and what a gate more costs."""
    rows = []
    for gates, runs in found.spreads.items():
        posted, one, every = (
            statistics.median(what(run) for run in runs)
            for what in (lambda run: run.posted, lambda run: run.one, lambda run: run.all)
        )
        committed, cpu = statistics.median(run.committed for run in runs), statistics.median(run.cpu for run in runs)
        held = statistics.median(run.memory for run in runs)
        still = sum(run.still_denied for run in runs)
        rows.append(
            (
                str(gates),
                f"{posted:,.0f}",
                f"{one:,.0f}",
                f"{every:,.0f}",
                f"{committed:,.0f}",
                f"{cpu:.2f}",
                f"{held:.0f}",
                str(still),
            )
        )
    few, many = min(found.spreads), max(found.spreads)
    cost = [statistics.median(run.cpu for run in found.spreads[gates]) for gates in (few, many)]
    heads = (
        "gates",
        "1 report posted, ms",
        "1 change, ms",
        f"{fleet.denied:,} changes, ms",
        "of that the write",
        "CPU s of the control plane",
        "its MB",
    )
    return "\n\n".join(
        [
            tables.table((*heads, "still denied"), rows),
            "Report: a source posts to the running control plane that the app is gone from one device; from the request to mail."
            " Changes: the app is gone from one device, and then from all the others that have it, in one write; until the last"
            f" phone that watches is let in at the last gate. A gate more costs the control plane"
            f" {1000 * max(0.0, cost[1] - cost[0]) / max(1, many - few):,.0f} ms of CPU for {fleet.denied:,} changes.",
        ]
    )


def _opa(found: Figures) -> str:
    if found.opa_memory:
        return f"OPA's server held the denied pairs in {found.opa_memory:,.0f} MB."
    where = "`go install github.com/open-policy-agent/opa@v1.22.2`"
    return f"OPA's server did not run: there is no `opa` on this machine ({where})."


def say(words: str) -> None:
    print(words, file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())
