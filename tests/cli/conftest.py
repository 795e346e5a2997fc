"""A house to try commands in: initialised through the command line, with a token and an SSH key for each role."""

import json
import os
import shutil
import subprocess
from pathlib import Path

import pytest
from cli_house import FIRSTS, House

from countermand.config import Database


@pytest.fixture(scope="session")
def ssh_keys(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with an SSH key for each approver."""
    folder = tmp_path_factory.mktemp("keys")
    for who in ("bo", "cy"):
        made = ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", who, "-f", str(folder / f"{who}.key")]
        subprocess.run(made, check=True, timeout=60)
    return folder


@pytest.fixture
def house(database: Database, ssh_keys: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> House:
    for name in ("COUNTERMAND_CONFIG", "COUNTERMAND_TOKEN", "COUNTERMAND_SSH_KEY"):
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
    return found
