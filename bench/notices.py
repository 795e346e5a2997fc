"""Notices per second handed to Postfix's smtp-sink, in nine languages: the whole delivery (claim, fill, send, told, ledger).

``python bench/notices.py [--people N]``. Beside it in one run, to the same sink: smtp-source, which sends one text of the same
size and writes nothing down (the sink's own limit), and smtplib with messages built by the standard library. CPU seconds
are the sender's own; memory is the sender's peak, after a tenth of the messages and at the end.
"""

import argparse
import json
import os
import resource
import shutil
import smtplib
import socket
import statistics
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from email.message import EmailMessage
from pathlib import Path
from typing import TYPE_CHECKING

import tables

from countermand.access import SYSTEM, Act
from countermand.core.instants import MINUTE, from_iso
from countermand.core.languages import LANGUAGES
from countermand.core.notices import Kind
from countermand.lib import clock
from countermand.store.setup import create_tables, open_store

if TYPE_CHECKING:
    from countermand.store import models


@dataclass(frozen=True)
class Run:
    """``memory``: peaks in megabytes, after a tenth of the messages and at the end."""

    messages: int
    seconds: float
    cpu: float
    memory: tuple[int, int] = (0, 0)


NOW = from_iso("2020-07-10T12:00:00Z")
ZONES = ("America/Los_Angeles", "America/New_York", "Europe/Berlin", "Asia/Kolkata", "Asia/Tokyo")
DOCUMENT = {
    "schema": "countermand/v1",
    "id": "bench",
    "title": "Remove TikTok from mobile devices that read company mail",
    "issuer": "Information Security",
    "reason": "Security risks.",
    "prohibits": [{"product": "TikTok"}],
    "consequence": "deny_mail",
    "due": {"at": "2020-07-17T17:00", "zone": "recipient", "fallback_zone": "UTC"},
    "notices": {"rescinded": "default"},
}


@contextmanager
def sink() -> Iterator[int]:
    """Postfix's, which takes everything and keeps nothing."""
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    account = ["-u", "nobody"] if os.geteuid() == 0 else []
    process = subprocess.Popen([_program("smtp-sink"), *account, f"127.0.0.1:{port}", "1000"], stdout=subprocess.DEVNULL)
    try:
        for _ in range(200):
            try:
                socket.create_connection(("127.0.0.1", port), timeout=1).close()
                break
            except OSError:
                time.sleep(0.05)
        yield port
    finally:
        process.terminate()
        process.wait()


def _program(name: str) -> str:
    found = shutil.which(name, path=f"{os.environ['PATH']}:/usr/sbin")
    if found is None:
        raise SystemExit(f"bench: {name} is missing; it comes with Debian's package postfix")
    return found


def scattered(n: int) -> int:
    """Phones lie in no order of their owners: neighbours in the directory are in different ones of a large fleet's 17 blocks,
    so that every batch touches all of them, as at 1.1 M devices."""
    return n % 17 * 65_536 + n // 17


def fleet(people: int) -> None:
    """People with a phone each, an issued version, and a promise to everyone."""
    from countermand.core import schema
    from countermand.notices.texts import rendered_texts
    from countermand.store import models, outbox
    from countermand.store.unit import unit

    with unit():
        models.Installation.objects.create(drill=True, origin="example.org", epoch=1, created=NOW)
        models.Lineage.objects.create(id="bench", created_by="bench", rings_opened=[NOW])
        bundle = json.dumps({"texts": dict(rendered_texts(schema.read(DOCUMENT)))})
        version = models.Version.objects.create(
            lineage_id="bench", number=1, state="issued", text="", document=DOCUMENT, digest="d", written_by="bench",
            written_at=NOW, bundle=bundle, bundle_digest="b", issued_at=NOW,
        )  # fmt: skip
        for some in batched(range(people)):
            models.Person.objects.bulk_create(map(_person, some), batch_size=100)
            models.Device.objects.bulk_create(map(_phone, some), batch_size=100)
        outbox.promise(version.pk, range(people), Kind.ISSUED, Act(SYSTEM, NOW))


def batched(numbers: range, size: int = 10_000) -> Iterator[range]:
    """So that the making of a company keeps no more of it in memory than delivering to it does."""
    return (numbers[at : at + size] for at in range(0, len(numbers), size))


def _person(n: int) -> "models.Person":
    from countermand.store import models

    locale = LANGUAGES[n % len(LANGUAGES)]
    return models.Person(
        ordinal=n, login=f"p{n}", email=f"p{n}@example.org", name=f"Person {n}", zone=ZONES[n % 5], locale=locale
    )


def _phone(n: int) -> "models.Device":
    from countermand.store import models

    return models.Device(
        ordinal=scattered(n), owner_id=n, platform="ios", model="iPhone 11", ownership="personal", enrollment="device"
    )


def ours(port: int, people: int) -> Run:
    """Everything that is promised."""
    from countermand.flows.deliver import deliver
    from countermand.flows.letters import Desk
    from countermand.notices.mail import Courier, Server

    courier = Courier(Server("127.0.0.1", port, "security@example.org", loopback_only=True), clock.now)
    desk = Desk(b"k" * 32, "example.org", "security@example.org", 10 * MINUTE)
    count, early = 0, 0
    _forget_peak()
    started, cpu = time.perf_counter(), time.process_time()
    while True:
        done = deliver(lambda: Act(SYSTEM, NOW, True), courier.send, desk, "bench", clock.now)
        if not done.claimed:
            break
        if done.away:
            raise SystemExit("bench: the sink takes nothing")
        count += done.accepted
        early = early or (_peak() if count >= people // 10 else 0)
    courier.close()
    return Run(count, time.perf_counter() - started, time.process_time() - cpu, (early, _peak()))


def _peak() -> int:
    """Megabytes, since the peak was last forgotten (``VmHWM``, which Linux counts in kilobytes)."""
    status = Path("/proc/self/status").read_text()
    return int(status.partition("VmHWM:")[2].split()[0]) // 1024


def _forget_peak() -> None:
    Path("/proc/self/clear_refs").write_text("5")


def limit(port: int, count: int, size: int) -> Run:
    """smtp-source: two sessions, one text of ``size`` bytes."""
    command = [
        _program("smtp-source"),
        "-s",
        "2",
        "-m",
        str(count),
        "-l",
        str(size),
        "-f",
        "a@example.org",
        "-t",
        "b@example.org",
    ]
    before, started = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    subprocess.run([*command, f"127.0.0.1:{port}"], check=True, stdout=subprocess.DEVNULL)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return Run(count, time.perf_counter() - started, cpu)


def peer(port: int, count: int) -> Run:
    """The standard library: a message built and sent at a time."""
    from countermand.core import schema
    from countermand.notices.texts import rendered_texts

    text = rendered_texts(schema.read(DOCUMENT))["issued"]  # the same words; its slots are left as they are
    started, cpu = time.perf_counter(), time.process_time()
    with smtplib.SMTP("127.0.0.1", port, local_hostname="bench") as session:
        for n in range(count):
            message = EmailMessage()
            message["From"], message["To"] = "security@example.org", f"p{n}@example.org"
            message["Subject"], message["Message-ID"] = "Remove TikTok", f"<{n}@example.org>"
            message.set_content(text)
            session.send_message(message)
    return Run(count, time.perf_counter() - started, time.process_time() - cpu)


def size_of(people: int) -> int:
    """Bytes of a message, in the middle of the languages."""
    from countermand.flows.letters import Desk, drafts
    from countermand.store import outbox
    from countermand.store.unit import unit

    desk = Desk(b"k" * 32, "example.org", "security@example.org", 10 * MINUTE)
    with unit():
        rows = outbox.claim(Act(SYSTEM, NOW, True), clock.now(), 0, "sizes", len(LANGUAGES)).rows
        sizes = [len(draft.letter.text) for draft in drafts(desk, rows, NOW) if draft.letter]
        outbox.release([row.id for row in rows], "sizes")
    return int(statistics.median(sizes))


def main() -> None:
    asked = argparse.ArgumentParser()
    asked.add_argument("--people", type=int, default=840_000)
    asked.add_argument("--rounds", type=int, default=1)
    asked.add_argument("--write", action="store_true", help="write the table into docs/performance.md")
    arguments = asked.parse_args()
    runs: dict[str, list[Run]] = {"countermand": [], "smtp-source": [], "smtplib": []}
    with tempfile.TemporaryDirectory() as name, sink() as port:
        open_store(Path(name) / "bench.sqlite3")
        create_tables()
        fleet(arguments.people)
        size = size_of(arguments.people)
        for _ in range(arguments.rounds):
            renew()
            runs["countermand"].append(ours(port, arguments.people))
            runs["smtp-source"].append(limit(port, min(arguments.people, 100_000), size))
            runs["smtplib"].append(peer(port, min(arguments.people // 10, 5_000)))
    head = ["", "messages", "per second", "per CPU second", "peak memory"]
    rows = [[who, f"{found[0].messages:,}", *_figures(found)] for who, found in runs.items()]
    text = tables.table(head, rows)
    print(text)
    if arguments.write:
        words = f"`make bench-notices`, nine languages, {size:,} bytes a message; target ≥ 1,500 per second and core. "
        words += "Memory is the sender's peak while it sends: after a tenth of the messages, and at the end."
        tables.put("bench-notices", f"## Notices\n\n{words}\n\n{text}")


def _figures(found: list[Run]) -> list[str]:
    per_second = statistics.median(run.messages / run.seconds for run in found)
    per_cpu = statistics.median(run.messages / run.cpu for run in found)
    early, late = found[-1].memory
    return [f"{per_second:,.0f}", f"{per_cpu:,.0f}", f"{early} MB after a tenth, {late} MB at the end" if late else ""]


def renew() -> None:
    """As before anything was handed over."""
    from countermand.store import models
    from countermand.store.unit import unit

    with unit():
        models.Told.objects.all().delete()
        models.FactSet.objects.all().delete()
        models.Notice.objects.update(state="promised", reached=False, attempts=0, lease_until=0)


if __name__ == "__main__":
    main()
