"""Real servers on loopback: Postfix's own sink, the drill's sink as a process, and the worker as a process."""

import http.client
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import house
import pytest

from countermand.config import Database
from countermand.core.instants import MINUTE
from countermand.flows.deliver import deliver
from countermand.flows.letters import Desk
from countermand.flows.telling import issue_all
from countermand.lib import clock
from countermand.notices.mail import Courier, Letter, Result, Server
from countermand.store import models
from ports import free_port

pytestmark = pytest.mark.live

SINK = shutil.which("smtp-sink", path="/usr/sbin:/usr/bin")


@contextmanager
def running(command: list[str], port: int | None = None) -> Iterator[subprocess.Popen[bytes]]:
    process = subprocess.Popen(command, stderr=subprocess.PIPE)
    try:
        if port is not None:
            _wait(lambda: _answers(port))
        yield process
    finally:
        if process.poll() is None:
            process.terminate()
        process.communicate(timeout=60)


def _answers(port: int) -> bool:
    try:
        socket.create_connection(("127.0.0.1", port), timeout=1).close()
    except OSError:
        return False
    return True


def _wait(done: object, seconds: int = 60) -> None:
    deadline = time.monotonic() + seconds
    while not done():  # type: ignore[operator]
        if time.monotonic() > deadline:
            pytest.fail("it did not come about")
        time.sleep(0.02)


def letters(count: int) -> list[Letter]:
    text = b"Message-ID: <%d@x>\r\nX-Countermand-Kind: issued\r\n\r\nhi\r\n"
    return [Letter(n, f"p{n}@example.org", text % n) for n in range(count)]


def handed(port: int, wanted: list[Letter]) -> list[Result]:
    courier = Courier(Server("127.0.0.1", port, "security@example.org", loopback_only=True), clock.now)
    try:
        return [outcome.result for outcome in courier.send(wanted, clock.now() + MINUTE)]
    finally:
        courier.close()


@pytest.fixture
def smtp_sink() -> str:
    assert SINK, "postfix is in scripts/packages-test.txt; run make test or scripts/setup dev"
    return SINK


@pytest.mark.parametrize("options", [[], ["-p"], ["-e"]], ids=["pipelining", "without pipelining", "without esmtp"])
def test_postfix_sink_takes_every_letter(smtp_sink: str, options: list[str], tmp_path: Path) -> None:
    port = free_port()
    user = ["-u", "nobody"] if os.geteuid() == 0 else []
    with running([smtp_sink, *user, *options, f"127.0.0.1:{port}", "100"], port):
        found = handed(port, letters(300))
    assert found == ([Result.UNSENT] if options == ["-e"] else [Result.ACCEPTED]) * 300


def test_postfix_sink_that_refuses_and_breaks_off(smtp_sink: str) -> None:
    """-f: refuses these commands with 500; -q: hangs up at them. Nobody is taken for told."""
    user = ["-u", "nobody"] if os.geteuid() == 0 else []
    for option, allowed in ((["-f", "rcpt"], {Result.REFUSED}), (["-q", "."], {Result.UNKNOWN, Result.UNSENT})):
        port = free_port()
        with running([smtp_sink, *user, *option, f"127.0.0.1:{port}", "100"], port):
            found = handed(port, letters(20))
        assert len(found) == 20
        assert set(found) <= allowed, option


def test_the_drills_sink_notes_who_got_what(tmp_path: Path) -> None:
    port = free_port()
    with running([sys.executable, "-m", "countermand.cli.drill.mailsink", "--port", str(port), "--dir", str(tmp_path)], port):
        assert handed(port, letters(300)) == [Result.ACCEPTED] * 300
    notes = [json.loads(line) for line in (tmp_path / "mail.ndjson").read_text().splitlines()]
    assert sorted((note["to"], note["message_id"], note["kind"]) for note in notes) == sorted(
        (f"p{n}@example.org", f"<{n}@x>", "issued") for n in range(300)
    )


def test_an_order_reaches_a_real_server_and_tells(store: Database, tmp_path: Path) -> None:
    house.open_house()
    house.move_in(house.staff(40))
    house.issued(40)
    issue_all(house.operator(), house.NAME)
    port = free_port()
    desk = Desk(b"k" * 32, "example.org", "security@example.org", 10 * MINUTE)
    with running([sys.executable, "-m", "countermand.cli.drill.mailsink", "--port", str(port), "--dir", str(tmp_path)], port):
        courier = Courier(Server("127.0.0.1", port, "security@example.org", loopback_only=True), clock.now)
        done = deliver(house.worker, courier.send, desk, "w", clock.now)
        courier.close()
    assert done.accepted == 40
    assert models.Told.objects.count() == 40


def test_the_worker_delivers_seals_and_stops_when_asked(store: Database, tmp_path: Path) -> None:
    """The process as it is run: what is promised leaves, and SIGTERM ends it cleanly."""
    from django.db import connections

    from countermand.lib import keys

    house.open_house(clock.now())
    house.move_in(house.staff(40))
    house.issued(40, house.document(due="2099-07-17T17:00"), now=clock.now())
    issue_all(house.operator(clock.now()), house.NAME)
    state, port, watched = tmp_path / "state", free_port(), free_port()
    keys.load_or_create(state / "keys" / "ledger.key")
    file = tmp_path / "countermand.toml"
    file.write_text(
        f'state_dir = "{state}"\ndatabase = "{store}"\norigin = "example.org"\n[smtp]\nport = {port}\nsender = "s@example.org"\n'
        f'[worker]\nlisten = "127.0.0.1:{watched}"\n'
    )
    connections.close_all()
    sink = [sys.executable, "-m", "countermand.cli.drill.mailsink", "--port", str(port), "--dir", str(tmp_path)]
    with running(sink, port), running([sys.executable, "-m", "countermand.worker", "--config", str(file)]) as worker:
        _wait(lambda: models.Told.objects.count() == 40)
        _wait(lambda: models.LedgerCheckpoint.objects.exists())
        assert asked(watched, "/readyz") == (200, "ok\n")
        status, counted = asked(watched, "/metrics")
        assert (status, 'countermand_worker_failures_total{step="deliver"} 0\n' in counted) == (200, True)
        worker.send_signal(signal.SIGTERM)
        _, said = worker.communicate(timeout=60)
    assert worker.returncode == 0, said
    events = [json.loads(line)["event"] for line in said.decode().splitlines()]
    assert events[-1] == "stopped"
    assert "step-failed" not in events, said
    assert len((tmp_path / "mail.ndjson").read_text().splitlines()) == 40
    assert "p00000" not in said.decode(), "a log names nobody"
    assert "@" not in said.decode()


def asked(port: int, path: str) -> tuple[int, str]:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=20)
    connection.request("GET", path)
    found = connection.getresponse()
    return found.status, found.read().decode()
