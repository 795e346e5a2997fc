"""``scripts/setup`` on a machine that has everything, and on one that has nothing and may install nothing."""

import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """The parts of a clone that setup reads, and stand-ins on PATH for what would change the machine."""
    for name in ("scripts", "requirements"):
        shutil.copytree(ROOT / name, tmp_path / name)
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    (tmp_path / "bin").mkdir()
    for tool in ("bash", "cat", "cp", "cut", "dirname", "env", "id", "mkdir", "sed", "sha256sum"):
        (tmp_path / "bin" / tool).symlink_to(shutil.which(tool) or tool)
    return tmp_path


def stand_in(tree: Path, name: str, body: str) -> None:
    file = tree / "bin" / name
    file.unlink(missing_ok=True)
    file.write_text(f"#!/bin/bash\n{body}\n")
    file.chmod(0o755)


def setup(tree: Path, purpose: str = "run") -> "subprocess.CompletedProcess[str]":
    command = ["/bin/bash", str(tree / "scripts/setup"), *([purpose] if purpose else [])]
    return subprocess.run(
        command, env={"PATH": str(tree / "bin"), "HOME": str(tree)}, capture_output=True, text=True, timeout=120
    )


def test_a_second_run_finds_nothing_to_do(tree: Path) -> None:
    stand_in(tree, "dpkg-query", "echo -n 'install ok installed'")
    stand_in(
        tree, "python3", f'mkdir -p {tree}/.venv/bin && cp {tree}/bin/python3 {tree}/.venv/bin/python; echo "$@" >> {tree}/calls'
    )
    first = setup(tree)
    assert first.returncode == 0, first.stderr
    calls = (tree / "calls").read_text()
    assert calls.count("--require-hashes") == 2
    assert "--no-deps --no-build-isolation -e ." in calls
    assert setup(tree).returncode == 0
    assert (tree / "calls").read_text() == calls


def test_a_changed_lock_is_installed_again(tree: Path) -> None:
    test_a_second_run_finds_nothing_to_do(tree)
    before = (tree / "calls").read_text()
    with (tree / "requirements/run.txt").open("a") as lock:
        lock.write("# changed\n")
    assert setup(tree).returncode == 0
    assert len((tree / "calls").read_text()) > len(before)


def test_without_root_or_sudo_it_says_what_is_missing(tree: Path) -> None:
    stand_in(tree, "dpkg-query", "exit 1")
    stand_in(tree, "id", "echo 1000")
    refused = setup(tree)
    assert refused.returncode == 1
    assert "nginx" in refused.stderr


@pytest.mark.parametrize("purpose", ["", "everything"])
def test_the_purpose_is_named(tree: Path, purpose: str) -> None:
    refused = setup(tree, purpose)
    assert refused.returncode != 0
    assert "usage" in refused.stderr
