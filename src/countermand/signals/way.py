"""A way to a subscriber, whatever it speaks."""

from collections.abc import Sequence
from typing import Protocol

from countermand.signals.event import Event


class Undelivered(Exception):
    """It did not arrive, or nobody knows. ``after``: seconds that the other side asked for; ``gone``: it wants no more."""

    def __init__(self, why: str, *, after: float = 0, gone: bool = False, arrived: int = 0) -> None:
        super().__init__(why)
        self.why, self.after, self.gone, self.arrived = why, after, gone, arrived


class Way(Protocol):
    def tell(self, events: Sequence[Event]) -> None:
        """Tell these, in their order, each at least once. Undelivered, with how many ``arrived`` before."""
        ...
