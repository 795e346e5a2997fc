"""Hold-backs at their edges."""

import pytest

from countermand.core.holdback import flood_limit, set_is_small, shrank


@pytest.mark.parametrize(
    ("count", "last", "small"), [(0, 0, True), (0, 9, True), (79, 100, True), (80, 100, False), (5, 0, False)]
)
def test_a_set_is_small(count: int, last: int, small: bool) -> None:
    assert set_is_small(count, last, 0.8) is small


@pytest.mark.parametrize(("busiest", "limit"), [(0, 20), (4, 20), (5, 25)])
def test_a_flood_is_measured_against_the_week(busiest: int, limit: int) -> None:
    assert flood_limit(busiest, 20, 5) == limit


@pytest.mark.parametrize(
    ("before", "after", "too_much"), [(10, 7, False), (10, 6, True), (1000, 950, False), (1000, 949, True), (5, 9, False)]
)
def test_a_carve_out_shrinks(before: int, after: int, too_much: bool) -> None:
    assert shrank(before, after, 3, 0.05) is too_much
