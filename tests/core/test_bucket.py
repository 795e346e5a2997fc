"""A bucket that several draw from: never more than its rate, however the draws and the clock fall."""

from hypothesis import given
from hypothesis import strategies as st

from countermand.core.bucket import Rate, draw

RATES = st.builds(Rate, st.integers(1, 100_000), st.integers(1, 500))
STEPS = st.lists(st.tuples(st.integers(0, 200_000), st.integers(1, 50)), min_size=1, max_size=40)


@given(RATES, STEPS)
def test_no_stretch_of_time_gets_more_than_the_rate(rate: Rate, steps: list[tuple[int, int]]) -> None:
    """And whoever waits as long as it is told gets one."""
    full_at, now, taken = 0, 1_000_000, []
    for pause, wanted in steps:
        now += pause
        drawn = draw(full_at, now, wanted, rate)
        assert drawn.count <= wanted
        assert (drawn.count == 0) == (drawn.wait > 0)
        if not drawn.count:
            assert draw(drawn.full_at, now + drawn.wait, wanted, rate).count >= 1
        full_at = drawn.full_at
        taken.append((now, drawn.count))
    for first in range(len(taken)):
        began, ended = taken[first][0], taken[-1][0]
        assert sum(count for _, count in taken[first:]) <= rate.burst + (ended - began) / rate.each


@given(RATES, st.integers(0, 10**9))
def test_a_clock_that_jumps_back_empties_it_at_most(rate: Rate, jump: int) -> None:
    full = draw(0, 2 * 10**9, rate.burst, rate)
    assert full.count == rate.burst
    now = 2 * 10**9 - jump
    assert draw(full.full_at, now, 1, rate).wait <= max(rate.each + 1, 1)
