"""The stop button without the tree of commands: what it takes for its plain form, and that both ways say and do the same."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
from cli_house import House

from countermand.cli import stopping

here = pytest.mark.parametrize("house", ["in process"], indirect=True)
anywhere = pytest.mark.parametrize("database", ["sqlite"], indirect=True)

TEXT = """\
schema: countermand/v1
id: {}
title: Remove TikTok
issuer: Information Security
reason: Security risks.
prohibits: [{{product: TikTok}}]
consequence: report_only
due: {{after: 7d}}
notices: {{rescinded: default}}
"""


@pytest.fixture
def issued(house: House) -> House:
    for name in ("one", "two"):
        file = house.folder / f"{name}.yaml"
        file.write_text(TEXT.format(name))
        house.ask("ann", "write", str(file))
        house.ask("ann", "propose", name, "--expected-people", "0")
        for who in ("bo", "cy"):
            house.ask(who, "approve", name, "--key", house.key(who))
        house.ask("di", "issue", name)
    return house


@anywhere
@here
def test_both_ways_say_and_do_the_same(
    issued: House, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("COUNTERMAND_CONFIG", str(issued.folder / "countermand.toml"))

    def at_once(who: str, *words: str) -> tuple[int, str, str]:
        monkeypatch.setenv("COUNTERMAND_TOKEN", issued.tokens.get(who, ""))
        with pytest.raises(SystemExit) as ended:
            stopping.at_once(list(words))
        said = capsys.readouterr()
        return int(str(ended.value.code)), said.out, said.err

    def by_the_tree(who: str, *words: str) -> tuple[int, str, str]:
        done = issued.run(who, *words)
        return done.exit_code, done.stdout, done.stderr

    for who, verb, *more in [
        ("di", "halt"),
        ("di", "halt"),
        ("di", "halt", "--json"),
        ("ann", "halt"),
        ("", "halt"),
        ("di", "rescind", "--ground", "because"),
        ("ann", "rescind", "--ground", "changed"),
        ("di", "rescind", "--ground", "changed"),
        ("di", "rescind", "--ground", "changed", "--json"),
    ]:
        assert at_once(who, verb, "one", *more) == tuple(
            part.replace("two", "one") if isinstance(part, str) else part for part in by_the_tree(who, verb, "two", *more)
        )
    assert at_once("di", "halt", "three") == by_the_tree("di", "halt", "three")
    kinds = [entry["entry"]["kind"] for entry in issued.ask("di", "ledger", "show")]
    assert (kinds.count("halted"), kinds.count("rescinded")) == (2, 2)


@pytest.mark.parametrize(
    "words",
    [
        ["halt"],
        ["halt", "--help"],
        ["halt", "x", "--dry-run"],
        ["halt", "x", "y"],
        ["halt", "x", "--ground", "changed"],
        ["halt", "x", "--config"],
        ["halt", "-x"],
        ["rescind", "x"],
        ["rescind", "x", "--ground"],
        ["rescind", "--ground", "changed"],
        ["rescind", "x", "--ground=changed"],
        ["rescind", "x", "--ground", "changed", "--url", "https://example.org"],
    ],
)
def test_every_other_form_is_the_trees(words: list[str]) -> None:
    stopping.at_once(words)  # comes back


def test_words_may_come_in_any_order(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.delenv("COUNTERMAND_URL", raising=False)
    for words in (
        ["rescind", "x", "--ground", "changed", "--json", "--config", str(tmp_path / "none.toml")],
        ["rescind", "--config", str(tmp_path / "none.toml"), "--json", "--ground", "changed", "x"],
    ):
        with pytest.raises(SystemExit):
            stopping.at_once(words)
        assert json.loads(capsys.readouterr().err)["errors"][0]["code"] == "config-missing"


def test_the_stop_button_waits_for_no_tree_of_commands(tmp_path: Path) -> None:
    """What is loaded for the plain form, up to where the installation is opened."""
    program = (
        "import sys\nfrom countermand.cli import main\n"
        f"sys.argv = ['countermand', 'halt', 'x', '--config', {str(tmp_path / 'none.toml')!r}]\n"
        "try:\n    main()\nfinally:\n"
        "    print([name for name in ('typer', 'rich', 'pydantic', 'jsonschema') if name in sys.modules])"
    )
    shown = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=120)
    assert "error: " in shown.stderr
    assert shown.stdout.strip() == "[]"
