"""Lines of a table looked at together say what each says alone, in whatever way they are written."""

import csv
import io

from hypothesis import example, given
from hypothesis import strategies as st

from countermand.core.table import FIELD, ColumnMapping, Problems, Shape, cells

SHAPE = Shape(("a", "b", "c"), optional=frozenset({"c"}), long=frozenset({"c"}))
CELL = st.text('ab ,"=-é;\t\xa0', max_size=4) | st.sampled_from(["x" * FIELD, "x" * (FIELD + 1), " =1", "a@b", ""])
#: None, one whose values are sound, and one that makes of them what no cell may hold.
MAPPINGS = [None, *(ColumnMapping(SHAPE.columns, {"b": "x"}, {"b": {"a": to, "": "x"}}, {"c": "y"}) for to in ("b", "=1"))]
Found = tuple[list[tuple[int, list[str]]], list[tuple[str, int | None]]]


def read(lines: list[bytes], mapping: ColumnMapping | None) -> Found:
    problems = Problems("file")
    found = [(line, list(row)) for line, row in cells(lines, SHAPE, problems, mapping)]
    return found, [(one.code, one.where.line if one.where else None) for one in problems.found]


@given(
    table=st.lists(st.tuples(CELL, CELL, CELL), min_size=1, max_size=4),
    quoting=st.sampled_from([csv.QUOTE_MINIMAL, csv.QUOTE_ALL]),
    end=st.sampled_from(["\n", "\r\n"]),
)
@example([("a", "b", "c")], csv.QUOTE_ALL, "\n")
@example([('","', "b", "c")], csv.QUOTE_ALL, "\n")
@example([('a"', 'b"', "c")], csv.QUOTE_ALL, "\r\n")
@example([("a ", " b", "c")], csv.QUOTE_MINIMAL, "\n")
@example([("a", " =b", "c")], csv.QUOTE_MINIMAL, "\n")
def test_together_and_alone(table: list[tuple[str, ...]], quoting: int, end: str) -> None:
    out = io.StringIO()
    csv.writer(out, lineterminator=end, quoting=quoting).writerows(table)  # type: ignore[arg-type]  # a closed list to mypy
    alone(out.getvalue().encode().splitlines(keepends=True))


LINES = [b"1,2,3", b'"1","2","3"', b'"1","2","3"x', b"1,=2,3", b'"1,2', b'3"', b"", b" "]


@given(lines=st.lists(st.binary(max_size=8) | st.sampled_from(LINES)))
@example([b'"1","2","3"x'])
@example([b"1,2", b"3,4,5,6"])
@example([b"1 ,2,3"])
@example([b'"1","2","3"', b'"1","2"', b'"3"'])
def test_lines_that_nobody_would_write(lines: list[bytes]) -> None:
    alone([line.replace(b"\n", b"").replace(b"\r", b"") + b"\n" for line in lines])


def alone(lines: list[bytes]) -> None:
    """Together they say what each says behind its own header."""
    for head, mapping in zip((b"a,b,c\n", b"a,x,c\n", b"a,x,c\n"), MAPPINGS, strict=True):
        found, problems = read([head, *lines], mapping)
        each = [read([head, line, b"\0\n"], mapping) for line in lines]  # what is wrong with the last has each looked at
        assert found == [(number, row) for number, (rows, _) in enumerate(each, 2) for _, row in rows]
        assert problems == [(code, number) for number, (_, wrong) in enumerate(each, 2) for code, line in wrong if line != 3]


def test_columns_in_another_order_and_others_between_them() -> None:
    problems = Problems("file")
    shape = Shape(SHAPE.columns, optional=SHAPE.optional, others=True)
    assert [(line, list(row)) for line, row in cells([b"x,b,a\n", b"=1,2,3\n", b"4,5,6\n"], shape, problems)] == [
        (2, ["3", "2", ""]),
        (3, ["6", "5", ""]),
    ]
    assert not problems.count
