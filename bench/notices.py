"""Notices per second handed to a local SMTP sink: the whole delivery (claim, fill, send, told, ledger) beside smtplib alone.

``python bench/notices.py [--people N]``. The peer hands the same messages, built by the standard library, to the same sink
with smtplib on one connection: no claims, nothing written down. CPU seconds are the sender's own.
"""

import argparse
import json
import smtplib
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from email.message import EmailMessage
from pathlib import Path
from types import SimpleNamespace

from countermand.access import SYSTEM, Act
from countermand.core.instants import MINUTE, from_iso
from countermand.core.languages import LANGUAGES
from countermand.core.notices import Kind
from countermand.lib import clock
from countermand.store.setup import create_tables, open_store

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
def sink(folder: Path) -> Iterator[int]:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    command = [sys.executable, "-m", "countermand.cli.drill.mailsink", "--port", str(port), "--dir", str(folder)]
    process = subprocess.Popen(command)
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
        models.Person.objects.bulk_create(
            (
                models.Person(
                    ordinal=n,
                    login=f"p{n}",
                    email=f"p{n}@example.org",
                    name=f"Person {n}",
                    zone=ZONES[n % 5],
                    locale=LANGUAGES[n % len(LANGUAGES)],
                )
                for n in range(people)
            ),
            batch_size=100,
        )
        models.Device.objects.bulk_create(
            (
                models.Device(
                    ordinal=scattered(n), owner_id=n, platform="ios", model="iPhone 11", ownership="personal", enrollment="device"
                )
                for n in range(people)
            ),
            batch_size=100,
        )
        outbox.promise(version.pk, range(people), Kind.ISSUED, Act(SYSTEM, NOW))


def ours(port: int) -> tuple[int, float, float]:
    """Everything that is promised: (messages, seconds, CPU seconds)."""
    from countermand.flows.deliver import deliver
    from countermand.flows.letters import Desk
    from countermand.notices.mail import Courier, Server

    courier = Courier(Server("127.0.0.1", port, "security@example.org", loopback_only=True), clock.now)
    desk = Desk(b"k" * 32, "example.org", "security@example.org", 10 * MINUTE)
    count = 0
    started, cpu = time.perf_counter(), time.process_time()
    while True:
        done = deliver(lambda: Act(SYSTEM, NOW, True), courier.send, desk, "bench", clock.now)
        if not done.claimed:
            break
        count += done.accepted
    courier.close()
    return count, time.perf_counter() - started, time.process_time() - cpu


def peer(port: int, count: int) -> tuple[int, float, float]:
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
    return count, time.perf_counter() - started, time.process_time() - cpu


def rate(measured: tuple[int, float, float]) -> SimpleNamespace:
    count, seconds, cpu = measured
    return SimpleNamespace(messages=count, per_second=count / seconds, per_cpu_second=count / cpu)


def main() -> None:
    asked = argparse.ArgumentParser()
    asked.add_argument("--people", type=int, default=20_000)
    asked.add_argument("--rounds", type=int, default=3)
    arguments = asked.parse_args()
    with tempfile.TemporaryDirectory() as name, sink(Path(name) / "mail") as port:
        open_store(Path(name) / "bench.sqlite3")
        create_tables()
        fleet(arguments.people)
        runs: dict[str, list[SimpleNamespace]] = {"countermand": [], "smtplib": []}
        for _ in range(arguments.rounds):
            renew()
            runs["countermand"].append(rate(ours(port)))
            runs["smtplib"].append(rate(peer(port, arguments.people // 10)))
    print(f"{'':14}{'messages':>10}{'per second':>12}{'per CPU second':>16}")
    for who, found in runs.items():
        middle: Callable[[str], float] = lambda field, found=found: statistics.median(getattr(run, field) for run in found)  # noqa: E731
        print(f"{who:14}{found[0].messages:>10,}{middle('per_second'):>12,.0f}{middle('per_cpu_second'):>16,.0f}")


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
