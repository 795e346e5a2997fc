"""A fleet in bulk through the command line: its schema, counts, refusals with their rows, and nothing half-applied."""

from datetime import UTC, datetime
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
from cli_house import House
from test_imports import rows

SEEN = datetime(2026, 1, 1, tzinfo=UTC)


def written(house: House, login: str = "ann") -> list[str]:
    people = {"login": ["ann", "bob"], "email": ["ann@example.org", "bob@example.org"], "groups": [["staff"], []]}
    devices = {
        "device": ["1", "2"], "serial": ["F1", "F2"], "eas": ["ApplF1", None], "login": [login, "bob"],
        "platform": ["ios", "android"], "ownership": ["corporate", "personal"], "enrollment": ["supervised", "user"],
        "observed_at": pa.array([SEEN, None], pa.timestamp("us", "UTC")),
    }  # fmt: skip
    apps = {"device": ["1", "1"], "app_id": ["com.zhiliaoapp.musically", "org.example.chess"]}
    for name, table in (("people", people), ("devices", devices), ("apps", apps)):
        pq.write_table(pa.table(table), house.folder / f"{name}.parquet")
    return [str(house.folder / f"{name}.parquet") for name in ("people", "devices", "apps")]


def test_a_fleet_is_brought_in(house: House) -> None:
    files = written(house)
    foreseen = house.ask("ann", "import", "parquet", *files, "--dry-run")
    assert (foreseen["devices"]["added"], foreseen["apps"], rows(house)) == (2, 2, (0, 0))
    done = house.ask("ann", "import", "parquet", *files)
    assert (done["people"]["added"], done["devices"]["added"], done["kept"]) == (2, 2, 2)
    assert rows(house) == (2, 2)
    again = house.ask("ann", "import", "parquet", *files)
    assert (again["devices"]["rows"], again["devices"]["added"], again["devices"]["changed"]) == (2, 0, 0)
    assert "2 devices read; 0 are new" in house.run("ann", "import", "parquet", *files).stdout
    assert house.ask("ann", "doctor")["differences"] == []


def test_one_bad_row_keeps_everything_out_and_stands_in_a_file(house: House) -> None:
    refused = house.run("ann", "import", "parquet", *written(house, login="nobody"), "--errors", "parquet")
    assert refused.exit_code == 2, refused.output
    assert "devices.parquet:1 (login)" in refused.stderr
    assert rows(house) == (0, 0)
    found = list(Path(house.folder).rglob("errors.parquet"))
    assert [row["code"] for file in found for row in pq.read_table(file).to_pylist()] == ["person-unknown"]


def test_another_table_is_read_as_ours(house: House) -> None:
    _, devices, _ = written(house)
    theirs = pq.read_table(devices).rename_columns({"login": "Assigned to", "serial": "S/N"})
    pq.write_table(theirs.set_column(0, "device", pa.array(["1", "1"])), devices)
    (house.folder / "map.toml").write_text('[devices.columns]\nlogin = "Assigned to"\nserial = "S/N"\ndevice = "S/N"\n')
    told = ["import", "parquet", devices, "--map", str(house.folder / "map.toml"), "--dry-run"]
    assert "[mapping-damaged]" in house.run("ann", *told).stderr
    (house.folder / "map.toml").write_text('[devices.columns]\nlogin = "Assigned to"\nserial = "S/N"\n')
    refused = house.run("ann", *told).stderr
    assert "devices.parquet:1 (Assigned to)" in refused
    assert "devices.parquet:2 (device)" in refused


def test_the_tables_are_said(house: House) -> None:
    tables = {table["name"]: table for table in house.ask("", "schema", "--parquet")}
    assert tables.keys() == {"people", "groups", "devices", "apps"}
    assert {column["name"] for column in tables["apps"]["columns"]} == {"device", "app_id", "source", "observed_at"}
