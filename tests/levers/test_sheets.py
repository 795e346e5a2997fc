"""CSV that nobody's spreadsheet runs."""

import csv
import io
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from countermand.lib.sheets import neutral, sheet


@pytest.mark.parametrize(
    "cell",
    [
        '=HYPERLINK("http://x","y")',
        "+1",
        "-1+cmd|' /C calc'!A0",
        "@SUM(A1)",
        "\t=1",
        "\r=1",
        "\tplain",
        "  =1",
        "\u00a0=1",
        "\u200b=1",
        "\ufeff@x",
        "＝1",
        "＋1",
        "－1",
        "＠x",
        " \u3000＝1",
        "\ufe631",
    ],
)
def test_a_formula_gets_an_apostrophe(cell: str) -> None:
    assert neutral(cell) == f"'{cell}"


@pytest.mark.parametrize("cell", ["plain", "a=b", "", "O'Brien", "5", "Ann-Marie", "<5"])
def test_other_text_stays(cell: str) -> None:
    assert neutral(cell) == cell


def test_numbers_and_nothing_stay() -> None:
    assert (neutral(-5), neutral(1.5), neutral(None)) == ("-5", "1.5", "")


@given(st.lists(st.text(), min_size=1, max_size=4))
def test_no_cell_of_a_sheet_is_a_formula_and_nothing_is_lost(cells: list[str]) -> None:
    read = list(csv.reader(io.StringIO(sheet(["c"] * len(cells), [cells]), newline=""), strict=True))
    assert len(read) == 2
    for cell, back in zip(cells, read[1], strict=True):
        assert back in (cell, f"'{cell}")
        first = unicodedata.normalize("NFKC", back.strip()[:1])[:1]
        assert first not in {"=", "+", "-", "@"}
        assert back[:1] not in {"\t", "\r"}


def test_every_cell_is_quoted() -> None:
    assert sheet(["a", "b"], [["x", 1]]) == '"a","b"\r\n"x","1"\r\n'
