"""The decision: allow or deny one request for mail, with because. Deny overrides; whatever is not known allows.

Pure: a gate looks up who asks and hands the values over. The order of questions is DESIGN §6's: a protected login is
allowed; an unproven one is not ours to judge; a known device gets its own denials; an unregistered one those of its
person; a request without a device id is allowed and counted.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from itertools import chain

from pyroaring import BitMap

from countermand.core.directive import OnUnknown
from countermand.core.facts import BLOCK_SIZE
from countermand.core.instants import MINUTE, Instant

#: How far past the last heartbeat a gate that is cut off may still start denials.
GRACE = 5 * MINUTE

#: (from, offsets), earliest first; each offset stands in one of them at most (core.timeline.Timeline).
Entries = Sequence[tuple[Instant, BitMap]]
#: lineage → block → entries.
Denials = Mapping[str, Mapping[int, Entries]]


class Reason(StrEnum):
    """Why, from a closed list. All but the last two allow."""

    PROTECTED = "protected"
    NOT_PROVEN = "not-proven"
    NO_DEVICE_ID = "no-device-id"
    NOT_DENIED = "not-denied"
    UNREGISTERED = "unregistered"
    STOPPED = "stopped"  # the stop file, or its signal
    NOTHING_HEARD = "nothing-heard"  # a new gate that has no snapshot yet
    DENIED = "denied"
    UNREGISTERED_DENIED = "unregistered-denied"


@dataclass(frozen=True, slots=True)
class Standing:
    """What a gate knows of a lineage besides its denials. ``text``: what the phone of a denied person is shown.

    ``live``: some version is issued. ``not_before`` and ``sunset`` bound every denial, whatever the entries say, so that a
    resume or an extension holds from its first record. ``max_staleness`` in milliseconds.
    """

    id: str
    live: bool
    halted: bool
    not_before: Instant
    sunset: Instant | None
    max_staleness: int
    on_stale: OnUnknown
    text: str = ""


@dataclass(frozen=True, slots=True)
class Clocks:
    """The times a gate has: its ``own``; the one ``anchored`` to the last heartbeat plus what has run since; and ``heard``,
    the control plane's time in the last heartbeat whose records the gate fully holds."""

    own: Instant
    anchored: Instant
    heard: Instant

    @property
    def earlier(self) -> Instant:
        """What beginnings are compared with: nothing begins before both clocks say so."""
        return min(self.own, self.anchored)

    @property
    def later(self) -> Instant:
        """What ends are compared with: whatever one clock says is over, is over."""
        return max(self.own, self.anchored)


@dataclass(frozen=True, slots=True)
class Asked:
    """One request, looked up. ``named``: it carries a device id. ``devices``: the ordinals of the devices it names that are
    known (one; more only from a client that names several); ``person``: the login's ordinal, None if unknown."""

    proven: bool
    protected: bool
    named: bool
    devices: tuple[int, ...]
    person: int | None


@dataclass(frozen=True, slots=True)
class Decision:
    """``because``: the lineages that deny; empty if allowed."""

    allow: bool
    reason: Reason
    because: tuple[str, ...] = ()


def cutoff(standing: Standing, clocks: Clocks) -> Instant | None:
    """The latest beginning that the gate may act on for this lineage now; None if the lineage denies nobody now."""
    if not standing.live or standing.halted:
        return None
    if standing.sunset is not None and standing.sunset <= clocks.later:
        return None
    if clocks.later - clocks.heard <= standing.max_staleness:
        reach = min(clocks.earlier, clocks.heard + GRACE)
    elif standing.on_stale is OnUnknown.DENY:
        reach = min(clocks.earlier, clocks.heard)
    else:
        return None
    return reach if standing.not_before <= reach else None


def denying(standings: Iterable[Standing], denials: Denials, ordinal: int, clocks: Clocks) -> tuple[str, ...]:
    """The lineages that deny the device (or the person's unregistered devices) with this ordinal now."""
    block, offset = divmod(ordinal, BLOCK_SIZE)
    return tuple(standing.id for standing in standings if _stands(standing, denials, block, offset, clocks))


def _stands(standing: Standing, denials: Denials, block: int, offset: int, clocks: Clocks) -> bool:
    blocks = denials.get(standing.id)
    entries = blocks.get(block) if blocks else None
    if not entries:
        return False
    reach = cutoff(standing, clocks)
    return reach is not None and any(start <= reach and offset in found for start, found in entries)


def decide(asked: Asked, standings: Sequence[Standing], denials: Denials, unregistered: Denials, clocks: Clocks) -> Decision:
    """Allow or deny this request. Denied if and only if at least one lineage denies it now."""
    if asked.protected:
        return Decision(True, Reason.PROTECTED)
    if not asked.proven:
        return Decision(True, Reason.NOT_PROVEN)
    if not asked.named:
        return Decision(True, Reason.NO_DEVICE_ID)
    if asked.devices:
        found = (denying(standings, denials, ordinal, clocks) for ordinal in asked.devices)
        because = tuple(dict.fromkeys(chain.from_iterable(found)))
        return Decision(False, Reason.DENIED, because) if because else Decision(True, Reason.NOT_DENIED)
    if asked.person is not None:
        because = denying(standings, unregistered, asked.person, clocks)
        if because:
            return Decision(False, Reason.UNREGISTERED_DENIED, because)
    return Decision(True, Reason.UNREGISTERED)


def merged(entries: Entries, now: Instant) -> list[tuple[Instant, BitMap]]:
    """The entries with those that have begun by ``now`` made one, under the latest of their beginnings: from ``now`` on
    they mean the same, and a gate looks into one set instead of one per due."""
    begun = [entry for entry in entries if entry[0] <= now]
    if len(begun) < 2:
        return list(entries)
    together = (max(start for start, _ in begun), BitMap.union(*(found for _, found in begun)))
    return [together, *(entry for entry in entries if entry[0] > now)]
