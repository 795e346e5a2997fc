"""Levers: somebody else's enforcement that we feed. What follows from what is wanted, what we wrote, and what is seen there.

Foreign state: the entries that are none of ours stay as they are. What is ours follows from receipts, one for each entry, which
are written before the write that they speak of; and from a mark in the value itself, where a value can bear one.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from hashlib import sha256

from countermand.core.instants import SECOND

#: Nothing of ours is there, or nothing is wanted there.
NOTHING = ""


class Left(StrEnum):
    """Why an entry is not ours to write."""

    THEIRS = "theirs"  # it was there before us
    CHANGED = "changed"  # somebody changed what we wrote
    REMOVED = "removed"  # somebody removed what we wrote
    MISSING = "missing"  # the system does not know such a device
    REFUSED = "refused"  # the system does not take it


@dataclass(frozen=True, slots=True)
class Receipt:
    """What we know to have written under one key. ``value``: what was there last; ``asked``: what a write that was begun would
    leave, None if none is under way; ``was``: what the last write that ended replaced. ``settled``: so long ago that whoever
    looks sees it."""

    value: str = NOTHING
    asked: str | None = None
    was: str = NOTHING
    settled: bool = True

    @property
    def ours(self) -> frozenset[str]:
        """Values that are ours if they are seen now; what was replaced is still seen for a while."""
        found = {self.value, self.asked or NOTHING}
        return frozenset(found if self.settled else {*found, self.was}) - {NOTHING}

    @property
    def any(self) -> bool:
        """Whether anything of ours is, or may be, there."""
        return bool(self.value or self.asked)


class Do(StrEnum):
    WRITE = "write"  # make it what is wanted
    KEEP = "keep"  # it is as wanted, and ours
    CLOSE = "close"  # nothing of ours is there any more
    LEAVE = "leave"  # it is not ours


@dataclass(frozen=True, slots=True)
class Step:
    """``value``: what is there once the step is done; ``why``: of an entry that is left alone."""

    do: Do
    value: str = NOTHING
    why: Left | None = None


def step(want: str, receipt: Receipt, seen: str | None, *, marked: bool = False) -> Step:
    """What to do about one entry. ``want``: what should be there, NOTHING for nothing of ours; ``seen``: what is there, NOTHING
    if it is empty, None if there is no such device. ``marked``: what is seen bears our mark.

    INVARIANT: a value that is neither marked nor by a receipt ours is never written over, and never removed.
    """
    if seen is None:
        return Step(Do.LEAVE, why=Left.MISSING) if want else Step(Do.CLOSE)
    if seen == NOTHING:
        return _empty(want, receipt)
    if marked or seen in receipt.ours:
        return Step(Do.KEEP, seen) if seen == want else Step(Do.WRITE, want)
    if not want:
        return Step(Do.CLOSE)
    return Step(Do.LEAVE, why=Left.CHANGED if receipt.any else Left.THEIRS)


def _empty(want: str, receipt: Receipt) -> Step:
    """Nothing is seen there. A write of a moment ago may not be seen yet."""
    if not want:
        return Step(Do.WRITE, NOTHING) if receipt.any and not receipt.settled else Step(Do.CLOSE)
    if receipt.value and receipt.asked != NOTHING:  # a write that was begun would not have emptied it
        if receipt.settled:
            return Step(Do.LEAVE, why=Left.REMOVED)
        return Step(Do.KEEP, receipt.value) if receipt.value == want else Step(Do.WRITE, want)
    return Step(Do.WRITE, want)


# -- values that bear a mark --

#: Hexadecimal digits by which a value names a directive, and a lever.
_NAME_DIGITS, MARK_DIGITS = 10, 8


def clause(mark: str, lineage: str) -> str:
    """The word by which a value says that this directive denies the device: of one lever, without the directive's name."""
    return f"cm{mark}{sha256(lineage.encode()).hexdigest()[:_NAME_DIGITS]}."


def value(mark: str, lineages: Iterable[str]) -> str:
    """A value that names every directive that denies the device; NOTHING for none."""
    return NOTHING.join(sorted(clause(mark, one) for one in lineages))


def bears(mark: str, seen: str) -> bool:
    """Whether a value is one of this lever's."""
    size = len(clause(mark, NOTHING))
    words = [seen[start : start + size] for start in range(0, len(seen), size)]
    return bool(words) and all(word.startswith(f"cm{mark}") and word.endswith(".") and len(word) == size for word in words)


# -- how long it takes --


@dataclass(frozen=True, slots=True)
class Quota:
    """What the vendor lets us write: so many in so many milliseconds. ``said``: False if the vendor does not say."""

    writes: int
    span: int
    said: bool = True

    @property
    def per_second(self) -> float:
        return self.writes * SECOND / self.span

    def lasts(self, writes: int) -> int:
        """The least milliseconds that so many writes take."""
        return int(writes * self.span / self.writes)


class Power(StrEnum):
    """What the one switch of a lever does now; levers without one are always ON."""

    NONE = "none"  # there is none yet
    REPORT = "report-only"  # it is looked at, and denies nobody
    ON = "on"
    OFF = "off"


@dataclass(frozen=True, slots=True)
class Switch:
    """A switch as we last wrote it: whose denials it lets through. ``changed``: somebody changed it since, in these words;
    then nothing but OFF is written to it."""

    policy: str = ""
    power: Power = Power.NONE
    armed: frozenset[str] = frozenset()
    changed: str = ""


def narrowed(switch: Switch, live: frozenset[str]) -> Switch | None:
    """The switch without the directives that are no longer in force; None if it has none of them. What somebody changed is
    switched off whole."""
    gone = switch.armed - live
    if not gone or switch.power in {Power.NONE, Power.OFF}:
        return None
    left = switch.armed & live
    if not left or switch.changed:
        return Switch(switch.policy, Power.OFF, frozenset(), switch.changed)
    return Switch(switch.policy, switch.power, left, switch.changed)


def widened(switch: Switch, ready: frozenset[str], *, enabled: bool) -> Switch | None:
    """The switch with the directives that are ready for it; None if it is so already, or is not ours to widen. ``enabled``: two
    people said that it may deny."""
    if switch.changed:
        return None
    armed = switch.armed | ready
    power = (Power.ON if enabled else Power.REPORT) if armed else switch.power
    if (armed, power) == (switch.armed, switch.power):
        return None
    return Switch(switch.policy, power, armed)


@dataclass(frozen=True, slots=True)
class Unreached:
    """Devices that are denied and that a lever does not reach, with the first of them."""

    lever: str
    why: str
    devices: int
    first: tuple[str, ...]
