"""What happens on streams of Shared Signals without anybody asking, one turn at a time."""

from collections.abc import Callable
from dataclasses import asdict

from countermand.access import Act
from countermand.config import Config
from countermand.core.instants import HOUR, SECOND
from countermand.flows import set_keys
from countermand.flows.believe import Memory, believe
from countermand.flows.transmit import due, transmit
from countermand.lib import clock
from countermand.lib.log import say

#: A ledger that grows all the time is no reason to do nothing but compare: milliseconds between two looks, at most.
_RESTED = 10 * SECOND


class Streaming:
    """``acting`` is asked anew for each turn; ``stopping``: whether to leave off, between two short units. ``holder`` names
    us."""

    def __init__(self, acting: Callable[[], Act], config: Config, holder: str, stopping: Callable[[], bool]) -> None:
        self._acting, self._config, self._holder, self._stopping = acting, config, holder, stopping
        self._memory, self._again, self._retire_at = Memory(), 0, 0

    def bring(self) -> bool:
        """Bring statements up to who is denied. It rests as long as it worked."""
        began = clock.steady()
        if not self._config.signals.issuer or began < self._again:
            return False
        done = believe(self._acting(), self._config.signals.issuer, self._memory, self._stopping)
        if done.made or done.dropped:
            say("believed", made=done.made, dropped=done.dropped)
        self._again = clock.steady() + min(clock.steady() - began, _RESTED)
        return False

    def push(self) -> bool:
        """Push what waits, stream by stream; True if more could leave now."""
        if not self._config.signals.issuer:
            return False
        more = False
        for pk in due():
            if self._stopping():
                return False
            done = transmit(self._acting(), self._config, pk, self._holder)
            if done is not None:
                say("transmitted", **asdict(done))
                more = more or (done.more and not done.fault)
        self._retire()
        return more

    def _retire(self) -> None:
        if clock.steady() >= self._retire_at:
            self._retire_at = clock.steady() + HOUR
            if withdrawn := set_keys.retire(self._config.state_dir, clock.now()):
                say("keys-withdrawn", keys=withdrawn)
