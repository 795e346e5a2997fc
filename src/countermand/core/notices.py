"""Notices: the kinds of words to people, and which promised ones may leave now. Nothing here sends.

What a notice may do follows from the version and its lineage at the moment of leaving, never from when it was promised:
so a rescission voids every queued notice by its own one write.
"""

from dataclasses import dataclass
from enum import StrEnum

from countermand.core.instants import Instant
from countermand.core.lifecycle import State


class Kind(StrEnum):
    ISSUED = "issued"
    REMINDER = "reminder"
    DENIED = "denied"
    RESTORED = "restored"
    RESCINDED = "rescinded"  # the correction
    SUPERSEDED = "superseded"  # the notice of a version that replaces one the person knows
    HALTED = "halted"
    RESUMED = "resumed"
    EXEMPTED = "exemption-granted"
    NOT_EXEMPTED = "exemption-refused"
    EXEMPTION_ENDS = "exemption-expiring"
    DRILL = "drill"  # asks nothing of anybody: shows that notices arrive


#: Kinds whose hand-over is what tells a person of a version, and fixes the due.
TELLING = frozenset({Kind.ISSUED, Kind.SUPERSEDED})
#: The order in which notices of a version may leave: what takes an order back; what anybody may get at any time, and the first
#: look of those who wrote and approved it; then the people of the first ring, of the second, and so on.
AHEAD, SOON, _RINGS = 0, 1, 2
#: A version of which everything may leave.
ALL = 32_767
#: Kinds that go ahead of everything else: what takes an order back must not wait behind it.
FIRST = frozenset({Kind.RESCINDED, Kind.HALTED})
#: Kinds that speak of one exemption, which their occurrence names.
OF_AN_EXEMPTION = frozenset({Kind.EXEMPTED, Kind.NOT_EXEMPTED, Kind.EXEMPTION_ENDS})
#: Kinds that speak of a halt: that the order is on hold, and that it goes on.
_OF_A_HALT = frozenset({Kind.HALTED, Kind.RESUMED})


def tells(kind: Kind, occurrence: str) -> bool:
    """Whether handing it over tells its person of the version. Who only sees a copy first is told nothing by it."""
    return kind in TELLING and not occurrence


def rank_of(ring: int) -> int:
    """When the notices of a ring leave (the first is 0)."""
    return _RINGS + ring


def ring_of(rank: int) -> int:
    """The ring whose notices leave then; under 0 for none."""
    return rank - _RINGS


class Fate(StrEnum):
    LEAVE = "leave"
    WAIT = "wait"
    VOID = "void"


@dataclass(frozen=True, slots=True)
class Standing:
    """What people decided about a version and its lineage. ``ended``: the lineage was rescinded; ``not_before``: the
    lineage's, written when it was resumed after a halt, 0 if never; ``last_halt``: when it was last halted, 0 if never;
    ``sunset``: when the version ends by itself."""

    state: State
    halted: bool = False
    ended: bool = False
    not_before: Instant = 0
    last_halt: Instant = 0
    sunset: Instant | None = None

    def fate(self, kind: Kind, promised_at: Instant, now: Instant) -> Fate:
        """What happens to a notice of this kind, promised then, now."""
        if self.ended:
            return Fate.LEAVE if kind is Kind.RESCINDED else Fate.VOID
        if self.state is not State.ISSUED or kind is Kind.RESCINDED:
            return Fate.VOID
        if self.sunset is not None and self.sunset <= now:
            return Fate.LEAVE if kind is Kind.RESTORED else Fate.VOID  # over: it asks nothing of anybody any more
        if kind in _OF_A_HALT and promised_at < self.last_halt:
            return Fate.VOID  # words of an earlier halt, overtaken by this one
        if self.halted:
            return Fate.LEAVE if kind is Kind.HALTED else Fate.WAIT
        if kind is Kind.HALTED:
            return Fate.VOID
        # A halt came and went since: nobody is denied before ``not_before``, so the words are no longer true.
        return Fate.VOID if kind is Kind.DENIED and promised_at < self.not_before else Fate.LEAVE


@dataclass(frozen=True, slots=True)
class Reader:
    """Whom a notice speaks to. ``devices``: (platform, model, last seen) of each phone or tablet in their name that is not
    retired; ``locale``: the tag by which their directory knows the language they read, '' if it does not."""

    login: str
    email: str
    name: str
    zone: str
    devices: tuple[tuple[str, str, Instant | None], ...]
    locale: str = ""
