"""What every test stands on: no network, property-test profiles, and ``store``, a fresh database with its tables made.

A test that uses ``store`` runs twice: on SQLite and on PostgreSQL. One template of each is migrated per worker and copied
for each test.
"""

import gc
import ipaddress
import os
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, settings

from cluster import Cluster, start

if TYPE_CHECKING:
    from countermand.config import Database

# "too slow" would make a verdict depend on how busy the machine is; pytest-timeout bounds a test that hangs.
_COMMON: dict[str, Any] = {"deadline": None, "print_blob": True, "suppress_health_check": [HealthCheck.too_slow]}
settings.register_profile("quick", max_examples=25, **_COMMON)
settings.register_profile("ci", max_examples=200, **_COMMON)
settings.register_profile("nightly", max_examples=20_000, **_COMMON)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "ci"))

_AT_HOME = {"", "localhost", "ip6-localhost", "0.0.0.0", "::", None}


def _leaves_the_machine(host: object) -> bool:
    host = host.decode() if isinstance(host, bytes) else host
    if host in _AT_HOME:
        return False
    try:
        return not ipaddress.ip_address(str(host)).is_loopback
    except ValueError:
        return True


def _refuse_network(event: str, arguments: tuple[Any, ...]) -> None:
    if event in {"socket.connect", "socket.sendto"}:
        address = arguments[1]
        host = address[0] if isinstance(address, tuple) else None  # a path is a socket on this machine
    elif event == "socket.getaddrinfo":
        host = arguments[0]
    else:
        return
    if _leaves_the_machine(host):
        raise RuntimeError(f"a test reached for the network: {event} {host}")


# An audit hook sees sockets however they are opened (asyncio, smtplib, urllib) and, once set, nothing unsets it.
sys.addaudithook(_refuse_network)


#: As the command itself does: what is imported and collected is no garbage, and looking for some in it took a fifth of the time.
gc.set_threshold(200_000, 20, 20)


@pytest.hookimpl(trylast=True)
def pytest_collection_finish() -> None:
    """Thousands of tests and hundreds of modules stay to the end: nobody looks through them again."""
    gc.collect()
    gc.freeze()


@pytest.fixture(scope="session", autouse=True)
def _no_waiting_for_the_disk() -> Iterator[None]:
    """A test may kill a process but never the power. Processes of their own wait for it as they always do."""
    with pytest.MonkeyPatch.context() as patch:
        for name in ("fsync", "fdatasync"):
            patch.setattr(os, name, lambda _: None)
        yield


@pytest.fixture(scope="session")
def _template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A migrated, empty database file."""
    from countermand.store import setup

    path = tmp_path_factory.mktemp("template") / "template.sqlite3"
    setup.PRAGMAS = setup.PRAGMAS.replace("synchronous=FULL", "synchronous=OFF")
    setup.open_store(path)
    setup.create_tables()
    setup.close_store()  # the last close folds the write-ahead log into the file that is copied
    return path


@pytest.fixture(scope="session")
def _cluster() -> Iterator[Cluster]:
    """A PostgreSQL server with a migrated, empty database named ``template``."""
    from countermand.store import setup

    cluster = start()
    try:
        cluster.run("CREATE DATABASE template")
        setup.open_store(cluster.place("template"))
        setup.create_tables()
        setup.close_store()
        yield cluster
    finally:
        cluster.end()


@pytest.fixture(params=["sqlite", "postgresql"])
def database(request: pytest.FixtureRequest, _template: Path, tmp_path: Path) -> Iterator["Database"]:
    """A database of this test's own with its tables made and nothing in them; what a configuration can name. Once a file,
    once on a server; a test that speaks of one alone is parametrised with it (indirect)."""
    from countermand.store import lease, terms
    from countermand.store.setup import close_store, open_store

    lease._ahead = None  # learnt by a test before this one, perhaps while that one moved the clock
    if request.param == "sqlite":
        place: Database = tmp_path / "countermand.sqlite3"
        shutil.copyfile(_template, tmp_path / "countermand.sqlite3")
        yield place
        open_store(_template)
        close_store()
        return
    cluster: Cluster = request.getfixturevalue("_cluster")
    lent = cluster.lend("template")
    yield lent.place
    open_store(_template)
    close_store()
    cluster.take_back(lent)
    # It is lent again under the same name, and what is compiled of a version that never changes is kept by that name.
    terms._terms.cache_clear()
    terms._frozen.cache_clear()
    terms._covering.cache_clear()


@pytest.fixture
def store(database: "Database") -> "Database":
    """A fresh database for this test, open and with its tables made; yields what a configuration would name it."""
    from countermand.store.setup import open_store

    open_store(database)
    return database


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The longest, which are killed in, early and apart: test processes take neighbours in batches, and end together if none
    of them gets all of these."""
    rest = [item for item in items if "kill" not in item.path.parts]
    long = [item for item in items if "kill" in item.path.parts]
    apart = len(rest) // (2 * len(long)) if long else 0
    for number, item in enumerate(long):
        rest.insert(number * (apart + 1), item)
    items[:] = rest


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """What tests have to say besides passing: each ``record_property("said", ...)``, at the end, once."""
    reports = [report for how in ("passed", "failed", "skipped") for report in terminalreporter.stats.get(how, [])]
    for line in sorted({str(value) for report in reports for name, value in report.user_properties if name == "said"}):
        terminalreporter.write_line(line)
