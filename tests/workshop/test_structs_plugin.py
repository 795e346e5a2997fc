"""What is for dataclasses alone is seen where it is called with a Struct, before it runs."""

import tomllib
from pathlib import Path

from mypy import api

HOME = Path(__file__).parents[2]
HEAD = """
import dataclasses as d
from dataclasses import asdict, dataclass, fields, replace
from typing import TypeVar
from msgspec import Struct
class Pair(Struct, frozen=True):
    left: int
@dataclass
class Plain:
    left: int
Either = TypeVar("Either", bound=Pair)
def of(one: Either, other: Pair | Plain) -> None:
"""
WRONG = (
    "replace(Pair(1), left=2)",
    "d.replace(Pair(1), left=2)",
    "asdict(Pair(1))",
    "d.astuple(Pair(1))",
    "fields(Pair)",
    "replace(one, left=2)",
    "replace(other, left=2)",
)
RIGHT = ("replace(Plain(1), left=2)", "asdict(Plain(1))", "fields(Plain)")


def test_structs_are_not_taken_for_dataclasses(tmp_path: Path) -> None:
    module, settings = tmp_path / "module.py", tmp_path / "mypy.ini"
    module.write_text(HEAD.lstrip() + "".join(f"    {line}\n" for line in (*WRONG, *RIGHT)))
    settings.write_text(f"[mypy]\nplugins = {HOME / 'scripts/structs.py'}\n")
    said, _, _ = api.run(["--config-file", str(settings), "--cache-dir", str(tmp_path / "cache"), str(module)])
    first = len(HEAD.strip().splitlines()) + 1
    found = [int(line.split(":")[1]) - first for line in said.splitlines() if "Pair is a msgspec Struct" in line]
    assert found == list(range(len(WRONG))), said


def test_the_plugin_is_on() -> None:
    settings = tomllib.loads((HOME / "pyproject.toml").read_text())
    assert "scripts/structs.py" in settings["tool"]["mypy"]["plugins"]
