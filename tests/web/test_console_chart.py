"""The chart as numbers: whatever is drawn lies inside the picture, and says what is."""

from hypothesis import given
from hypothesis import strategies as st

from countermand.core.instants import DAY, HOUR
from countermand.web.console import chart
from countermand.web.console.chart import Series, drawn, nice, thinned, ticks

_AT = st.integers(0, 400 * DAY)
_POINTS = st.lists(st.tuples(_AT, st.integers(0, 2_000_000)), max_size=60).map(sorted)


def _day(at: int, hour: bool) -> str:
    return f"{at // DAY}{'h' if hour else ''}"


@given(st.lists(_POINTS, max_size=4), st.lists(st.tuples(_AT, st.sampled_from(["due", "issued"])), max_size=5), _AT, _AT)
def test_everything_lies_inside(series: list[list[tuple[int, int]]], marks: list[tuple[int, str]], one: int, other: int) -> None:
    found = drawn([Series(str(n), points) for n, points in enumerate(series)], marks, min(one, other), max(one, other), _day)
    for line in found.lines:
        for pair in line.points.split():
            x, y = map(float, pair.split(","))
            assert found.left <= x <= found.right
            assert found.top <= y <= found.bottom
    assert all(found.left <= mark.at <= found.right for mark in found.marks)
    assert 0 <= len(found.across) <= 9
    assert [tick.at for tick in found.up] == sorted((tick.at for tick in found.up), reverse=True)


@given(st.integers(0, 10**9))
def test_the_scale_is_round_and_not_far_above(most: int) -> None:
    top = nice(most)
    assert top >= most
    assert top == 2 or top <= 2.5 * most
    assert top % 2 == 0
    assert str(top).rstrip("0") in ("1", "2", "4")


@given(st.lists(st.tuples(st.integers(), st.integers()), max_size=2_000).map(sorted))
def test_fewer_points_keep_both_ends(points: list[tuple[int, int]]) -> None:
    found = thinned(points)
    assert len(found) <= chart._MOST
    assert found[:1] == points[:1]
    assert found[-1:] == points[-1:]
    assert set(found) <= set(points)


def test_ticks_are_full_days_and_hours() -> None:
    assert ticks(HOUR, 3 * DAY, DAY) == [DAY, 2 * DAY, 3 * DAY]


def test_more_is_higher_and_later_is_further_right() -> None:
    found = drawn([Series("denied", [(0, 0), (DAY, 7)])], [], 0, DAY, _day)
    (x0, y0), (x1, y1) = (map(float, pair.split(",")) for pair in found.lines[0].points.split())
    assert x0 < x1
    assert y0 > y1
    assert found.lines[0].last == 7
