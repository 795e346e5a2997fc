"""How much a short transaction takes: never nothing, never too much, and no stall without an answer to it."""

from hypothesis import given
from hypothesis import strategies as st

from countermand.core.pace import FIRST, LEAST, MOST, TARGET, next_size

SIZES = st.integers(LEAST, MOST)
TIMES = st.floats(0, 1e7)


@given(SIZES, TIMES)
def test_it_stays_within_its_bounds(size: int, took: float) -> None:
    assert LEAST <= next_size(size, took) <= min(MOST, max(2 * size, LEAST))


@given(SIZES, st.floats(2 * TARGET, 1e7))
def test_after_a_slow_one_the_next_is_at_most_half(size: int, took: float) -> None:
    assert next_size(size, took) <= max(size // 2, LEAST)


@given(st.floats(0.01, TARGET / LEAST))
def test_on_a_steady_machine_it_settles_at_the_target(each: float) -> None:
    """``each``: milliseconds that one item takes."""
    size = FIRST
    for _ in range(20):
        size = next_size(size, size * each)
    assert size * each <= TARGET * 1.01
    assert size == MOST or (size + 2) * each > TARGET * 0.9
