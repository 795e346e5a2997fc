"""Report, handover, status and device show, as operators type them."""

import json
import stat
from pathlib import Path

import pytest
from cli_house import House

TEXT = """\
schema: countermand/v1
id: no-tiktok
title: Remove [bold]TikTok[/bold]
issuer: Information Security
reason: Security risks.
prohibits: [{product: TikTok}]
applies_to: {devices: {reads_mail: false}}
consequence: CONSEQUENCE
due: {after: 7d}
stages: [{what: plan}]
notices: {rescinded: default}
"""
PEOPLE = """\
login,email,name,zone,locale,country,groups,employment
eve,eve@example.org,Eve [red]E,Europe/Berlin,de,DE,staff,employee
kim,kim@example.org,Kim,,,,staff,employee
"""
DEVICES = """\
serial,login,platform,model,ownership,enrollment,eas_id,apps,observed_at
F2LX1,eve,ios,iPhone,corporate,supervised,ApplF2LX1,com.zhiliaoapp.musically,2020-07-01T00:00:00Z
"""


@pytest.fixture
def issued(house: House) -> House:
    """A directive issued to two people, one of them with a phone that has the app; nobody has been told yet."""
    return ordered(house, "hand_over")


def ordered(house: House, consequence: str) -> House:
    for name, text in (("people", PEOPLE), ("devices", DEVICES), ("no-tiktok", TEXT.replace("CONSEQUENCE", consequence))):
        (house.folder / f"{name}.csv").write_text(text)
    house.ask("ann", "import", "people", str(house.folder / "people.csv"))
    house.ask("ann", "import", "devices", str(house.folder / "devices.csv"))
    house.ask("ann", "write", str(house.folder / "no-tiktok.csv"))
    house.ask("ann", "propose", "no-tiktok", "--expected-people", "1")
    for who in ("bo", "cy"):
        house.ask(who, "approve", "no-tiktok", "--key", house.key(who))
    house.ask("di", "issue", "no-tiktok", "--expected-people", "1")
    return house


def test_status_in_tables_and_for_programs(issued: House) -> None:
    shown = issued.run("di", "status")
    assert shown.exit_code == 0, shown.output
    for word in ("no-tiktok", "issued, notice", "No gate has ever reported", "Last entries"):
        assert word in shown.stdout
    found = issued.ask("bo", "status", "no-tiktok")
    (one,) = found["directives"]
    assert (one["state"], one["promised"], one["told"], one["denied"]) == ("issued", 1, 0, 0)
    assert one["devices"]["in_grace"] == 1
    assert found["tail"] == []  # an approver may not read the ledger


def test_a_report_in_every_form(issued: House) -> None:
    text = issued.run("di", "report", "no-tiktok")
    assert text.exit_code == 0, text.output
    for word in ("Remove [bold]TikTok[/bold]", "to be denied by others", "waiting", "<5", "plan"):
        assert word in text.stdout
    as_json = json.loads(issued.run("di", "report", "no-tiktok", "--format", "json").stdout)
    assert as_json == {**issued.ask("di", "report", "no-tiktok"), "at": as_json["at"]}
    assert as_json["totals"]["in_grace"] == 1
    assert issued.run("di", "report", "no-tiktok", "--format", "csv").stdout.startswith('"directive","as_of"')
    page = issued.folder / "report.html"
    issued.run("di", "report", "no-tiktok", "--format", "html", "--out", str(page))
    assert page.read_text().startswith("<!doctype html>")
    shown = issued.ask("di", "report", "no-tiktok", "--smallest", "1")
    assert shown["smallest"] == 1
    assert "<5" not in json.dumps(shown["breakdowns"])


def test_a_list_is_numbered_kept_private_and_undone(issued: House) -> None:
    file = issued.folder / "list.csv"
    rehearsed = issued.run("di", "handover", "no-tiktok", "--dry-run")
    assert "Nothing was changed." in rehearsed.stdout
    made = issued.run("di", "handover", "no-tiktok", "--format", "csv", "--out", str(file))
    assert made.exit_code == 0, made.output
    assert "Receipt 1 of no-tiktok" in made.stdout
    assert '"add","app","","ios","app","com.zhiliaoapp.musically"' in file.read_text()
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert "Nothing has changed" in issued.run("di", "handover", "no-tiktok").stdout
    again = issued.run("di", "handover", "no-tiktok", "--since", "0")
    assert again.stdout.startswith('"directive"')
    assert "Receipt 2" in again.stderr
    undone = issued.ask("ann", "handover", "no-tiktok", "--undo")
    assert (undone["receipt"], undone["adds"], undone["held"]) == (3, 0, 0)
    assert undone["removes"] > 0


@pytest.mark.parametrize(
    ("words", "code", "exit_code"),
    [
        (["report", "no-tiktok", "--format", "pdf"], "unknown-format", 2),
        (["handover", "no-tiktok", "--format", "text"], "unknown-format", 2),
        (["handover", "no-tiktok", "--since", "7"], "unknown-receipt", 2),
        (["report", "no-such"], "not-found", 2),
        (["report", "no-tiktok", "--format", "csv", "--out", "/nonexistent/report.csv"], "unwritable-file", 2),
        (["device", "show", "nobody"], "not-found", 2),
    ],
)
def test_what_cannot_be_is_refused_by_its_code(issued: House, words: list[str], code: str, exit_code: int) -> None:
    done = issued.run("di", *words)
    assert (done.exit_code, f"[{code}]" in done.stderr) == (exit_code, True), done.output


def test_the_help_desk_sees_one_phone_and_the_look_is_recorded(issued: House) -> None:
    shown = issued.run("di", "device", "show", "eve", "--case", "HD-4711")
    assert shown.exit_code == 0, shown.output
    for word in ("Device #0", "Eve [red]E", "eas:ApplF2LX1", "every app", "in_grace", "com.zhiliaoapp.musically"):
        assert word in shown.stdout
    assert issued.ask("di", "device", "show", "serial:F2LX1")["devices"][0]["ordinal"] == 0
    assert "has no device" in issued.run("di", "device", "show", "kim").stdout
    looks = issued.ask("di", "ledger", "show", "--kind", "looked-up", "--subject", "person:eve")
    assert [one["entry"]["about"]["case"] for one in looks] == ["", "HD-4711"]
    refused = issued.run("bo", "device", "show", "eve")
    assert refused.exit_code == 3


def test_the_configuration_sets_the_smallest_count(issued: House) -> None:
    file = issued.folder / "countermand.toml"
    file.write_text(file.read_text() + "\n[reports]\nsmallest = 2\n")
    assert issued.ask("di", "report", "no-tiktok")["smallest"] == 2


def test_a_list_for_exchange_is_a_script(house: House, tmp_path: Path) -> None:
    ordered(house, "deny_mail")
    made = house.run("di", "handover", "no-tiktok", "--format", "exchange-ps")
    assert "Nothing has changed: 0 entries" in made.stdout  # nobody was told, so nobody is denied


def test_a_notice_is_written_as_the_name_of_its_file_says(issued: House) -> None:
    made = {ending: issued.folder / f"notice{ending}" for ending in (".png", ".html", ".txt")}
    for file in made.values():
        issued.ask("bo", "notices", "preview", "no-tiktok", "--language", "ar", "--out", str(file))
    picture = made[".png"].read_bytes()
    assert picture.startswith(b"\x89PNG")
    assert int.from_bytes(picture[16:20], "big") == 680
    assert 'dir="rtl"' in made[".html"].read_text("utf-8")
    assert "TikTok" in made[".txt"].read_text("utf-8")
