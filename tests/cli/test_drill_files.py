"""A drill's company is the same company in either form of its files."""

import csv
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from countermand.cli.drill import company, parquet, story
from countermand.cli.drill.cast import MadeUp
from countermand.cli.drill.company import Phone
from countermand.cli.drill.house import OPENS
from countermand.cli.drill.story import Plan

CAST = MadeUp(people=300, seed=7)


def listed(path: Path) -> list[dict[str, str]]:
    with path.open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def test_the_same_people(tmp_path: Path) -> None:
    assert company.write_people(tmp_path / "people.csv", CAST.employees()) == 299
    assert parquet.write_people(tmp_path / "people.parquet", CAST.employees()) == 299
    rows = pq.read_table(tmp_path / "people.parquet").to_pylist()
    assert [row | {"groups": ";".join(row["groups"])} for row in rows] == listed(tmp_path / "people.csv")


@pytest.mark.parametrize("removed", [False, True])
def test_the_same_phones_and_apps(tmp_path: Path, removed: bool) -> None:
    count = company.write_devices(tmp_path / "devices.csv", CAST.phones(), OPENS, removed=removed)
    assert parquet.write_devices(tmp_path / "devices", CAST.phones(), OPENS, removed=removed) == count
    apps: dict[str, list[str]] = {}
    for row in pq.read_table(tmp_path / "devices" / "apps.parquet").to_pylist():
        apps.setdefault(row["device"], []).append(row["app_id"])
    found = [
        {
            **{name: row[name] or "" for name in ("serial", "login", "platform", "model", "ownership", "enrollment")},
            "eas_id": row["eas"] or "",
            "apps": ";".join(apps.get(row["device"], [])),
            "seen": bool(row["observed_at"]),
        }
        for row in pq.read_table(tmp_path / "devices" / "devices.parquet").to_pylist()
    ]
    wanted = [
        {name: text for name, text in row.items() if name != "observed_at"} | {"seen": bool(row["observed_at"])}
        for row in listed(tmp_path / "devices.csv")
    ]
    assert found == wanted


@pytest.mark.parametrize("most", [10, 100_000])
def test_the_phones_that_ask_are_drawn_as_all_pass_by(tmp_path: Path, most: int) -> None:
    everybody, drawn = list(CAST.phones()), list[Phone]()
    plan = Plan(CAST, seed=7, folder=tmp_path, sample=most)
    assert list(story._sampled(iter(everybody), plan, drawn)) == everybody
    named = [phone for phone in everybody if phone.eas_id and phone.login]
    assert len(drawn) == min(most, len(named))
    assert len({phone.serial for phone in drawn}) == len(drawn)
    assert {phone.serial for phone in drawn} <= {phone.serial for phone in named}
    assert most > 10 or drawn != named[:10]
