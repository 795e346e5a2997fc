"""The settings of the guard rails. By themselves, because whoever reads the configuration needs no more of them."""

from dataclasses import dataclass

from countermand.core.instants import HOUR

#: The notice below which an order says so, and needs one more approver.
AMPLE_NOTICE = 72 * HOUR


@dataclass(frozen=True, slots=True)
class Rails:
    """The settings of the guard rails. ``tolerance``: share by which the number of people may differ from the expected;
    ``new_operator_wait``: how long a new account must exist before its approval counts. Spans in milliseconds."""

    approvers: int = 2
    tolerance: float = 0.02
    minimum_notice: int = AMPLE_NOTICE
    new_operator_wait: int = 24 * HOUR
