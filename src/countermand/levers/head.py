"""What stands at the head of every list that is handed over: which order and which receipt it belongs to."""

from dataclasses import dataclass

from countermand.core.instants import Instant, iso


@dataclass(frozen=True, slots=True)
class Head:
    """``receipt``: the number under which this list is kept, so that exactly it can be taken back. ``due``: when the order
    has come due for everybody; an app id strikes people whether they were told or not, so it is not for use before."""

    directive: str
    receipt: int
    at: Instant
    by: str
    due: Instant | None = None

    @property
    def words(self) -> str:
        return f"Countermand, directive {self.directive}, receipt {self.receipt}, made {iso(self.at)} by {self.by}"

    @property
    def not_before(self) -> str:
        """What a policy is headed with: it strikes people whether they were told or not."""
        return "" if self.due is None else f"Not for use before {iso(self.due)}. "
