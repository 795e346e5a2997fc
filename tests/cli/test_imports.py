"""Bringing in a company through the command line: counts, refusals with their places, and nothing half-applied."""

from pathlib import Path

import pytest
from cli_house import House

import behind

PEOPLE = """\
login,email,name,zone,locale,country,groups,employment
ann,ann@example.org,Ann,Europe/Berlin,de,DE,all-staff,employee
bob,bob@example.org,Bob,America/Los_Angeles,en,US,all-staff;finance,employee
"""
DEVICES = """\
serial,login,platform,model,ownership,enrollment,eas_id,apps,observed_at
F1,ann,ios,iPhone 11,corporate,supervised,ApplF1,com.zhiliaoapp.musically,2026-01-01T00:00:00Z
F2,bob,android,Pixel,corporate,supervised,andF2,com.whatsapp,2026-01-01T00:00:00Z
"""


def written(house: House, name: str, text: str | bytes) -> Path:
    file = house.folder / name
    file.write_bytes(text if isinstance(text, bytes) else text.encode())
    return file


def rows(house: House) -> tuple[int, int]:
    """(people, devices) in the database."""
    counts = [behind.ask(house.database, f"SELECT count(*) FROM store_{table}")[0][0] for table in ("person", "device")]
    return counts[0], counts[1]


def test_a_company_is_brought_in(house: House) -> None:
    people, devices = written(house, "people.csv", PEOPLE), written(house, "devices.csv", DEVICES)
    assert house.ask("ann", "import", "people", str(people), "--dry-run")["added"] == 2
    assert rows(house) == (0, 0)
    assert house.ask("ann", "import", "people", str(people))["added"] == 2
    assert house.ask("ann", "import", "devices", str(devices))["added"] == 2
    assert rows(house) == (2, 2)
    again = house.ask("ann", "import", "people", str(people))
    assert (again["rows"], again["added"], again["changed"]) == (2, 0, 0)


def test_groups_within_groups(house: House) -> None:
    house.ask("ann", "import", "people", str(written(house, "people.csv", PEOPLE)))
    nesting = written(house, "groups.csv", "group,member_of\nfinance,headquarters\n")
    assert house.ask("ann", "import", "groups", str(nesting))["added"] == 1
    cyclic = written(house, "cyclic.csv", "group,member_of\nfinance,headquarters\nheadquarters,finance\n")
    refused = house.run("ann", "import", "groups", str(cyclic))
    assert refused.exit_code == 2
    assert "finance" in refused.stderr
    assert "headquarters" in refused.stderr


@pytest.mark.parametrize(
    ("text", "place"),
    [
        (PEOPLE.replace("Europe/Berlin", "Mars"), ":2 (zone)"),
        (PEOPLE.replace(",US,", ",USA,"), ":3 (country)"),
        (PEOPLE.replace("bob,bob@", "ann,bob@"), ":3 (login)"),
        (PEOPLE.replace(",", ";"), ":1"),
        (PEOPLE.replace("login,", "logon,"), ":1"),
        (b"\xff\xfe" + PEOPLE.encode("utf-16-le"), ""),
        (PEOPLE + "x" * 200_000 + "\n", ":4"),
    ],
    ids=["zone", "country", "twice", "delimiter", "column", "encoding", "long"],
)
def test_one_bad_row_keeps_everything_out(house: House, text: str | bytes, place: str) -> None:
    file = written(house, "people.csv", text)
    refused = house.run("ann", "import", "people", str(file))
    assert refused.exit_code == 2, refused.output
    assert f"people.csv{place}" in refused.stderr
    assert len(refused.stderr) < 5_000
    assert rows(house) == (0, 0)


def test_a_byte_order_mark_does_no_harm(house: House) -> None:
    file = written(house, "people.csv", b"\xef\xbb\xbf" + PEOPLE.encode())
    assert house.ask("ann", "import", "people", str(file))["added"] == 2


def test_a_file_that_is_not_there(house: House) -> None:
    refused = house.run("ann", "import", "people", str(house.folder / "none.csv"))
    assert refused.exit_code == 2
    assert "none.csv" in refused.stderr


def test_what_looks_doubtful_waits_for_a_second_look(house: House) -> None:
    many = PEOPLE + "".join(f"p{n},p{n}@example.org,P,,,US,all-staff,employee\n" for n in range(50))
    house.ask("ann", "import", "people", str(written(house, "people.csv", many)))
    few = written(house, "few.csv", PEOPLE)
    held = house.run("ann", "import", "people", str(few))
    assert held.exit_code == 5
    assert "--confirm" in held.stderr
    assert house.run("ann", "import", "people", str(few), "--confirm").exit_code == 0
    assert house.run("ann", "import", "people", str(few), "--part").exit_code == 0


def test_what_was_brought_in_is_foreseen(house: House) -> None:
    house.ask("ann", "import", "people", str(written(house, "people.csv", PEOPLE)))
    house.ask("ann", "import", "devices", str(written(house, "devices.csv", DEVICES)))
    order = "schema: countermand/v1\nid: x\ntitle: X\nissuer: I\nreason: R\nprohibits: [{product: TikTok}]\n"
    house.ask(
        "ann",
        "write",
        str(written(house, "x.yaml", order + "consequence: deny_mail\ndue: {after: 7d}\nnotices: {rescinded: default}\n")),
    )
    seen = house.ask("di", "preview", "x")
    assert (seen["audience"], seen["scope"], seen["proposed"]) == (2, 2, 1)
    assert seen["by"]["country"]["DE"]["in_grace"] == 1
    shown = house.run("di", "preview", "x", "--by", "group").stdout
    assert "By group" in shown
    assert "finance" in shown


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_another_table_is_read_as_ours_or_nothing_of_it(house: House) -> None:
    hr = written(
        house, "hr.csv", "Account,Note,email,name,zone,locale,country,groups,Kind\nann,x,a@example.org,Ann,UTC,de,DE,staff,FTE\n"
    )
    how = '[columns]\nlogin = "Account"\nemployment = "Kind"\n[values.employment]\nFTE = "employee"\n'
    assert house.ask("ann", "import", "people", str(hr), "--map", str(written(house, "hr.toml", how)))["added"] == 1
    mdm = written(house, "mdm.csv", "Serial,login,model,enrollment,When\nF1,ann,iPhone,supervised,2026-01-01T00:00:00Z\n")
    how = '[columns]\nserial = "Serial"\nobserved_at = "When"\n'
    how += '[fixed]\nplatform = "ios"\nownership = "corporate"\neas_id = ""\napps = ""\n'
    wrong = house.run(
        "ann", "import", "devices", str(mdm), "--map", str(written(house, "wrong.toml", how.replace("Serial", "serial no")))
    )
    assert (wrong.exit_code, "mapping-missing" in wrong.stderr) == (2, True)
    assert rows(house) == (1, 0)
    assert house.ask("ann", "import", "devices", str(mdm), "--map", str(written(house, "mdm.toml", how)))["added"] == 1
    assert rows(house) == (1, 1)
