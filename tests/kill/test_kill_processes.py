"""The processes as they run, killed: an order is handed over and taken back while worker and control plane die by SIGKILL.

The moments are counted at the mail server, drawn from a seed. Its own log is the witness: whoever was handed the order, or
may have been, gets the correction, and nobody else does.
"""

import os
import random
import signal
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from email import message_from_bytes
from pathlib import Path

import house
import pytest
from killing import replay
from talker import Talker, polite, talking

from countermand.config import Database
from countermand.flows.doctor import doctor
from countermand.flows.stop import rescind
from countermand.flows.telling import issue_all
from countermand.gates.held import Held
from countermand.lib import clock, keys
from countermand.reads import feed as heard
from countermand.reads.ledger import verifier_line, verify_live
from countermand.snapshot.files import directory_of, snapshots
from countermand.snapshot.read import Snapshot
from countermand.store import models
from ports import free_port

pytestmark = pytest.mark.live

PEOPLE = 60


def _wait(done: Callable[[], bool], patience: int = 120) -> None:
    deadline = time.monotonic() + patience
    while not done():
        if time.monotonic() > deadline:
            pytest.fail("it did not come about")
        time.sleep(0.02)


class _Moments:
    """At the ``at``-th text from now on, ``happens`` while the mail server still owes the answer."""

    def __init__(self) -> None:
        self.at, self.texts = 0, 0
        self.happens: Callable[[], None] = lambda: None
        self.came = threading.Event()

    def next(self, at: int, happens: Callable[[], None]) -> None:
        self.at, self.happens = self.texts + at, happens
        self.came.clear()

    def script(self, verb: str, count: int, line: bytes) -> bytes | None:
        if verb == "TEXT":
            self.texts += 1
            if self.texts == self.at:
                self.happens()
                self.came.set()
        return polite(verb, count, line)


@contextmanager
def _running(config: Path) -> Iterator[list[subprocess.Popen[bytes]]]:
    """``countermand worker`` and ``countermand serve``."""
    command = [sys.executable, "-m", "countermand", "--config", str(config)]
    found = [
        subprocess.Popen([*command, name], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE) for name in ("worker", "serve")
    ]
    try:
        yield found
    finally:
        for process in found:
            if process.poll() is None:
                process.kill()
            process.communicate(timeout=60)


def _kill(processes: list[subprocess.Popen[bytes]]) -> None:
    for process in processes:
        os.kill(process.pid, signal.SIGKILL)


def _configured(database: Database, folder: Path, port: int) -> Path:
    state = folder / "state"
    keys.load_or_create(state / "keys" / "ledger.key")
    file = folder / "countermand.toml"
    file.write_text(
        f'state_dir = "{state}"\ndatabase = "{database}"\norigin = "example.org"\n'
        f'[smtp]\nport = {port}\nsender = "s@example.org"\n[notices]\nlease = "1s"\n'
        f'[control]\nlisten = "127.0.0.1:{free_port()}"\n'
    )
    return file


@pytest.mark.parametrize("seed", [1])
def test_an_order_survives_the_death_of_everybody_who_carries_it(store: Database, tmp_path: Path, seed: int) -> None:
    chance = random.Random(seed)
    house.open_house(clock.now())
    house.move_in(house.staff(PEOPLE, with_app=20))
    house.issued(PEOPLE, house.document(due="2099-07-17T17:00"), now=clock.now())
    issue_all(house.operator(clock.now()), house.NAME)
    untouched = _apart()
    moments = _Moments()
    with talking(Talker(moments.script)) as mail:
        config = _configured(store, tmp_path, mail.port)
        with _running(config) as processes:  # the order is on its way, and both die
            moments.next(chance.randrange(3, PEOPLE // 3), lambda: _kill(processes))
            _wait(moments.came.is_set)
        with _running(config) as processes:  # it is taken back while it is on its way, and both die
            taken_back = threading.Event()
            moments.next(chance.randrange(3, PEOPLE // 3), lambda: taken_back.wait(60) and None)
            _wait(lambda: moments.texts >= moments.at)
            rescind(house.operator(clock.now()), house.NAME, "sent-in-error")
            _kill(processes)
            taken_back.set()
        with _running(config) as processes:  # corrections are on their way, and both die
            moments.next(chance.randrange(1, 10), lambda: _kill(processes))
            _wait(moments.came.is_set)
        with _running(config) as processes:  # whoever comes after them
            _wait(_at_rest)
            for process in processes:
                process.send_signal(signal.SIGTERM)
            assert processes[0].wait(60) == 0
            assert processes[1].wait(60) in (0, -signal.SIGTERM)  # uvicorn dies of the signal once it has put all in order
    _witnessed([message_from_bytes(text) for text in mail.texts])
    _whole(tmp_path / "state")
    assert _apart() == untouched


def _at_rest() -> bool:
    """Everything is promised, handed over, published and sealed."""
    open_ = models.Notice.objects.filter(state__in=["promised", "claimed"]).exists()
    if open_ or not models.Lineage.objects.get().corrected or models.Dirty.objects.exists():
        return False
    return not models.LedgerRow.objects.filter(leaf=None).exists()


def _witnessed(messages: list) -> None:  # type: ignore[type-arg]
    kinds = {kind: {m["To"].strip("<>") for m in messages if m["X-Countermand-Kind"] == kind} for kind in ("issued", "rescinded")}
    perhaps = models.Notice.objects.filter(kind="issued", reached=True).values_list("person__email", flat=True)
    assert kinds["issued"]
    assert kinds["issued"] <= kinds["rescinded"] <= set(perhaps)
    times = Counter(m["Message-ID"] for m in messages)
    assert max(times.values()) <= 4, "once, and once more for each death"
    first = next(place for place, m in enumerate(messages) if m["X-Countermand-Kind"] == "rescinded")
    in_flight = [m for m in messages[first:] if m["X-Countermand-Kind"] == "issued"]
    assert not in_flight, "what comes after a correction is a correction"


def _apart() -> set[str]:
    """Sets that are not what the rows say. The house was built with sets of reports that it has no rows of: none besides."""
    return {one.name for one in doctor(house.operator(clock.now())).differences}


def _whole(state: Path) -> None:
    line = verifier_line("example.org", state / "keys" / "ledger.key.pub")
    auditor = house.act("auditor", house.Role.AUDITOR, now=clock.now())
    assert verify_live(auditor, [line]).problem is None
    assert replay.differences() == []
    root = keys.load_public(state / "keys" / "root.key.pub")
    held = Held(
        Snapshot(snapshots(directory_of(state))[0].path, root), root, keys.load_secret(state / "keys" / "gates.secret"), 0, 0
    )
    for text in heard.after(held.epoch, held.n, held.heard).lines:
        held.take(text, clock.now(), 0)
    standing = held.standings.get(house.NAME)  # a snapshot of afterwards says nothing of an order that has ended
    assert standing is None or not standing.live
