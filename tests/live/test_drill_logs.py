"""The whole story as processes, and then everything that they logged: it is JSON, and names nobody."""

import base64
import csv
import json
import subprocess
import sys
from pathlib import Path

import pytest

from countermand.cli.drill.watch import SOURCE
from countermand.config import load
from countermand.flows.connect import secret_of

pytestmark = pytest.mark.live
_NAMES = ("login", "email", "name", "serial", "eas_id")


def test_the_drill_holds_and_no_log_of_it_names_a_person_a_device_or_a_secret(tmp_path: Path) -> None:
    folder = tmp_path / "drill"
    command = [sys.executable, "-m", "countermand", "drill", "--people", "120", "--folder", str(folder)]
    played = subprocess.run(command, capture_output=True, text=True, timeout=280)
    assert played.returncode == 0, played.stdout[-3000:] + played.stderr[-3000:]
    assert "It held." in played.stdout

    named = set()
    for file in folder.glob("*.csv"):
        for row in csv.DictReader(file.read_text(encoding="utf-8").splitlines()):
            named |= {row[column] for column in _NAMES if row.get(column)}
    passwords = json.loads((folder / "passwords.json").read_text())
    posts = secret_of(load(folder / "countermand.toml").state_dir, SOURCE)
    secrets = {(folder / "gate" / "token").read_text().strip(), posts, "a guess", *passwords.values()}
    secrets |= {base64.b64encode(f"{login}:{password}".encode()).decode() for login, password in passwords.items()}
    logs = [*folder.glob("*.log"), *folder.glob("nginx/**/*.log")]
    assert {file.name for file in logs} >= {"control.log", "gate.log", "nginx.log", "worker.log"}
    assert sorted((file.name, one) for file in logs for one in secrets if one in file.read_text(errors="replace")) == []
    assert len(named) > 300
    events = set()
    for name in ("control.log", "worker.log", "gate.log"):
        said = (folder / name).read_text()
        assert sorted(word for word in named | secrets if word in said) == []
        for line in said.splitlines():
            events.add(json.loads(line)["event"])
    assert {"denied", "delivered", "feed-connected", "working", "stopped"} <= events
