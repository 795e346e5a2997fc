"""A rescission while ten thousand notices are on their way, and the worker is killed at random moments. Postfix's own sink is the
witness: whoever it was handed a notice for gets the correction, and so does whoever may have got one, and nobody else does."""

import os
import random
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from tempfile import mkdtemp

import house
import pytest
from django.db import connections

from countermand.config import Database
from countermand.core.instants import DAY
from countermand.core.notices import Kind, rank_of
from countermand.flows.stop import rescind
from countermand.lib import clock, keys
from countermand.store import models, outbox
from countermand.store.unit import unit
from ports import free_port

pytestmark = [pytest.mark.live, pytest.mark.parametrize("database", ["sqlite"], indirect=True)]

PEOPLE = 10_000
SINK = shutil.which("smtp-sink", path="/usr/sbin:/usr/bin")
#: The last line of a message that came whole.
_END = b"--=_alternative--"


@pytest.fixture
def witness() -> Iterator[tuple[int, Path]]:
    """The sink's port, and the folder in which it keeps each transaction as a file."""
    assert SINK, "postfix is in scripts/packages-test.txt; run make test or scripts/setup dev"
    folder, port = Path(mkdtemp(prefix="countermand-witness-")), free_port()
    folder.chmod(0o777)
    user = ["-u", "nobody"] if os.geteuid() == 0 else []
    process = subprocess.Popen([SINK, *user, "-d", f"{folder}/m", f"127.0.0.1:{port}", "100"], stderr=subprocess.DEVNULL)
    yield port, folder
    process.terminate()
    process.wait()
    shutil.rmtree(folder)


def handed(folder: Path) -> dict[str, set[str]]:
    """Kind → whom the sink was handed a whole message of it for."""
    found: dict[str, set[str]] = {}
    for file in folder.iterdir():
        content = file.read_bytes()
        if _END in content:
            head = dict(line.split(b": ", 1) for line in content.partition(b"\n\n")[0].splitlines() if b": " in line)
            person = head[b"X-Rcpt-Args"].split(b"<")[1].split(b">")[0].decode()
            found.setdefault(head[b"X-Countermand-Kind"].decode().strip(), set()).add(person)
    return found


def promised_to_many(now: int) -> None:
    house.open_house(now)
    house.move_in(house.staff(3, with_app=3))
    house.issued(3, house.document(due="2099-07-17T17:00"), now=now)
    version = models.Version.objects.get(lineage=house.NAME).pk
    people = (
        models.Person(ordinal=n, login=f"q{n}", email=f"q{n}@example.org", name=f"Q {n}", zone="UTC", locale="de")
        for n in range(10, 10 + PEOPLE)
    )
    models.Person.objects.bulk_create(people, batch_size=100)
    with unit():
        outbox.promise(version, range(10, 10 + PEOPLE), Kind.ISSUED, house.worker(now), rank=rank_of(0))


def accepted(kind: str) -> int:
    return models.Notice.objects.filter(kind=kind, state="accepted").count()


def until(done: object, seconds: int = 300) -> None:
    deadline = time.monotonic() + seconds
    while not done():  # type: ignore[operator]
        if time.monotonic() > deadline:
            pytest.fail("it did not come about")
        time.sleep(0.05)


def test_whoever_may_have_got_a_notice_gets_the_correction_and_nobody_else(
    store: Database, tmp_path: Path, witness: tuple[int, Path]
) -> None:
    now, chance = clock.now() - DAY, random.Random(os.environ.get("CHAOS_SEED", "rescinded in flight"))
    port, folder = witness
    promised_to_many(now)
    state = tmp_path / "state"
    keys.load_or_create(state / "keys" / "ledger.key")
    file = tmp_path / "countermand.toml"
    file.write_text(
        f'state_dir = "{state}"\ndatabase = "{store}"\norigin = "example.org"\n[notices]\nlease = "3s"\n'
        f'[smtp]\nport = {port}\nsender = "s@example.org"\n'
    )
    connections.close_all()
    command = [sys.executable, "-m", "countermand.worker", "--config", str(file)]
    worker = subprocess.Popen(command, stderr=subprocess.DEVNULL)

    def killed_and_started_again() -> None:
        nonlocal worker
        worker.send_signal(signal.SIGKILL)
        worker.wait()
        worker = subprocess.Popen(command, stderr=subprocess.DEVNULL)

    try:
        for _ in range(3):
            before = accepted("issued")
            until(lambda: accepted("issued") > before)  # noqa: B023
            time.sleep(chance.random() / 2)
            killed_and_started_again()
        until(lambda: models.Notice.objects.filter(state="claimed").exists())
        rescind(house.operator(clock.now()), house.NAME, "sent-in-error")
        left = models.Notice.objects.filter(kind="issued", state="promised").count()
        assert left > 0, "it is rescinded while notices are on their way"
        for _ in range(3):
            time.sleep(chance.random())
            killed_and_started_again()
        until(lambda: models.Lineage.objects.get().corrected)
        until(lambda: not models.Notice.objects.filter(state__in=["promised", "claimed"]).exists())
    finally:
        worker.terminate()
        worker.wait()
    said = handed(folder)
    reached = set(models.Notice.objects.filter(reached=True).exclude(kind="rescinded").values_list("person__email", flat=True))
    assert said["rescinded"] == reached, "the corrected are those whom a notice reached, or may have"
    assert said["issued"] <= reached, "the witness knows of nobody else"
    assert 0 < len(said["issued"]) < PEOPLE
    assert len(reached) < PEOPLE + 3
    void = set(models.Notice.objects.filter(kind="issued", state="void").values_list("person__email", flat=True))
    assert void.isdisjoint(said["issued"] | said["rescinded"])
    assert void
