"""Parquet of somebody else's: their columns, values and units of time read as ours, and every problem in their words."""

from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from countermand.core.errors import Refused
from countermand.core.fleet_tables import APPS, DEVICES
from countermand.core.instants import DAY, from_iso
from countermand.core.table import Problems
from countermand.lib.parquet import NO_TIME, Reader, delivered
from countermand.sources.devices_parquet import check_devices

SEEN = datetime(2020, 7, 10, 9, 30, 0, 123000, UTC)
AT = from_iso("2020-07-10T09:30:00.123Z")
MAPPING = """
[devices.columns]
device = "Asset.Tag"
serial = "Serial Number"
observed_at = "Last seen"
[devices.values.platform]
iOS = "ios"
[devices.values.ownership]
Company = "corporate"
"" = "personal"
[devices.fixed]
enrollment = "supervised"
reads_mail = "true"
login = ""
[apps.columns]
device = "Asset.Tag"
app_id = "Package"
[apps.values.app_id]
tiktok = "com.zhiliaoapp.musically"
[apps.fixed]
observed_at = "2020-07-10T09:30:00.123Z"
source = "mdm"
"""
COLUMNS = {
    "Asset.Tag": ["1", "2"], "Serial Number": ["F1", "F2"], "platform": ["iOS", "android"], "ownership": ["Company", None],
    "device": [1, 2],
}  # fmt: skip
IN_MICROSECONDS = pa.array([SEEN, None], pa.timestamp("us", "UTC"))


def delivery(folder: Path, times: Any = IN_MICROSECONDS, text: str = MAPPING, **more: Any) -> Reader:
    pq.write_table(pa.table({**COLUMNS, "Last seen": times, **more}), folder / "devices.parquet")
    pq.write_table(pa.table({"Asset.Tag": ["1", "2"], "Package": ["tiktok", "org.example.chess"]}), folder / "apps.parquet")
    (reader,) = delivered([folder], text).readers(DEVICES)
    return reader


def test_their_columns_and_values_are_ours(tmp_path: Path) -> None:
    ((first, batch),) = delivery(tmp_path).batches()
    told = {name: batch[name].to_pylist() for name in ("device", "serial", "platform", "ownership", "enrollment", "reads_mail")}
    assert (first, told) == (
        1,
        {
            "device": ["1", "2"], "serial": ["F1", "F2"], "platform": ["ios", "android"], "ownership": ["corporate", "personal"],
            "enrollment": ["supervised"] * 2, "reads_mail": [True, True],
        },
    )  # fmt: skip
    assert (batch["observed_at"].to_pylist(), batch["login"].to_pylist()) == ([AT, NO_TIME], ["", ""])
    (apps,) = delivered([tmp_path], MAPPING).readers(APPS)
    ((_, rows),) = apps.batches(encoded=("device", "app_id", "source"))
    assert rows["app_id"].to_pylist() == ["com.zhiliaoapp.musically", "org.example.chess"]
    assert (rows["observed_at"].to_pylist(), rows["source"].to_pylist()) == ([AT, AT], ["mdm", "mdm"])


@pytest.mark.parametrize(
    ("kind", "value", "at"),
    [
        (pa.timestamp("s", "UTC"), SEEN.replace(microsecond=0), AT - 123),
        (pa.timestamp("ms"), SEEN.replace(tzinfo=None), AT),
        (pa.timestamp("us", "+02:00"), SEEN, AT),
        (pa.timestamp("ns", "UTC"), SEEN, AT),
        (pa.date32(), date(2020, 7, 10), AT // DAY * DAY),
        (pa.date64(), date(2020, 7, 10), AT // DAY * DAY),
        (pa.null(), None, NO_TIME),
    ],
    ids=str,
)
def test_every_unit_of_time(tmp_path: Path, kind: Any, value: Any, at: int) -> None:
    ((_, batch),) = delivery(tmp_path, pa.array([value, None], kind)).batches()
    assert batch["observed_at"].to_pylist() == [at, NO_TIME]


def test_problems_are_told_as_the_file_calls_things(tmp_path: Path) -> None:
    reader = delivery(tmp_path, **{"Serial Number": ["=F1", "F2"]})
    problems = Problems("devices.parquet", names=reader.names)
    ((first, batch),) = reader.batches()
    check_devices({**batch, "enrollment": pa.array(["none at all", "user"])}, first, AT - DAY, problems)
    assert {(one.code, str(one.where)) for one in problems.found} == {
        ("csv-formula", "devices.parquet:1 (Serial Number)"),
        ("csv-value", "devices.parquet:1 (fixed.enrollment)"),
        ("time-ahead", "devices.parquet:1 (Last seen)"),
    }


@pytest.mark.parametrize(
    ("old", "new", "code", "where"),
    [
        ("Serial Number", "Serial number", "mapping-missing", "mapping (columns.serial)"),
        ("Asset.Tag", "device", "parquet-column-type", "devices.parquet (device)"),
        ("serial =", "serail =", "mapping-column", "mapping (devices.columns)"),
        ('reads_mail = "true"', 'reads_mail = "yes"', "mapping-damaged", "mapping (fixed.reads_mail)"),
        ('login = ""', 'observed_at = "2020"', "mapping-damaged", "mapping (devices.columns.observed_at)"),
        ("[devices.fixed]", "[phones.fixed]", "mapping-table", "mapping (phones)"),
        ('serial = "Serial Number"', "", None, ""),
    ],
)
def test_a_mapping_that_does_not_fit(tmp_path: Path, old: str, new: str, code: str | None, where: str) -> None:
    text = MAPPING.replace(old, new, 1)
    if code is None:
        assert [batch["serial"].to_pylist() for _, batch in delivery(tmp_path, text=text).batches()] == [["", ""]]
        return
    with pytest.raises(Refused) as refused:
        delivery(tmp_path, text=text)
    assert (refused.value.code, str(refused.value.where)) == (code, where)
