"""Backup, restore, upgrade, keys and the configuration's check, as whoever keeps the installation types them."""

import json

import pytest
from cli_house import House

pytestmark = [
    pytest.mark.parametrize("house", ["in process"], indirect=True),
    pytest.mark.parametrize("database", ["sqlite"], indirect=True),
]


def test_an_evening_of_keeping(house: House) -> None:
    file = str(house.folder / "a.backup")
    assert house.ask("di", "backup", file, "--dry-run")["rows"] > 5
    assert house.ask("di", "backup", file)["secrets"] is False
    assert house.run("di", "backup", file).exit_code == 4, "a backup never replaces another"
    assert house.run("bo", "backup", file + "2").exit_code == 3, "an approver keeps nothing"
    assert house.ask("di", "upgrade", "--check")["steps"] == []
    assert {key["name"] for key in house.ask("di", "keys", "list")} == {"root", "ledger"}
    for key in ("feed", "ledger", "ledger"):
        foreseen = house.ask("ann", "keys", "rotate", key, "--dry-run")
        assert foreseen["replaces"] != house.ask("ann", "keys", "rotate", key)["public"]
    assert house.run("di", "keys", "rotate", "feed").exit_code == 3
    house.ask("di", "ledger", "seal")
    assert house.run("di", "ledger", "verify").exit_code == 0, "what every key before signed is believed"
    assert [key["in_use"] for key in house.ask("di", "keys", "list") if key["name"] == "ledger"] == [False, False, True]

    refused = house.run("di", "restore", file)
    assert (refused.exit_code, "restore-over-live" in refused.output) == (4, True)
    assert house.run("di", "restore", file, "--dry-run").exit_code == 4, "a rehearsal meets every refusal"
    before = house.ask("di", "ledger", "show")
    tried = house.run("di", "restore", file, "--replace", "--dry-run")
    assert tried.stdout.startswith("Nothing was changed. If it were: ")
    assert "kept under another name" in tried.stdout
    assert house.ask("di", "ledger", "show") == before
    done = house.ask("di", "restore", file, "--replace")
    assert done["epoch"] > 1
    house.ask("di", "ledger", "seal")
    assert house.run("di", "ledger", "verify").exit_code == 0
    kinds = [entry["entry"]["kind"] for entry in house.ask("di", "ledger", "show")]
    assert kinds[0] == "restored"


def test_the_configurations_check_and_the_units(house: House) -> None:
    found = json.loads(house.run("", "config", "check", "--json").stdout)
    assert found["values"]["origin"] == "test.example"
    (house.folder / "password").write_text("x")
    (house.folder / "password").chmod(0o644)
    file = house.folder / "countermand.toml"
    file.write_text(file.read_text() + '[smtp]\npassword_file = "password"\n')
    checked = house.run("", "config", "check")
    assert (checked.exit_code, "chmod 600" in checked.output) == (2, True)
    assert house.run("", "units", "systemd", "serve").stdout.startswith("[Unit]\n")
