"""What the help desk says of one device, and the doctor's round, through the command line."""

import json

import pytest
from cli_house import House

import behind

PEOPLE = """\
login,email,name,zone,locale,country,groups,employment
ann,ann@example.org,Ann,Europe/Berlin,de,DE,all-staff,employee
"""
DEVICES = """\
serial,login,platform,model,ownership,enrollment,eas_id,apps,observed_at
F1,ann,ios,iPhone 11,corporate,supervised,ApplF1,com.zhiliaoapp.musically,2026-01-01T00:00:00Z
F2,ann,ios,iPhone 11,personal,device,ApplF2,,2026-01-01T00:00:00Z
"""


@pytest.fixture
def fleet(house: House) -> House:
    for name, text in (("people", PEOPLE), ("devices", DEVICES)):
        file = house.folder / f"{name}.csv"
        file.write_text(text)
        house.ask("di", "import", name, str(file))
    return house


def test_a_statement_is_recorded_of_watched_apps_only(fleet: House) -> None:
    app = "ios:com.example.game"
    refused = fleet.run("di", "attest", "F2", "--app", app)
    assert "[app-not-watched]" in refused.stderr
    number = fleet.ask("ann", "watch", "propose", app, "--purpose", "advisory", "--until", "30d")["watch"]
    fleet.ask("bo", "watch", "agree", str(number))
    assert fleet.run("di", "attest", "F2", "--app", app, "--dry-run").exit_code == 0
    assert fleet.ask("di", "attest", "F2", "--app", app)["apps"] == [app]
    assert [shown["entry"]["kind"] for shown in fleet.ask("di", "ledger", "show", "--kind", "attested")] == ["attested"]
    (view,) = fleet.ask("di", "device", "show", "serial:F2")["devices"]
    assert "attestation" in {one["source"] for one in view["evidence"]}


@pytest.mark.parametrize("app", ["com.example.game", "symbian:x", "ios:"])
def test_an_app_is_named_with_its_platform(fleet: House, app: str) -> None:
    refused = fleet.run("di", "attest", "F1", "--app", app)
    assert refused.exit_code == 2
    assert "[app-form]" in refused.stderr


def test_a_retired_phone_is_gone_and_its_name_is_free(fleet: House) -> None:
    assert fleet.ask("di", "device", "retire", "F1", "--why", "replaced")["retired"] is True
    assert fleet.run("di", "device", "retire", "F1", "--why", "again").exit_code != 0
    assert fleet.run("di", "device", "bind", "F2", "eas:ApplF1").exit_code == 0


def test_a_name_is_one_device_s(fleet: House) -> None:
    refused = fleet.run("di", "device", "bind", "F2", "eas:ApplF1")
    assert "[identity-elsewhere]" in refused.stderr
    assert "[identity-form]" in fleet.run("di", "device", "bind", "F2", "ApplF1").stderr


def test_mail_gone_and_back(fleet: House) -> None:
    for words, expected in (([], True), (["--back"], False)):
        fleet.ask("di", "device", "mail-removed", "F1", *words)
        (view,) = fleet.ask("di", "device", "show", "serial:F1")["devices"]
        assert view["mail_removed"] is expected


def test_looking_at_a_device_is_for_the_help_desk_and_recorded(fleet: House) -> None:
    assert fleet.run("bo", "device", "show", "F1").exit_code == 3
    shown = fleet.run("di", "device", "show", "ann", "--case", "HD-1")
    assert "ApplF1" in shown.stdout
    assert "ApplF2" in shown.stdout
    (entry,) = fleet.ask("di", "ledger", "show", "--kind", "looked-up")
    assert entry["entry"]["about"]["case"] == "HD-1"


def test_the_doctor_finds_and_repairs_what_differs(fleet: House) -> None:
    assert fleet.ask("di", "doctor")["differences"] == []
    assert behind.execute(fleet.database, "DELETE FROM store_factset WHERE space = 'd' AND name = 'platform:ios'") == 1
    found = fleet.run("di", "doctor")
    assert found.exit_code == 6
    assert "platform:ios" in found.stdout
    assert fleet.ask("di", "doctor", "--repair")["repaired"] is True
    assert fleet.ask("di", "doctor")["differences"] == []


def test_nothing_waits_in_a_quiet_house(fleet: House) -> None:
    assert fleet.ask("di", "release", "list") == []
    refused = fleet.run("di", "release", "apply", "4")
    assert "[not-found]" in refused.stderr
    assert fleet.run("di", "release", "drop", "4").exit_code == 2


def test_status_speaks_of_everything(fleet: House) -> None:
    seen = fleet.ask("di", "status")
    assert seen["directives"] == []
    assert seen["drill"] is False
    assert fleet.run("di", "status", "no-such-order").exit_code == 2


def test_a_person_s_file_is_given_and_kept_from_others(fleet: House) -> None:
    held = fleet.ask("di", "person", "export", "ann", "--case", "DSR-12")
    assert held["person"]["login"] == "ann"
    assert len(held["devices"]) == 2
    file = fleet.folder / "ann.json"
    assert "2 devices" in fleet.run("di", "person", "export", "ann", "--out", str(file)).stdout
    assert json.loads(file.read_text())["ledger"][0]["kind"] == "person-exported"
    assert "[not-allowed]" in fleet.run("bo", "person", "export", "ann").stderr
