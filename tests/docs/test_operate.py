"""The page for three in the morning: every command on it exists, every check, metric and code that it explains is real."""

import re
from pathlib import Path
from typing import Any

import pytest
import typer

from countermand.cli.app import app
from countermand.core.codes import CODES
from countermand.gates.metrics import _KNOWN as GATE_METRICS
from countermand.lib.steps import KNOWN as WORKER_METRICS
from countermand.reads.metrics import KNOWN

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "docs/operate.md").read_text(encoding="utf-8")
COMMANDS = sorted(
    {line.removeprefix("$ ") for line in PAGE.splitlines() if line.startswith("$ countermand ")}
    | set(re.findall(r"`(countermand [^`]+)`", PAGE))
)


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_on_the_page_exists(command: str) -> None:
    found: Any = typer.main.get_command(app)
    _, *words = command.split(" > ")[0].split()
    while hasattr(found, "commands") and words:
        name, *words = words
        assert name in found.commands, f"{command}: there is no {name}"
        found = found.commands[name]
    known = {option for parameter in found.params for option in parameter.opts}
    assert {word for word in words if word.startswith("--")} <= known


def test_the_three_ways_to_stop_come_first() -> None:
    halt, rescind, stop_file = (PAGE.index(text) for text in ("countermand halt", "countermand rescind", "touch "))
    assert halt < rescind < stop_file < PAGE.index("## What is wrong")


def test_every_metric_is_explained_and_every_one_explained_exists() -> None:
    named = set(re.findall(r"`(countermand_\w+)(?:\{\w+\})?`", PAGE))
    assert named == {*KNOWN, *WORKER_METRICS}
    assert not named & set(GATE_METRICS)


def test_every_check_of_readiness_is_explained() -> None:
    source = (ROOT / "src/countermand/reads/condition.py").read_text(encoding="utf-8")
    checks = set(re.findall(r'(?:_check|Check)\("(\w+)"', source))
    assert checks == {"database", "publisher", "ledger", "disk", "certificates"}
    section = PAGE[PAGE.index("## Readiness") : PAGE.index("## Metrics")]
    assert checks <= set(re.findall(r"^\| `(\w+)`", section, re.MULTILINE))


def test_every_code_on_the_page_is_one() -> None:
    table = PAGE[PAGE.index("## What is wrong") : PAGE.index("## Readiness")]
    codes = set(re.findall(r"`([a-z]+(?:-[a-z]+)+)`", table)) - {"feed-lost", "feed-refused", "step-failed"}
    assert codes
    assert {code for code in codes if code not in CODES and not code.startswith("countermand-")} == set()
