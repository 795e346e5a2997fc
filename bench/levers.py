"""Writing to a lever: how near to the quota, with how many "later"s, in how much memory; how soon a rescission is felt.

``python bench/levers.py [--devices N] [--rescind N] [--rate 3000/15s]``. A Microsoft Entra of our own answers from a process of
its own (tests/fake_entra.py): its clock stamps every change, and its quota is the vendor's rule at a higher rate, so that a bench
ends. The worker and the command are real ones; the worker is killed in the middle of cleaning up, and another goes on.
"""

import argparse
import multiprocessing
import os
import resource
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import gate_store
import tables
from beside import beside

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "tests"))
import fake_entra
from countermand import config as configuration
from countermand.access import SYSTEM, Act, Actor
from countermand.core.lever import Power, value
from countermand.flows import lever_wants, lever_work, levers
from countermand.flows.lever_switch import way_of
from countermand.lib import clock
from countermand.reads import installation

NAME = "entra"
_PART = 20_000
#: How often the worker is killed while it cleans up.
KILLS = 2
CACHE = Path(__file__).resolve().parent.parent / "var" / "bench"


@dataclass(frozen=True)
class Figures:
    """``share``: of the quota; ``peaks``: megabytes after opening, after every device was named, and at the end; milliseconds
    from the command's start, and from the order's end in the ledger, to the switch; ``cleaned``: attributes in how many
    seconds, over ``kills``."""

    devices: int
    walked: float
    rate: float
    share: float
    later: int
    peaks: tuple[int, int, int]
    rescinded: int
    to_switch: float
    since_write: float
    cleaned: int
    cleaning: float
    cleaning_share: float
    cleaning_later: int
    kills: int


class Devices(dict[str, Any]):
    """As many devices as anybody asks for; ``initial`` stands on each until somebody writes to it."""

    initial = ""

    def __contains__(self, key: object) -> bool:
        return True

    def __missing__(self, key: str) -> dict[str, Any]:
        made = {"isManaged": True, "isCompliant": None, "trustType": "Workplace", "value": self.initial}
        self[key] = made
        return made


def _serve(talk: Connection, most: int, span: float) -> None:
    """The other process: answers, and says what happened when it is asked."""
    directory = fake_entra.Directory(devices=Devices(), quota=(most, span))
    with fake_entra.served(directory):
        talk.send(directory.url)
        while (asked := talk.recv()) != "end":
            if isinstance(asked, tuple):
                Devices.initial, policy = asked
                directory.devices.clear()
                directory.policies = {"policy-0": policy}
            talk.send((list(directory.journal), directory.throttled))
            directory.journal.clear()
            directory.throttled = 0


def _apart(work: Callable[..., Any], *given: Any) -> None:
    """In a process of its own, whose memory is not ours."""
    process = multiprocessing.get_context("fork").Process(target=work, args=given)
    process.start()
    process.join()
    if process.exitcode:
        raise SystemExit(f"bench: {work.__name__} failed")


def _peak() -> int:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024


def system() -> Act:
    return installation.act(SYSTEM)


def measure(folder: Path, rescind: int, seconds: int, cleaning: int, rate: str) -> Figures:
    most, span = int(rate.split("/")[0]), float(rate.split("/")[1].removesuffix("s"))
    with beside(_serve, most, span) as (url, talk):
        _apart(_prepared, folder, url, rate)
        config = configuration.load(folder / "countermand.toml")
        installation.open_installation(config.database)
        opened = _peak()
        began = time.monotonic()
        lever_wants.walk(system(), levers.known(NAME), whole=True)
        walked, named = time.monotonic() - began, _peak()
        wrote, took = _written(config, seconds)
        _, later = ask(talk)
        ended = _peak()
        say(f"{wrote / took:,.0f} writes a second, {wrote / took * span / most:.1%} of the quota; {later} later")
        found = _taken_back(folder, talk, rescind, most, span, cleaning)
        devices = gate_store_count()
    return Figures(devices, walked, wrote / took, wrote / took * span / most, later, (opened, named, ended), rescind, *found)


def _written(config: configuration.Config, seconds: int) -> tuple[int, float]:
    with lever_work.hand(system(), config, NAME) as using:
        began = time.monotonic()
        done = lever_work.work(
            system, NAME, using, way_of(system(), config), holder="bench", until=lambda: time.monotonic() > began + seconds
        )
        took = time.monotonic() - began
    assert not done.fault, done.fault
    return done.wrote, took


def _taken_back(
    folder: Path, talk: Connection, count: int, most: int, span: float, seconds: float
) -> tuple[float, float, int, float, float, int, int]:
    """As if ``count`` devices were written long ago and the switch were on: rescinded by the command, felt at the directory."""
    _as_written(talk, count)
    worker = _worker(folder)
    while '"working"' not in (folder / "worker.log").read_text():  # on a busy machine it takes its time to begin
        time.sleep(0.5)
    time.sleep(8)
    ask(talk)
    token = (folder / "operator.token").read_text().strip()
    environment = {**os.environ, "COUNTERMAND_TOKEN": token, "COUNTERMAND_CONFIG": str(folder / "countermand.toml")}
    began, wall = time.monotonic(), clock.now()
    command = [sys.executable, "-m", "countermand", "rescind", gate_store.ORDER, "--ground", "sent-in-error"]
    subprocess.run(command, check=True, env=environment, stdout=subprocess.DEVNULL, cwd=folder)
    ended = began + (_ended_at(folder) - wall) / 1000
    journal: list[Any] = []
    while not any(one.what == "policy" for one in journal):
        time.sleep(0.2)
        journal += ask(talk)[0]
    switch = next(one for one in journal if one.what == "policy")
    assert switch.after[0] == "disabled"
    assert journal[0] is switch, "something was written before the switch"
    say(f"the switch, {1000 * (switch.at - began):,.0f} ms after the command began")
    changes, later = list(journal), 0
    for turn in range(KILLS + 1):  # the next one waits until the lease of the one that was killed is over
        later += _watched(talk, changes, count, seconds / (KILLS + 1))
        worker.send_signal(signal.SIGKILL if turn < KILLS else signal.SIGTERM)
        worker.wait(60)
        worker = _worker(folder) if turn < KILLS else worker
    more, late = ask(talk)
    written, later = [one for one in (*changes, *more) if one.what == "device"], later + late
    cleaned, first, last = len(written), written[0].at, written[-1].at
    assert all(one.after == "" for one in written)
    busiest = _busiest([one.at for one in written], span)
    say(f"{cleaned:,} cleaned in {last - first:.0f} s over {KILLS} kills, at most {busiest} in any {span:g} s; {later} later")
    return (
        1000 * (switch.at - began),
        1000 * (switch.at - ended),
        cleaned,
        last - first,
        busiest / most,
        later,
        KILLS,
    )


def _watched(talk: Connection, changes: list[Any], count: int, seconds: float) -> int:
    """Listen for so long, or until all is cleaned; how often the directory said "later"."""
    end, later = time.monotonic() + seconds, 0
    while time.monotonic() < end and sum(1 for one in changes if one.what == "device") < count:
        time.sleep(2)
        more, late = ask(talk)
        changes += more
        later += late
    return later


def _ended_at(folder: Path) -> int:
    """When the order ended, by the ledger."""
    from countermand.store import models

    installation.open_installation(configuration.load(folder / "countermand.toml").database)
    at = models.Lineage.objects.get(pk=gate_store.ORDER).ended_at
    installation.close()
    return at or 0


def _busiest(times: list[float], span: float) -> int:
    """The most in any window of the quota's."""
    most, start = 0, 0
    for end, at in enumerate(times):
        while times[start] <= at - span:
            start += 1
        most = max(most, end - start + 1)
    return most


def _worker(folder: Path) -> "subprocess.Popen[bytes]":
    command = [sys.executable, "-m", "countermand.worker", "--config", str(folder / "countermand.toml")]
    return subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=(folder / "worker.log").open("ab"), cwd=folder)


def _as_written(talk: Connection, count: int) -> None:
    from django.db import connection

    from countermand.store import levers as rows

    found = levers.known(NAME)
    stands = value(found.mark, [gate_store.ORDER])
    with connection.cursor() as cursor:
        cursor.execute(
            "DELETE FROM store_leverentry WHERE id NOT IN (SELECT id FROM store_leverentry ORDER BY id LIMIT %s)", [count]
        )
        cursor.execute("UPDATE store_leverentry SET value = want, asked = NULL, was = '', wrote_at = 0, apart = '', open = FALSE")
    rows.update(
        found.pk,
        policy="policy-0",
        power=Power.ON.value,
        armed=gate_store.ORDER,
        enabled_by="bench",
        named_at=clock.now(),
        rate=0,
    )
    rule = f'device.extensionAttribute15 -contains "{stands}"'
    policy = {"id": "policy-0", "state": "enabled", "conditions": {"devices": {"deviceFilter": {"rule": rule}}}}
    talk.send((stands, policy))
    talk.recv()
    installation.close()


def _prepared(folder: Path, url: str, rate: str) -> None:
    """Names by which Entra knows every device, and the lever."""
    from countermand.store import bulk
    from countermand.store.unit import unit

    path = folder / "countermand.toml"
    text = path.read_text().split("[levers]")[0]
    path.write_text(f'{text}[levers]\nprivate_hosts = ["127.0.0.1"]\n')
    config = configuration.load(path)
    installation.open_installation(config.database)
    numbers = [row[0] for row in bulk.all_rows("SELECT ordinal FROM store_device ORDER BY ordinal")]
    for start in range(0, len(numbers), _PART):
        with unit():
            rows = [("entra", fake_entra.device_id(number), number) for number in numbers[start : start + _PART]]
            bulk.write("INSERT INTO store_identity (kind, value, device_id) VALUES (%s, %s, %s)", rows)
    administrator = Actor(gate_store.AUTHOR, gate_store.ROLES[gate_store.AUTHOR])
    settings = {"tenant": fake_entra.TENANT, "client": fake_entra.CLIENT, "url": url, "login": url, "rate": rate}
    levers.lever_add(installation.act(administrator), config.state_dir, NAME, "entra", settings, fake_entra.SECRET)
    levers.lever_begin(installation.act(Actor(gate_store.OPERATOR, gate_store.ROLES[gate_store.OPERATOR])), NAME)
    installation.close()


def gate_store_count() -> int:
    from countermand.store import bulk

    return int(bulk.all_rows("SELECT COUNT(*) FROM store_device")[0][0])


def ask(talk: Connection) -> tuple[list[Any], int]:
    talk.send("journal")
    return talk.recv()  # type: ignore[no-any-return]


def say(words: str) -> None:
    print(words, flush=True)


def _cleaned(found: Figures) -> str:
    cut = "" if found.cleaned >= found.rescinded else "; cut then"
    return f"{found.cleaned:,} in {found.cleaning:.0f} s{cut}"


def section(found: Figures, rate: str) -> str:
    def mark(holds: bool) -> str:
        return "" if holds else " ✗"

    peaks = " → ".join(f"{one:,}" for one in found.peaks)
    rows = [
        ("devices, all of them denied", "", f"{found.devices:,}"),
        ("every device named, and its entry wanted", "", f"{found.walked:.0f} s"),
        ("writes a second", "", f"{found.rate:,.0f}"),
        ("… of the quota", "≥ 95 %", f"{found.share:.1%}{mark(found.share >= 0.95)}"),
        ('… answered with "later"', "none", f"{found.later:,}{mark(not found.later)}"),
        ("peak memory: opened → named → at the end", "flat", f"{peaks} MB{mark(found.peaks[2] - found.peaks[0] < 100)}"),
        ("rescinded, denied through the lever", "", f"{found.rescinded:,}"),
        ("… the switch, after the order ended", "≤ 1 s", f"{found.since_write:,.0f} ms{mark(found.since_write <= 1000)}"),
        ("… the switch, after the command began", "", f"{found.to_switch:,.0f} ms"),
        (f"… cleaned up behind it, the worker killed {found.kills} times", "", _cleaned(found)),
        ("… the busiest window, of the quota", "≤ 100 %", f"{found.cleaning_share:.1%}{mark(found.cleaning_share <= 1)}"),
        ('… answered with "later"', "none", f"{found.cleaning_later:,}{mark(not found.cleaning_later)}"),
    ]
    load = os.getloadavg()[0]
    head = (
        f"## Levers\n\n`make bench-levers`: Entra, over HTTP to a directory of our own whose quota is the vendor's rule at {rate}"
        f" (the vendor's is 3000/150s). Times are of the directory's clock. 2 cores, load average {load:.1f}, shared with other"
        " work. A switch is written before anything else; ✗ marks a target that was missed.\n\n"
    )
    return head + tables.table(("what", "target", "SQLite"), rows)


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--devices", type=int, default=840_000)
    parser.add_argument("--rescind", type=int, default=300_000, help="of them, written when the order is taken back")
    parser.add_argument("--rate", default="3000/15s", help="the vendor's rule, at ten times its rate by default")
    parser.add_argument("--seconds", type=int, default=60, help="of writing")
    parser.add_argument("--clean", type=int, default=600, help="seconds of cleaning up, two kills among them; then it is cut")
    parser.add_argument("--cache", type=Path, default=CACHE, help="where the fleet is kept between runs")
    parser.add_argument("--write", action="store_true", help="write docs/performance.md")
    asked = parser.parse_args()
    fleet = gate_store.Fleet(asked.devices, asked.devices, asked.devices)
    say("making the fleet, or finding it")
    _apart(gate_store.made, fleet, asked.cache)
    template = gate_store.made(fleet, asked.cache)
    with tempfile.TemporaryDirectory(dir=asked.cache) as name:
        folder = Path(name) / "house"
        shutil.copytree(template, folder)
        text = section(measure(folder, min(asked.rescind, asked.devices), asked.seconds, asked.clean, asked.rate), asked.rate)
    print(text)
    if asked.write:
        tables.put("bench-levers", text)


if __name__ == "__main__":
    main()
