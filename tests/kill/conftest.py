"""The stage on which the program is killed: one process per test process, warm before the first scene."""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from countermand.config import Database

_TESTS = Path(__file__).resolve().parents[1]
for _room in ("flows", "notices"):
    sys.path.insert(0, str(_TESTS / _room))

#: (scene, database, a folder for it) → what the stage reports.
Stage = Callable[[str, "Database", Path], dict[str, Any]]


@pytest.fixture(scope="session")
def stage(_template: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    warm = tmp_path_factory.mktemp("stage") / "warm.sqlite3"
    shutil.copyfile(_template, warm)
    rooms = [_TESTS / name for name in ("kill", ".", "flows", "core")]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(map(str, rooms))}
    command = [sys.executable, "-m", "killing", str(warm)]
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=environment)
    asked, answers = process.stdin, process.stdout
    assert asked is not None
    assert answers is not None

    def play(scene: str, database: "Database", folder: Path) -> dict[str, Any]:
        asked.write(json.dumps({"scene": scene, "database": str(database), "folder": str(folder)}) + "\n")
        asked.flush()
        found: dict[str, Any] = json.loads(answers.readline())
        assert "failed" not in found, found["failed"]
        return dict(found["said"])

    yield play
    asked.close()
    process.wait(60)
    answers.close()
