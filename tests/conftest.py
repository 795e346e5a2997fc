"""What every test stands on: no network, property-test profiles, and ``store``, a fresh database file with its tables made.

One template file is migrated per worker and copied for each test.
"""

import ipaddress
import os
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, settings

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


@pytest.fixture(scope="session")
def _template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A migrated, empty database file."""
    from django.db import connections

    from countermand.store.setup import close_store, create_tables, open_store

    path = tmp_path_factory.mktemp("template") / "template.sqlite3"
    open_store(path)
    # A test may kill a process but never the power, so it need not wait for the disk.
    options = connections["default"].settings_dict["OPTIONS"]
    options["init_command"] = options["init_command"].replace("synchronous=FULL", "synchronous=OFF")
    create_tables()
    close_store()  # the last close folds the write-ahead log into the file that is copied
    return path


@pytest.fixture
def store(_template: Path, tmp_path: Path) -> Iterator[Path]:
    """A fresh database for this test, open and with its tables made; yields the file's path."""
    from countermand.store.setup import close_store, open_store

    path = tmp_path / "countermand.sqlite3"
    shutil.copyfile(_template, path)
    open_store(path)
    yield path
    open_store(_template)
    close_store()
