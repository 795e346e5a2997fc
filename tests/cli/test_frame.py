"""What every subcommand gets from the frame: options in either place, JSON, error words, exit codes."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import pytest
import typer
from typer.testing import CliRunner, Result

from countermand.cli import render
from countermand.cli.app import root
from countermand.cli.command import DryRun, command, group
from countermand.cli.session import Session, read_text
from countermand.core.coverage import Grade
from countermand.core.devices import Platform
from countermand.core.errors import Refused, RefusedMany, Where


@dataclass(frozen=True, slots=True)
class Seen:
    platform: Platform
    grade: Grade
    names: frozenset[str]
    blob: bytes
    at: int | None


SEEN = Seen(Platform.IOS, Grade.INVENTORY, frozenset({"b", "a"}), b"\x01\xff", None)


@command("try", ["countermand things try a --times 2", "countermand things try a [--dry-run]"])
def attempt(session: Session, name: Annotated[str, typer.Argument()], times: int = 1, dry_run: DryRun = False) -> None:
    """Try a thing."""
    session.show([SEEN] * times, lambda seen: render.table(["platform", "names"], [(s.platform, s.names) for s in seen]))
    session.say(f"{name} {dry_run} {session.moment(0)} {session.config_path}")


@command("refuse", ["countermand things refuse 2"])
def refuse(session: Session, count: int) -> None:
    """Refuse in one of several ways."""
    problems = [
        Refused("not-found", Where("a.yaml", line, 7, "due.zone"), what="zone", name=f"z{line}", nearest="UTC")
        for line in range(1, count + 1)
    ]
    if count == 0:
        raise ValueError("a [fault]")
    if count == 9:
        raise Refused("not-allowed", actor="ann", action="issue", roles="operator")
    raise problems[0] if count == 1 else RefusedMany(problems)


PROGRAM = typer.Typer(pretty_exceptions_enable=False)
PROGRAM.callback()(root)
PROGRAM.add_typer(group("things", "Things to try.", attempt, refuse))


def run(*arguments: str, **environment: str) -> Result:
    return CliRunner().invoke(PROGRAM, list(arguments), env=environment)


def test_people_get_a_table_and_the_next_step() -> None:
    shown = run("things", "try", "x", "--utc", "--dry-run")
    assert shown.exit_code == 0
    assert [line.split() for line in shown.stdout.splitlines()] == [
        ["platform", "names"],
        ["ios", "a,", "b"],
        ["x", "True", "1970-01-01", "00:00:00", "UTC", "countermand.toml"],
    ]


@pytest.mark.parametrize("line", [["--json", "things", "try", "x"], ["things", "try", "x", "--json"]])
def test_programs_get_one_json_value_and_nothing_else(line: list[str]) -> None:
    expected = {"platform": "ios", "grade": 2, "names": ["a", "b"], "blob": "01ff", "at": None}
    assert json.loads(run(*line).stdout) == [expected]


def test_the_configuration_is_named_by_option_then_environment() -> None:
    assert "env.toml" in run("things", "try", "x", COUNTERMAND_CONFIG="env.toml").stdout
    assert "opt.toml" in run("things", "try", "x", "--config", "opt.toml", COUNTERMAND_CONFIG="env.toml").stdout
    assert "opt.toml" in run("--config", "opt.toml", "things", "try", "x").stdout


def test_a_refusal_is_a_line_with_its_place_and_code() -> None:
    refused = run("things", "refuse", "1")
    assert refused.exit_code == 2
    assert refused.stdout == ""
    assert refused.stderr == "error: a.yaml:1:7 (due.zone): There is no zone 'z1'. Check the name; nearest: UTC. [not-found]\n"


def test_several_refusals_are_told_together() -> None:
    refused = run("things", "refuse", "3")
    assert refused.exit_code == 2
    assert [line.split(" ")[1] for line in refused.stderr.splitlines()] == ["a.yaml:1:7", "a.yaml:2:7", "a.yaml:3:7"]


def test_programs_get_refusals_as_json() -> None:
    refused = run("things", "refuse", "2", "--json")
    errors = json.loads(refused.stderr)["errors"]
    assert [error["code"] for error in errors] == ["not-found", "not-found"]
    assert errors[1]["where"] == {"file": "a.yaml", "line": 2, "column": 7, "field": "due.zone"}
    assert set(errors[0]) == {"code", "sentence", "remedy", "where"}


def test_the_exit_code_is_the_catalogue_s() -> None:
    assert run("things", "refuse", "9").exit_code == 3


def test_a_fault_of_ours_shows_no_traceback_but_keeps_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    failed = run("things", "refuse", "0")
    assert failed.exit_code == 70
    assert "Traceback" not in failed.stderr
    assert failed.stderr.startswith("error: countermand failed: ValueError: a [fault]. ")
    (log,) = tmp_path.glob("countermand-*.log")
    assert str(log) in failed.stderr
    assert "Traceback" in log.read_text()


def test_debug_shows_the_traceback(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    assert "Traceback" in run("things", "refuse", "0", "--debug").stderr


def test_a_mistyped_command_is_met_with_the_nearest() -> None:
    wrong = run("thinsg")
    assert wrong.exit_code == 2
    assert "Did you mean 'things'" in wrong.output


def test_help_has_the_words_the_options_and_the_examples() -> None:
    shown = run("things", "try", "--help").stdout
    assert "Try a thing." in shown
    assert "countermand things try a [--dry-run]" in shown
    for option in ("--config", "--json", "--utc", "--debug", "--dry-run", "--times"):
        assert option in shown


def test_markup_in_a_cell_is_only_text() -> None:
    from rich.console import Console

    console = Console(width=60)
    with console.capture() as shown:
        console.print(render.table(["name", "count"], [("[red]x[/red]", 1234), ("", None)]))
    assert "[red]x[/red]" in shown.get()
    assert "1,234" in shown.get()


def test_what_has_no_json_form_is_a_fault() -> None:
    with pytest.raises(TypeError, match="no JSON form"):
        render.as_json(object())


@pytest.mark.parametrize(("content", "why"), [(b"\xff\xfe", "not UTF-8"), (None, "No such file")])
def test_a_file_that_cannot_be_read_is_refused(tmp_path: Path, content: bytes | None, why: str) -> None:
    file = tmp_path / "x.yaml"
    if content is not None:
        file.write_bytes(content)
    with pytest.raises(Refused) as refused:
        read_text(file)
    assert refused.value.code == "unreadable-file"
    assert why in refused.value.sentence


def test_a_byte_order_mark_is_not_part_of_the_text(tmp_path: Path) -> None:
    file = tmp_path / "x.yaml"
    file.write_bytes(b"\xef\xbb\xbfid: a\n")
    assert read_text(file) == "id: a\n"
