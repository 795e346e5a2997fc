"""The command tree as a person meets it: complete, explained, quick to start, completed by the shell."""

import os
import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import pytest
import typer.main

from countermand.cli.app import app

#: What the product says it can do; a command that disappears is a broken promise.
PROMISED = [
    "init",
    "operator",
    "token",
    "import",
    "source",
    "catalog",
    "schema",
    "write",
    "propose",
    "preview",
    "approve",
    "issue",
    "status",
    "report",
    "handover",
    "halt",
    "resume",
    "exempt",
    "attest",
    "protect",
    "withdraw",
    "supersede",
    "rescind",
    "release",
    "device",
    "gate",
    "serve",
    "worker",
    "ledger",
    "doctor",
    "orders",
    "drill",
]


def leaves(node: Any, path: tuple[str, ...] = ()) -> Iterator[tuple[str, Any]]:
    children = getattr(node, "commands", None)
    if children is None:
        yield " ".join(path), node
        return
    for name, child in children.items():
        yield from leaves(child, (*path, name))


LEAVES = dict(leaves(typer.main.get_command(app)))


def countermand(*arguments: str, **environment: str) -> "subprocess.CompletedProcess[str]":
    """The installed entry point, in a process of its own."""
    beside = os.path.join(os.path.dirname(sys.executable), "countermand")
    return subprocess.run([beside, *arguments], capture_output=True, text=True, env={**os.environ, **environment}, timeout=120)


@pytest.mark.parametrize("name", PROMISED)
def test_the_promised_command_is_there(name: str) -> None:
    assert name in typer.main.get_command(app).commands  # type: ignore[attr-defined]


@pytest.mark.parametrize("path", sorted(LEAVES))
def test_a_command_says_what_it_does_and_shows_it(path: str) -> None:
    node = LEAVES[path]
    assert node.help
    assert node.help.strip().endswith(".")
    assert f"countermand {path}" in (node.epilog or "")


@pytest.mark.parametrize("path", sorted(LEAVES))
def test_every_argument_and_option_is_explained(path: str) -> None:
    assert [parameter.name for parameter in LEAVES[path].params if not parameter.hidden and not parameter.help] == []


@pytest.mark.parametrize("path", sorted(LEAVES))
def test_every_command_has_a_machine_form(path: str) -> None:
    names = {parameter.name for parameter in LEAVES[path].params}
    assert {"config", "json", "utc", "debug"} <= names


def test_help_through_the_entry_point() -> None:
    shown = countermand("--help")
    assert shown.returncode == 0
    for name in PROMISED:
        assert name in shown.stdout


def test_version() -> None:
    assert countermand("--version").stdout.strip().count(".") == 2


def test_the_tree_loads_without_what_commands_need() -> None:
    """A quick start: the framework, the database and the core's data load only when a command runs."""
    heavy = ["django", "countermand.store", "countermand.flows", "countermand.reads", "cryptography", "jsonschema"]
    program = f"import sys, countermand.cli.app; print([name for name in {heavy} if name in sys.modules])"
    shown = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True, timeout=120)
    assert shown.stdout.strip() == "[]"


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_the_shell_can_be_taught(shell: str) -> None:
    shown = countermand(_COUNTERMAND_COMPLETE=f"source_{shell}")
    assert shown.returncode == 0
    assert "countermand" in shown.stdout


def test_the_shell_completes_a_command() -> None:
    shown = countermand(_COUNTERMAND_COMPLETE="complete_bash", COMP_WORDS="countermand resc", COMP_CWORD="1")
    assert "rescind" in shown.stdout.split()


def test_without_an_installation_it_says_how_to_make_one(tmp_path: Any) -> None:
    shown = countermand("status", "--config", str(tmp_path / "countermand.toml"))
    assert shown.returncode == 2
    assert shown.stderr.startswith("error: ")
    assert "countermand init" in shown.stderr
