"""Rows of which only the wanted fields are read say what they say when the whole page is read and each row is looked over."""

import json
from typing import Any, TypedDict

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from msgspec import Struct

from countermand.core.errors import Refused
from countermand.lib.read_json import read_json
from countermand.sources.rows import LONGEST
from countermand.sources.wanted import Shown, fields_of, reader, rows_as


class Row(Struct, frozen=True, gc=False, rename={"serial": "serialNumber"}):
    serial: Shown = None
    other: Any = None


class Page(TypedDict, total=False):
    value: list[Row]
    next: Any


read = reader(Page)
VALUE = (
    st.none() | st.booleans() | st.integers() | st.text() | st.sampled_from(["x" * LONGEST, "x" * (LONGEST + 1), [], {}, " a "])
)
ROW = st.fixed_dictionaries({}, optional={"serialNumber": VALUE, "other": VALUE, "third": VALUE})


def said(page: Any) -> list[Any]:
    """What each row says: a text as it is taken, or that it cannot be read."""
    return [_said(row) for row in page["value"]]


def _said(row: Any) -> Any:
    try:
        found = fields_of(Row, row)
    except Refused as refused:
        return refused.code
    return (found.serial or "").strip(), found.other


@given(rows=st.lists(ROW | VALUE, max_size=3), escaped=st.booleans())
@example([{"serialNumber": "\u202e"}], True)
@example([{"serialNumber": "\u202e"}], False)
@example([{"serialNumber": "a\x7f"}], True)
@example([{"serialNumber": "\\u202e"}], True)
@example([{"serialNumber": "a"}, None, {"serialNumber": "b"}], True)
def test_fast_and_slowly_a_page_says_the_same(rows: list[Any], escaped: bool) -> None:
    body = json.dumps({"value": rows, "next": "n"}, ensure_ascii=escaped).encode("utf-8", "surrogatepass")
    found = read(body)
    assert found.get("next") == "n"
    assert said(found) == said(read_json(body))


@pytest.mark.parametrize("code", [*range(0x20), 0x7F, 0x80, 0xA0, 0xAD, 0x200F, 0x202E, 0x2028, 0xD800, 0xFEFF])
@pytest.mark.parametrize("escape", [r"\u%04x", r"\\\u%04X"])
def test_no_escape_brings_what_may_not_be_shown(code: int, escape: str) -> None:
    body = ('{"value":[{"serialNumber":"a%sb"}]}' % (escape % code)).encode()
    (row,) = rows_as(Row, read(body)["value"])
    assert not row.serial


@pytest.mark.parametrize("short", [r"\b", r"\f", r"\n", r"\r", r"\t", "\x7f", "\x01", "\t"])
def test_nor_does_a_short_escape_or_the_character_itself(short: str) -> None:
    body = f'{{"value":[{{"serialNumber":"a{short}b"}}]}}'.encode()
    try:
        (row,) = rows_as(Row, read(body)["value"])
    except ValueError:
        return  # it is no JSON
    assert not row.serial


@pytest.mark.parametrize("plain", [r"a\/b", r"a\"b", r"\u003d", r"\u0041", "a"])
def test_what_can_be_shown_is_read_fast_however_it_is_escaped(plain: str) -> None:
    (row,) = read(f'{{"value":[{{"serialNumber":"{plain}"}}]}}'.encode())["value"]
    assert isinstance(row, Row)
    assert row.serial == json.loads(f'"{plain}"')


@pytest.mark.parametrize(
    "body", [b"{", b"[1", b'{"value":[{"serialNumber":"\xff"}]}', b'{"value":[{"other":' + b"[" * 50_000, b""]
)
def test_what_is_no_json_is_none_either_way(body: bytes) -> None:
    with pytest.raises(ValueError, match=r"."):
        read(body)
