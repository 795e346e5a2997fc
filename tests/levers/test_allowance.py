"""The pace at which a vendor's system is written to: no window holds more than it may, whoever stops, dies and begins anew."""

from dataclasses import dataclass, field

from hypothesis import given
from hypothesis import strategies as st

from countermand.core.lever import Quota
from countermand.lib.allowance import Allowance

#: As Entra's: write units in milliseconds, and a request's worth.
QUOTA, BATCH = Quota(3000, 150_000), 20


@dataclass
class Clock:
    now: float = 1000.0
    writes: list[float] = field(default_factory=list)

    def wait(self, seconds: float) -> None:
        self.now += seconds

    def busiest(self, span: float) -> int:
        return max(sum(BATCH for one in self.writes if at - span < one <= at) for at in self.writes)


@given(st.lists(st.tuples(st.integers(1, 12), st.floats(0, 3)), min_size=1, max_size=60))
def test_no_window_holds_more_than_it_may(lives: list[tuple[int, float]]) -> None:
    """Each life writes so many requests' worth, dies, and is followed after so many seconds."""
    clock = Clock()
    for requests, pause in lives:
        allowance = Allowance(QUOTA, BATCH, clock.wait, lambda: clock.now)
        for _ in range(requests):
            allowance.take(BATCH)
            clock.writes.append(clock.now)
        clock.wait(pause)
    assert clock.busiest(QUOTA.span / 1000) <= QUOTA.writes
