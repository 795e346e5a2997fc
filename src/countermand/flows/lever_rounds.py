"""The worker's rounds over the levers that are kept up: each has its turn, and one that fails keeps no other waiting."""

from collections.abc import Callable
from functools import partial

from countermand.config import Config
from countermand.core.errors import Refused
from countermand.core.instants import DAY, SECOND
from countermand.flows.lever_switch import way_of
from countermand.flows.lever_verify import verify
from countermand.flows.lever_work import Acting, Hand, Worked, due, hand, work
from countermand.flows.levers import known
from countermand.lib import clock
from countermand.lib.outward import Wait
from countermand.store import lease

#: Milliseconds for which one lever is written to before the next has its turn.
TURN = 20 * SECOND
#: How often devices that only say themselves what they have are asked for it: their evidence must not age.
_ASKED = DAY


class Rounds:
    """What is kept from one round to the next: the open way to each lever, and how much of its quota is used."""

    def __init__(self, acting: Acting, config: Config, holder: str, wait: Wait) -> None:
        self._acting, self._config, self._holder, self._wait = acting, config, holder, wait
        self._way = way_of(acting(), config)
        self._hands: dict[str, Hand] = {}

    def turn(self, stop: Callable[[], bool]) -> tuple[list[Worked], dict[str, Refused]]:
        """One turn of each lever that is due. Returns what was done, and which could not be worked on."""
        done, refused = [], {}
        for name in due(lease.real()):
            try:
                done.append(self._one(name, partial(_over, stop, clock.steady() + TURN)))
            except Refused as why:
                refused[name] = why
                if (using := self._hands.pop(name, None)) is not None:
                    using.close()  # opened anew, with whatever is set then
        return done, refused

    def close(self) -> None:
        for using in self._hands.values():
            using.close()

    def _one(self, name: str, over: Callable[[], bool]) -> Worked:
        if name not in self._hands:
            self._hands[name] = hand(self._acting(), self._config, name, self._wait)
        using = self._hands[name]
        done = work(self._acting, name, using, self._way, holder=self._holder, until=over)
        now, found = self._acting().now, known(name)
        if using.kind.prevents is not None and not done.fault and now - (found.verified_at or 0) >= _ASKED:
            verify(self._acting, name, using, self._way, holder=self._holder, until=over)
        return done


def _over(stop: Callable[[], bool], end: int) -> bool:
    return stop() or clock.steady() > end
