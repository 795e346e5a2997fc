"""What is shipped to run it: systemd units that systemd itself accepts and rates, and a container recipe that keeps its word."""

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
UNITS = sorted((ROOT / "src/countermand/cli/units").glob("*.service"))
RECIPE = (ROOT / "deploy/Containerfile").read_text(encoding="utf-8")
#: systemd's own measure; 10 is a process that may everything, and under 2 it says OK.
_EXPOSED = 2.0


@pytest.mark.parametrize("unit", UNITS, ids=lambda unit: unit.stem)
def test_systemd_accepts_each_unit_and_finds_it_little_exposed(unit: Path, tmp_path: Path) -> None:
    analyze = shutil.which("systemd-analyze")
    if analyze is None:
        pytest.skip("systemd is not installed")
    here = tmp_path / unit.name
    here.write_text(unit.read_text().replace("/usr/local/bin/countermand", sys.executable))
    found = subprocess.run([analyze, "verify", str(here)], capture_output=True, text=True, timeout=60)
    assert (found.returncode, [line for line in found.stderr.splitlines() if unit.name in line]) == (0, [])
    rated = subprocess.run(
        [analyze, "security", "--offline=true", "--no-pager", str(here)], capture_output=True, text=True, timeout=60
    )
    level = re.search(r"exposure level for \S+: ([\d.]+)", rated.stdout)
    assert level is not None, rated.stderr
    assert float(level[1]) < _EXPOSED


def test_the_units_are_printed_and_are_files_in_deploy() -> None:
    from typer.testing import CliRunner

    from countermand.cli.app import app

    for unit in UNITS:
        which = unit.stem.removeprefix("countermand-")
        done = CliRunner().invoke(app, ["units", "systemd", which])
        assert done.stdout == unit.read_text() == (ROOT / "deploy/systemd" / unit.name).read_text()


def test_each_unit_runs_a_command_that_exists_as_an_account_of_its_own() -> None:
    from typer.testing import CliRunner

    from countermand.cli.app import app

    accounts = (ROOT / "deploy/systemd/countermand.sysusers.conf").read_text()
    for unit in UNITS:
        text = unit.read_text()
        words = re.search(r"^ExecStart=/usr/local/bin/countermand (.*)$", text, re.MULTILINE)
        assert words is not None
        command = re.sub(r"--config \S+", "", words[1]).split()
        assert CliRunner().invoke(app, [*command, "--help"]).exit_code == 0
        account = re.search(r"^User=(\S+)$", text, re.MULTILINE)
        assert account is not None
        assert f"u {account[1]} " in accounts


def test_a_gate_that_is_made_for_the_unit_writes_where_the_unit_may(tmp_path: Path) -> None:
    from countermand.flows.add_gate import NewGate, _settings
    from countermand.gates.config import load

    text = next(unit for unit in UNITS if "gate" in unit.name).read_text()
    state, run = (re.search(rf"^{name}Directory=(\S+)$", text, re.MULTILINE)[1] for name in ("State", "Runtime"))  # type: ignore[index]
    _settings(tmp_path / "gate.toml", NewGate("front-1", "127.0.0.1:8450", "https://x", unit=True))
    made = load(tmp_path / "gate.toml")
    assert (made.state_dir, made.stop_path) == (Path("/var/lib", state), Path("/var/lib", state, "stop"))
    assert made.sightings_socket == Path("/run", run, "sightings.sock")
    page = (ROOT / "docs/operate.md").read_text(encoding="utf-8")
    assert f"touch {made.stop_path}\n" in page, "the page for the night names this file"
    assert re.search(r"^ExecStart=.* --config /etc/countermand-gate/gate.toml$", text, re.MULTILINE)


def test_the_recipe_runs_as_nobody_special_from_hashed_locks() -> None:
    steps = [line.split(None, 1) for line in RECIPE.replace("\\\n", " ").splitlines() if line and not line.startswith("#")]
    last = dict(steps)
    assert last["USER"] == "10001:10001"
    assert last["ENTRYPOINT"] == '["countermand"]'
    installs = [rest for word, rest in steps if word == "RUN" and "pip install" in rest]
    assert installs
    assert all("--require-hashes" in one or "--no-index" in one for one in installs)
    assert all("--no-deps" in one for one in installs)  # a lock is whole: what is resolved anew has no hash
    for rest in (rest for word, rest in steps if word == "COPY" and "--from=" not in rest):
        *sources, _ = rest.split()
        assert all((ROOT / source).exists() for source in sources)
    locks = {name for one in installs for name in re.findall(r"-r (\S+)", one)}
    assert locks == {"requirements/run.txt", "requirements/build.txt"}
    assert all("--hash=sha256:" in (ROOT / lock).read_text() for lock in locks)
