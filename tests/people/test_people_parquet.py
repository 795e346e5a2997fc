"""People from Parquet: a batch that is taken column by column says the same as one that is taken row by row."""

from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from countermand.core.fleet_tables import PEOPLE
from countermand.core.table import Problems
from countermand.lib.parquet import Reader
from countermand.people import parquet

_TEXT = st.sampled_from(["", "Anna", "Zoë O'Neil", "=cmd", " padded ", "a\tb", "x" * 300, "Müller, Jr."])
ROWS = st.lists(
    st.fixed_dictionaries(
        {
            "login": st.sampled_from(["ann", "bob", "ANN", "DOM\\carl", "", "d e", "eve@example.org"]),
            "email": st.sampled_from(["", "ann@example.org", "nobody", "a@b@c"]),
            "name": _TEXT,
            "zone": st.sampled_from(["", "Europe/Berlin", "Mars"]),
            "locale": st.sampled_from(["", "de", "en-GB", "?"]),
            "country": st.sampled_from(["", "DE", "de", "ZZ"]),
            "manager": st.sampled_from(["", "bob", "DOM\\Ann", "d e", "=x"]),
            "employment": st.sampled_from(["", "contractor", "+x"]),
            "groups": st.lists(st.sampled_from(["staff", "finance", " a", "b;c", "", "=g"]), max_size=2),
        }
    ),
    min_size=1,
    max_size=4,
)
GOOD = {
    "login": "ann", "email": "ann@example.org", "name": "Zoë O'Neil", "zone": "Europe/Berlin", "locale": "de", "country": "DE",
    "employment": "", "manager": "bob", "groups": ["staff"],
}  # fmt: skip


def read(file: Path) -> tuple[object, list[tuple[str, int | None, str | None]]]:
    problems = Problems("people.parquet")
    found = list(parquet.people(Reader(file, PEOPLE), problems))
    return found, sorted((one.code, one.where.line, one.where.field or "") for one in problems.found if one.where)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(rows=ROWS)
def test_columns_say_what_rows_say(tmp_path: Path, rows: list[dict[str, object]]) -> None:
    file = tmp_path / "people.parquet"
    texts = [(column.name, pa.string()) for column in PEOPLE.columns if column.name != "groups"]
    for some in (rows, [{**row, **{key: GOOD[key] for key in GOOD if key != "login"}} for row in rows]):
        pq.write_table(pa.Table.from_pylist(some, pa.schema([*texts, ("groups", pa.list_(pa.string()))])), file)
        with pytest.MonkeyPatch.context() as patch:
            by_columns = read(file)
            patch.setattr(parquet, "_sound", lambda batch: False)
            assert read(file) == by_columns


def test_a_good_batch_is_taken_column_by_column(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pq.write_table(pa.Table.from_pylist([GOOD]), tmp_path / "people.parquet")
    monkeypatch.setattr(parquet, "_rows", lambda *batch: pytest.fail("row by row"))
    assert read(tmp_path / "people.parquet")[1] == []
