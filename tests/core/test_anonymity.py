"""Small counts stay hidden, and nothing that is shown gives a lone one away."""

from hypothesis import given
from hypothesis import strategies as st

from countermand.core.anonymity import hidden, shown

PARTS = ("a", "b", "c")
tables = st.dictionaries(
    st.sampled_from("UVWXYZ"), st.fixed_dictionaries({part: st.integers(0, 12) for part in PARTS}), max_size=6
)


@given(tables, st.integers(1, 8), st.booleans())
def test_no_hidden_cell_can_be_subtracted(rows: dict[str, dict[str, int]], least: int, adding_up: bool) -> None:
    unseen = hidden(rows, PARTS, least, adding_up=adding_up)
    for row, cells in rows.items():
        for part, value in cells.items():
            small = 0 < value < least
            text = shown(value, (row, part), unseen, least)
            assert (text == f"<{least}") == small
            assert text in (value, f"<{least}", "hidden")
        lone = [part for part in PARTS if (row, part) in unseen]
        others = [part for part in PARTS if cells[part] and part not in lone]
        assert len(lone) != 1 or not others
    for part in PARTS if adding_up else ():
        lone = [row for row in rows if (row, part) in unseen]
        assert len(lone) != 1 or not any(rows[row][part] for row in rows if row not in lone)


def test_a_count_at_the_threshold_is_shown() -> None:
    rows = {"DE": {"a": 5, "b": 0, "c": 9}}
    assert hidden(rows, PARTS, 5, adding_up=True) == frozenset()
    assert hidden(rows, PARTS, 6, adding_up=True) == {("DE", "a"), ("DE", "c")}


def test_a_column_that_repeats_a_hidden_one_is_hidden_too() -> None:
    rows = {"DE": {"a": 3, "b": 7, "c": 20, "other": 7}}
    assert hidden(rows, PARTS, 5, adding_up=False, alike=[("b", "other")]) == {("DE", "a"), ("DE", "b"), ("DE", "other")}
    assert ("DE", "other") not in hidden(rows, PARTS, 5, adding_up=False)


def test_zero_is_said() -> None:
    assert shown(0, ("DE", "a"), hidden({"DE": {"a": 0, "b": 1}}, PARTS, 5, adding_up=False), 5) == 0
