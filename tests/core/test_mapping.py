"""Another table read as ours: names, values and what it does not say; every wrong word of a mapping has its place."""

import csv
import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from countermand.core.errors import Refused, RefusedMany
from countermand.core.mapping import ColumnMapping, parse, parse_tables
from countermand.core.table import Problems, Shape, rows

KNOWN = ("serial", "login", "ownership", "platform")
GOOD = """
[columns]
serial = "Serial Number"
login = "Owner, first"
[values.ownership]
"Company owned" = "corporate"
[fixed]
platform = "ios"
"""


def read(text: str, lines: list[bytes]) -> tuple[list[dict[str, str]], Problems]:
    mapping = parse(text, KNOWN)
    problems = Problems("file", names=mapping.names)
    return [dict(row.cells) for row in rows([line + b"\n" for line in lines], Shape(KNOWN), problems, mapping)], problems


def test_columns_values_and_what_is_fixed() -> None:
    found, problems = read(
        GOOD, [b'\xef\xbb\xbfNote,Serial Number,"Owner, first",ownership', b'"a, b",F1,alice,Company owned', b"x,F2,bob,personal"]
    )
    assert problems.count == 0
    assert found == [
        {"serial": "F1", "login": "alice", "ownership": "corporate", "platform": "ios"},
        {"serial": "F2", "login": "bob", "ownership": "personal", "platform": "ios"},
    ]


def test_a_column_that_is_read_as_ours_hides_one_that_is_called_so() -> None:
    found, _ = read(GOOD, [b'serial,Serial Number,"Owner, first",ownership,platform', b"no,F1,alice,corporate,android"])
    assert found == [{"serial": "F1", "login": "alice", "ownership": "corporate", "platform": "ios"}]


def test_what_is_wrong_with_a_row_is_said_at_its_line() -> None:
    lines = [
        b'Serial Number,"Owner, first",ownership',
        b"F1,alice",
        b'F2,"bob,personal',
        b"\xff,x,y",
        b"F5,eve,personal,more",
        b"F6,=cmd,personal",
    ]
    found, problems = read(GOOD, lines)
    assert found == []
    assert [(one.code, one.where.line) for one in problems.found if one.where] == [
        ("csv-cells", 2), ("csv-quote", 3), ("csv-encoding", 4), ("csv-cells", 5), ("csv-formula", 6),
    ]  # fmt: skip
    assert [one.params["found"] for one in problems.found if one.code == "csv-cells"] == [2, 4], "as many as the file has"
    assert (problems.found[-1].where.field if problems.found[-1].where else "") == "Owner, first", "as the file calls it"


def test_a_column_that_the_file_has_not() -> None:
    with pytest.raises(Refused) as refused:
        read(GOOD, [b"Serial number,ownership", b"F1,x"])
    assert refused.value.code == "mapping-missing"
    assert (refused.value.where.field if refused.value.where else "") == "columns.serial"
    assert "'Serial Number'; nearest: Serial number" in refused.value.sentence


def test_a_column_is_read_once_and_what_is_fixed_is_looked_at_too() -> None:
    found, _ = read("[columns]\nserial = 'login'\n[fixed]\nlogin = ''\nplatform = 'ios'\nownership = 'x'", [b"login", b"F1"])
    assert found == [{"serial": "F1", "login": "", "platform": "ios", "ownership": "x"}]
    _, problems = read("[columns]\nserial = 'login'\n[fixed]\nplatform = 'ios'\nownership = 'x'", [b"login", b"F1"])
    assert [one.code for one in problems.found] == ["csv-column-missing"], "it is not read as two of ours"
    _, problems = read("[fixed]\nplatform = '=1'", [b"serial,login,ownership", b"F1,a,b"])
    assert [str(one.where) for one in problems.found] == ["file:1 (fixed.platform)"]


def test_several_tables_have_a_mapping_each() -> None:
    known = {"devices": KNOWN, "apps": ("device", "app_id")}
    found = parse_tables("[devices.columns]\nserial = 'S'\n[apps.fixed]\ndevice = 'd'", known)
    assert (found["devices"].columns, found["apps"].fixed) == ({"serial": "S"}, {"device": "d"})
    for text, code, field in (
        ("[columns]\nserial = 'S'", "mapping-table", "columns"),
        ("devices = 1", "mapping-damaged", "devices"),
        ("[apps.columns]\napp = 'a'", "mapping-column", "apps.columns"),
    ):
        with pytest.raises(Refused) as refused:
            parse_tables(text, known)
        assert (refused.value.code, refused.value.where.field if refused.value.where else None) == (code, field)


@pytest.mark.parametrize("again", [b"Serial Number", b"ownership"])
def test_a_column_that_is_read_and_stands_twice_is_nobodys(again: bytes) -> None:
    found, problems = read(GOOD, [b'Serial Number,"Owner, first",ownership,' + again, b"F1,alice,personal,F2"])
    assert (found, [(one.code, str(one.where)) for one in problems.found]) == (
        [],
        [("csv-column-twice", f"file:1 ({again.decode()})")],
    )


@pytest.mark.parametrize(
    ("text", "code", "field"),
    [
        ("[columns", "mapping-damaged", None),
        ("[column]\nserial = 'x'", "mapping-damaged", "column"),
        ("columns = 1", "mapping-damaged", "columns"),
        ("values = 1", "mapping-damaged", "values"),
        ("[columns]\nserial = 1", "mapping-damaged", "columns"),
        ("[columns]\nserail = 'x'", "mapping-column", "columns"),
        ("[values.owner]\na = 'b'", "mapping-column", "values.owner"),
        ("[fixed]\nplatfrom = 'ios'", "mapping-column", "fixed"),
        ("[columns]\nlogin = 'L'\n[fixed]\nlogin = 'l'", "mapping-damaged", "columns.login"),
        ("[values.login]\nL = 'l'\n[fixed]\nlogin = 'l'", "mapping-damaged", "values.login"),
        ("[columns]\nlogin = 'L'\nserial = 'L'", "mapping-damaged", "columns.login"),
    ],
)
def test_a_wrong_mapping_is_refused_with_its_place(text: str, code: str, field: str | None) -> None:
    with pytest.raises((Refused, RefusedMany)) as caught:
        parse(text, KNOWN)
    first = caught.value.problems[0] if isinstance(caught.value, RefusedMany) else caught.value
    assert isinstance(first, Refused)
    assert (first.code, first.where.field if first.where else None) == (code, field)


@given(table=st.lists(st.tuples(*[st.text('ab ,"é;', max_size=5)] * len(KNOWN)), max_size=5))
def test_a_mapping_that_says_nothing_changes_no_cell(table: list[tuple[str, ...]]) -> None:
    out = io.StringIO()
    csv.writer(out, lineterminator="\n").writerows([KNOWN, *table])
    lines = out.getvalue().encode().splitlines(keepends=True)
    as_it_is, through = Problems("a"), Problems("b")
    found = [(row.line, dict(row.cells)) for row in rows(lines, Shape(KNOWN), as_it_is)]
    assert found == [(row.line, dict(row.cells)) for row in rows(lines, Shape(KNOWN), through, ColumnMapping(KNOWN))]
