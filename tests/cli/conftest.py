"""A house to try commands in: initialised through the command line, with a token and an SSH key for each role."""

import json
import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from cli_house import FIRSTS, House

from countermand.config import Database
from served import Served


@pytest.fixture(scope="session")
def ssh_keys(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with an SSH key for each approver."""
    folder = tmp_path_factory.mktemp("keys")
    for who in ("bo", "cy"):
        made = ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", who, "-f", str(folder / f"{who}.key")]
        subprocess.run(made, check=True, timeout=60)
    return folder


@pytest.fixture(scope="session")
def _server() -> Iterator[Served]:
    served = Served()
    yield served
    served.end()


#: Either way in and either engine are in it; what lies behind an operation is the same from both ways.
_PAIRS = ({"in process", "sqlite"}, {"over the network", "postgresql"})


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """A test of both ways and both engines runs twice, not four times. One that names its way or its engine runs as it says.
    pytest shows every room's tests to every room: those of others are not looked at."""
    ours = [item for item in items if item.path.is_relative_to(Path(__file__).parent)]
    ways: dict[tuple[str, ...], set[str]] = {}
    for item in ours:
        ways.setdefault(_other(item), set()).update(_words(item))
    every = set.union(*_PAIRS)
    dropped = {one for one in ours if every <= ways[_other(one)] and not any(pair <= _words(one) for pair in _PAIRS)}
    items[:] = [one for one in items if one not in dropped]


def _words(item: pytest.Item) -> set[str]:
    spec = getattr(item, "callspec", None)
    return {str(value) for value in spec.params.values()} if spec else set()


def _other(item: pytest.Item) -> tuple[str, ...]:
    """The test, with what it is parametrised by besides way and engine."""
    spec = getattr(item, "callspec", None)
    params = spec.params if spec else {}
    return (
        item.nodeid.split("[")[0],
        *sorted(f"{name}={value!r}" for name, value in params.items() if name not in ("house", "database")),
    )


@pytest.fixture(params=["in process", "over the network"])
def house(
    request: pytest.FixtureRequest, database: Database, ssh_keys: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[House]:
    """Every test of a house runs twice: the command line beside the database, and against the API."""
    for name in ("COUNTERMAND_CONFIG", "COUNTERMAND_TOKEN", "COUNTERMAND_SSH_KEY", "COUNTERMAND_URL"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    # its tables are already made: init finds nothing to migrate
    (tmp_path / "countermand.toml").write_text(f'database = "{database}"\norigin = "test.example"\n')
    shutil.copytree(ssh_keys, tmp_path, dirs_exist_ok=True)
    os.chmod(tmp_path, 0o700)
    found = House(tmp_path, database)
    firsts = [word for name, roles in FIRSTS.items() for word in ("--operator", f"{name}={roles}")]
    keys = [word for name in ("bo", "cy") for word in ("--key", f"{name}={found.key(name)}.pub")]
    made = found.run("", "init", *firsts, *keys, "--json")
    assert made.exit_code == 0, made.output
    found.tokens = {one["operator"]: one["token"] for one in json.loads(made.stdout)["tokens"]}
    if request.param == "over the network":
        found.served = request.getfixturevalue("_server")
    yield found
    if found.served is not None:
        found.served.close()
