"""What the way back answers, as values: the command line reads them without loading what makes them."""

from dataclasses import dataclass

from countermand.core.lifecycle import EndGround


@dataclass(frozen=True, slots=True)
class Halted:
    """``already``: it was halted before; nothing was written."""

    lineage: str
    already: bool


@dataclass(frozen=True, slots=True)
class Rescinded:
    """What the one write undid, counted after it: ``lifted`` devices denied until then; ``voided`` notices that were
    waiting. Still on its way: ``in_flight`` notices handed to the mail server just now, and ``corrections`` to be promised.
    """

    lineage: str
    ground: EndGround
    lifted: int
    voided: int
    in_flight: int
    corrections: int


@dataclass(frozen=True, slots=True)
class Progress:
    """``promised`` now, ``done`` of ``total`` people so far. ``more``: call again. ``why`` it stopped for good, if not:
    '' when everybody is promised, ``halted``, ``over`` (rescinded, superseded, or its sunset has come), or ``audience-grew``."""

    promised: int
    done: int
    total: int
    more: bool
    why: str = ""
