"""A source's whole set: 100,000 devices of an Intune of our own that says "later", killed on the way and gone on with.

``python bench/sync.py [--devices N] [--write]``. The server is a process of its own (tests/fake_graph.py); each sync too, and it
is killed once while it fetches and once while it takes what it fetched. The third comes to the end.
"""

import argparse
import os
import shutil
import signal
import sys
import tempfile
import time
from dataclasses import dataclass
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any, overload

import fleet
import tables
from beside import beside
from company import NOW

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "tests"))
import fake_graph
from countermand.access import Act, Actor, Role
from countermand.config import Config, Sources
from countermand.core.instants import HOUR
from countermand.flows import connect, sync
from countermand.store import models, setup

#: "Later" to every so many requests, for so many seconds.
LATER, WAIT = 20, 2
#: Devices of a page, as the source asks for them.
_PAGE = 500


class Phones(list[Any]):
    """As many as there should be, made when they are asked for."""

    def __init__(self, count: int) -> None:
        super().__init__()
        self._count = count

    def __len__(self) -> int:
        return self._count

    @overload
    def __getitem__(self, at: Any) -> Any: ...
    @overload
    def __getitem__(self, at: slice) -> list[Any]: ...
    def __getitem__(self, at: Any) -> Any:
        return [fake_graph.device(number) for number in range(*at.indices(self._count))]


@dataclass(frozen=True)
class Figures:
    """Seconds of each process by the clock, and of CPU; ``pages`` of devices that were asked for, of ``needed``; ``later``: how
    often the server said so; ``impatient``: requests that did not wait for it; ``peak``: megabytes."""

    devices: int
    took: tuple[float, ...]
    cpu: float
    pages: int
    needed: int
    later: int
    impatient: int
    peak: int


def _serve(talk: Connection, devices: int) -> None:
    tenant = fake_graph.Tenant(later=LATER, wait=WAIT, devices=Phones(devices))
    tenant.policies = [fake_graph.policy(fake_graph.TIKTOK)]
    tenant.states = [fake_graph.state(number, "compliant") for number in range(0, devices, 10)]
    with fake_graph.served(tenant):
        talk.send(tenant.url)
        talk.recv()
        pages = sum(path.endswith("/managedDevices") for _, path in tenant.asked)
        talk.send((pages, len(tenant.asked) // LATER, tenant.impatient))
        talk.recv()


def _sync(config: Config, kill_at: int) -> None:
    """Bring it in; the process kills itself after so many devices went by (0: it does not)."""
    setup.open_store(config.database)
    seen = 0

    def progress(count: int) -> None:
        nonlocal seen
        seen += count
        if kill_at and seen >= kill_at:
            os.kill(os.getpid(), signal.SIGKILL)

    operator = Act(Actor("operator", frozenset({Role.OPERATOR})), NOW)
    sync.sync(lambda: operator, config, "intune", holder=f"process {os.getpid()}", confirmed=True, progress=progress)


def _in_child(config: Config, kill_at: int) -> tuple[float, float, int]:
    """(seconds, CPU seconds, peak megabytes) of a process of its own."""
    began = time.perf_counter()
    pid = os.fork()
    if pid == 0:
        _sync(config, kill_at)
        os._exit(0)
    _, status, usage = os.wait4(pid, 0)
    assert status == (signal.SIGKILL if kill_at else 0), status
    return time.perf_counter() - began, usage.ru_utime + usage.ru_stime, usage.ru_maxrss // 1024


def measured(devices: int, folder: Path) -> Figures:
    with fleet.opened("sqlite", folder / "state"), beside(_serve, devices) as (url, talk):
        config = Config(folder / "state", folder / "state" / "countermand.sqlite3", sources=Sources(private_hosts=("127.0.0.1",)))
        administrator = Act(Actor("ada", frozenset({Role.ADMINISTRATOR})), NOW)
        settings = {"tenant": fake_graph.TENANT, "client": fake_graph.CLIENT, "url": url, "login": url}
        connect.source_add(administrator, config.state_dir, "intune", "intune", settings, fake_graph.SECRET, 4 * HOUR)
        setup.close_store()  # a connection is of one process
        runs = []
        for kill_at in (devices // 2, devices // 2 + devices // 4, 0):
            runs.append(_in_child(config, kill_at))
            models.Lease.objects.update(until=0)  # as if the dead one's lease had run out
            setup.close_store()
        talk.send("how was it")
        pages, later, impatient = talk.recv()
        assert models.Device.objects.count() == devices
        assert not models.SyncPart.objects.exists()
        setup.close_store()
    return Figures(
        devices, tuple(one[0] for one in runs), sum(one[1] for one in runs), pages, -(-devices // _PAGE), later, impatient,
        max(one[2] for one in runs),
    )  # fmt: skip


def page(found: Figures) -> str:
    rows = [
        ("devices brought in", f"{found.devices:,}"),
        ("processes, each but the last killed", ", ".join(f"{one:.0f} s" for one in found.took)),
        ("devices a second, the waiting that it was told included", f"{found.devices / sum(found.took):,.0f}"),
        ("devices per CPU second", f"{found.devices / found.cpu:,.0f}"),
        ("pages asked for, of those there are", f"{found.pages} of {found.needed}, {found.later} “later” among all requests"),
        ("requests sent before the time it was told was over", str(found.impatient)),
        ("peak memory", f"{found.peak} MB"),
    ]
    text = (
        f"`make bench-sync`: an Intune of our own that says “later, in {WAIT} s” to every {LATER}th request. A process is\n"
        "killed while it fetches, one while it takes what is fetched, and one comes to the end; SQLite, on a machine\n"
        "shared with other work. The command shows a bar with the rate and the time that is left."
    )
    return "\n\n".join(("## A source's whole set", text, tables.table(("what", "measured"), rows)))


def main() -> None:
    asked = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    asked.add_argument("--devices", type=int, default=100_000)
    asked.add_argument("--write", action="store_true", help="write docs/performance.md")
    given = asked.parse_args()
    folder = Path(tempfile.mkdtemp(prefix="countermand-bench-"))
    try:
        text = page(measured(given.devices, folder))
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    print(text)
    if given.write:
        tables.put("bench-sync", text)


if __name__ == "__main__":
    main()
