"""Setting up a house and its accounts, as an administrator meets it."""

import json
from pathlib import Path

import pytest
from cli_house import House
from typer.testing import CliRunner

import behind
from countermand.cli.app import app


def test_init_writes_what_it_needs_and_says_what_to_do_next(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("COUNTERMAND_CONFIG", raising=False)
    made = CliRunner().invoke(app, ["init", "--origin", "test.example"])
    assert made.exit_code == 0, made.output
    assert 'origin = "test.example"' in (tmp_path / "countermand.toml").read_text()
    assert (tmp_path / "state/countermand.sqlite3").is_file()
    for words in ("export COUNTERMAND_TOKEN=", "countermand import people", "countermand preview"):
        assert words in made.stdout
    again = CliRunner().invoke(app, ["init"])
    assert again.exit_code != 0
    assert "[already-set-up]" in again.stderr
    (tmp_path / "countermand.toml").unlink()
    from countermand.store.setup import close_store

    close_store()


def test_a_token_is_shown_once_and_not_kept(house: House) -> None:
    database = behind.every_byte(house.database)
    for token in house.tokens.values():
        assert len(token) >= 40
        assert token.encode() not in database


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (["--operator", "ann=administrator"], "first-operators"),
        (["--operator", "ann=administrator", "--operator", "bo=administrator"], "first-operators"),
        (["--operator", "ann=administrator", "--operator", "bo=boss"], "unknown-role"),
        (["--operator", "ann"], "not-a-pair"),
        (["--key", "zoe=zoe.pub"], "not-found"),
        (["--operator", "ann=administrator", "--operator", "bo=approver", "--key", "bo=none.pub"], "unreadable-file"),
    ],
)
def test_init_refuses_what_cannot_begin(tmp_path: Path, words: list[str], code: str) -> None:
    refused = CliRunner().invoke(app, ["init", "--config", str(tmp_path / "c.toml"), *words])
    assert refused.exit_code in (2, 3, 4)
    assert f"[{code}]" in refused.stderr
    assert not (tmp_path / "state").exists()


def test_accounts_are_added_listed_and_closed(house: House) -> None:
    token = house.ask("ann", "operator", "add", "eve", "--role", "helpdesk", "--role", "author")["token"]
    listed = {one["name"]: one for one in house.ask("ann", "operator", "list")}
    assert (listed["eve"]["roles"], listed["eve"]["wanted"]["roles"]) == ([], ["author", "helpdesk"])
    assert listed["eve"]["may_approve_from"] > listed["eve"]["added"]
    house.tokens["eve"] = token
    assert house.run("eve", "operator", "list").exit_code == 3
    assert house.ask("bo", "operator", "agree", "eve")["since"] > listed["eve"]["added"]
    assert "eve stays what it is: without a role." in house.run("bo", "operator", "stop", "eve").stdout
    assert "operator agree cy" in house.run("ann", "operator", "roles", "cy", "--role", "author", "--role", "operator").stdout
    assert house.run("ann", "operator", "close", "eve").exit_code == 0
    refused = house.run("eve", "operator", "list")
    assert refused.exit_code == 3
    assert "[unknown-token]" in refused.stderr


def test_who_may_not_is_told_who_may(house: House) -> None:
    refused = house.run("bo", "operator", "add", "eve", "--role", "author")
    assert refused.exit_code == 3
    assert "administrator" in refused.stderr
    assert "[not-allowed]" in refused.stderr


def test_without_a_token_nothing_is_shown(house: House) -> None:
    refused = house.run("", "operator", "list")
    assert refused.exit_code == 3
    assert "COUNTERMAND_TOKEN" in refused.stderr
    assert refused.stdout == ""


def test_another_key_waits_before_it_counts(house: House) -> None:
    since = house.ask("ann", "operator", "key", "cy", house.key("cy") + ".pub")["may_approve_from"]
    assert {one["name"]: one["may_approve_from"] for one in house.ask("ann", "operator", "list")}["cy"] == since


def test_the_ledger_is_shown_sealed_exported_and_proved(house: House) -> None:
    assert house.ask("di", "ledger", "seal", "--dry-run") == {"sealed": 5, "note": ""}
    assert house.ask("di", "ledger", "seal")["sealed"] == 5
    assert "Nothing waits" in house.run("di", "ledger", "seal", "--dry-run").stdout
    kinds = [shown["entry"]["kind"] for shown in house.ask("di", "ledger", "show")]
    assert kinds == ["operator-added"] * 4 + ["installed"]
    assert house.ask("di", "ledger", "verify")["entries"] == 5
    export = house.folder / "export"
    assert house.ask("di", "ledger", "export", str(export))["entries"] == 5
    own = str(house.folder / "state/keys/ledger.key.pub")
    assert house.ask("", "ledger", "verify", str(export), "--key", own)["entries"] == 5
    proof = house.folder / "entry.tlog-proof"
    proof.write_text(house.run("di", "ledger", "prove", "2").stdout)
    assert house.ask("", "ledger", "check", str(proof), "--key", own)["leaf"] == 2


def test_a_changed_byte_in_an_export_is_found(house: House) -> None:
    house.run("di", "ledger", "seal")
    export = house.folder / "export"
    house.run("di", "ledger", "export", str(export))
    (entries,) = [file for file in (export / "tile/entries").rglob("*") if file.is_file()]
    content = bytearray(entries.read_bytes())
    content[20] ^= 1
    entries.write_bytes(bytes(content))
    found = house.run("", "ledger", "verify", str(export))
    assert found.exit_code == 6
    assert "[ledger-" in found.stderr


def test_a_gate_is_let_in_once(house: House) -> None:
    into = house.folder / "front-1"
    assert house.run("di", "gate", "add", "front-1", "--into", str(into), "--dry-run").exit_code == 0
    assert not into.exists()
    made = house.ask("di", "gate", "add", "front-1", "--into", str(into))
    assert Path(made["config"]) == into / "gate.toml"
    assert (into / "token").stat().st_mode & 0o077 == 0
    again = house.run("di", "gate", "add", "front-1", "--into", str(house.folder / "other"))
    assert again.exit_code == 4
    assert "[gate-exists]" in again.stderr
    assert json.loads(house.run("di", "gate", "list", "--json").stdout) == []
