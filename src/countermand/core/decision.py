"""The decision: allow or deny one request for mail, with because. Deny overrides; whatever is not known allows.

Pure: a gate looks up who asks and hands the values over. The order of questions is DESIGN §6's: a protected login is
allowed; an unproven one is not ours to judge; a known device gets its own denials; an unregistered one those of its
person; a request without a device id is allowed and counted.
"""

from bisect import bisect_right
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import NamedTuple

from pyroaring import BitMap

from countermand.core.blocks import BLOCK_SIZE
from countermand.core.doubt import OnUnknown
from countermand.core.instants import MINUTE, Instant
from countermand.core.languages import SOURCE

#: How far past the last heartbeat a gate that is cut off may still start denials.
GRACE = 5 * MINUTE

#: So long may a phone leave a request hanging, and front ends wait for its answer.
HANGS = 65 * MINUTE

#: (from, offsets), earliest first; each offset stands in one of them at most (core.timeline.Timeline).
Entries = Sequence[tuple[Instant, BitMap]]
#: lineage → block → entries.
Denials = Mapping[str, Mapping[int, Entries]]


class Reason(StrEnum):
    """Why, from a closed list. All but those in DENYING allow."""

    # As quick to look up as the text that it equals: every decision is counted under its reason.
    __hash__ = str.__hash__

    PROTECTED = "protected"
    NOT_PROVEN = "not-proven"
    NO_DEVICE_ID = "no-device-id"
    NOT_DENIED = "not-denied"
    UNREGISTERED = "unregistered"
    STOPPED = "stopped"  # the stop file, or its signal
    NOTHING_HEARD = "nothing-heard"  # a new gate that has no snapshot yet
    DENIED = "denied"
    UNREGISTERED_DENIED = "unregistered-denied"


DENYING = frozenset({Reason.DENIED, Reason.UNREGISTERED_DENIED})


@dataclass(frozen=True, slots=True)
class Standing:
    """What a gate knows of a lineage besides its denials. ``text``: what the phone of a denied person is shown, in the house's
    ``language``; ``texts``: (language, the same), of the others.

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
    texts: tuple[tuple[str, str], ...] = ()
    language: str = SOURCE

    def words(self, language: str) -> str:
        """The text in a language, or in the house's."""
        return dict(self.texts).get(language, self.text)


class Clocks(NamedTuple):
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


class Asked(NamedTuple):
    """One request, looked up. ``named``: it carries a device id. ``devices``: the ordinals of the devices it names that are
    known (one; more only from a client that names several); ``person``: the login's ordinal, None if unknown."""

    proven: bool
    protected: bool
    named: bool
    devices: tuple[int, ...]
    person: int | None


class Decision(NamedTuple):
    """``because``: the lineages that deny; empty if allowed."""

    allow: bool
    reason: Reason
    because: tuple[str, ...] = ()


#: What denies now, prepared for many questions: block → (lineage, the sets that have begun), in the lineages' order.
Reaching = Mapping[int, Sequence[tuple[str, Sequence[BitMap]]]]
#: What is to begin: block → (when, for whom), whatever the lineage.
Coming = Mapping[int, Sequence[tuple[Instant, BitMap]]]
_ALLOWED = {reason: Decision(True, reason) for reason in Reason}
_NOT_DENIED = _ALLOWED[Reason.NOT_DENIED]


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


def reaching(standings: Iterable[Standing], denials: Denials, clocks: Clocks) -> Reaching:
    """What the lineages deny at these clocks. The same for every question asked then, and until one of ``turns`` has come."""
    found: dict[int, list[tuple[str, Sequence[BitMap]]]] = {}
    for standing in standings:
        reach = cutoff(standing, clocks)
        for block, entries in denials.get(standing.id, {}).items() if reach is not None else ():
            begun = [offsets for start, offsets in entries if start <= reach]  # type: ignore[operator]  # it is not None
            if begun:
                found.setdefault(block, []).append((standing.id, begun))
    return found


def denying(lineages: Reaching, ordinal: int) -> tuple[str, ...]:
    """The lineages that deny the device (or the person's unregistered devices) with this ordinal."""
    because: tuple[str, ...] = ()
    for name, sets in lineages.get(ordinal // BLOCK_SIZE, ()):
        for found in sets:
            if ordinal % BLOCK_SIZE in found:
                because += (name,)
                break
    return because


def coming(standings: Iterable[Standing], denials: Denials, clocks: Clocks) -> Coming:
    """What will begin within HANGS if nothing is heard but that time goes on: so long an answer of now may be waited for."""
    found: dict[int, list[tuple[Instant, BitMap]]] = {}
    for standing in standings:
        last = clocks.earlier + HANGS if standing.sunset is None else min(clocks.earlier + HANGS, standing.sunset - 1)
        for block, entries in denials.get(standing.id, {}).items() if standing.live and not standing.halted else ():
            for start, offsets in entries:
                begin = max(start, standing.not_before)
                if clocks.earlier < begin <= last:
                    found.setdefault(block, []).append((begin, offsets))
    return found


def begins(lineages: Coming, ordinal: int) -> Instant | None:
    """When the first of them begins for this ordinal."""
    found = [begin for begin, offsets in lineages.get(ordinal // BLOCK_SIZE, ()) if ordinal % BLOCK_SIZE in offsets]
    return min(found, default=None)


def anyone(lineages: Reaching, soon: Coming) -> Mapping[int, BitMap]:
    """Whom any of them denies or comes to deny ``soon``, by block: one look for all others."""
    every = {block: [found for _, sets in of for found in sets] for block, of in lineages.items()}
    for block, sets in soon.items():
        every.setdefault(block, []).extend(found for _, found in sets)
    return {block: sets[0] if len(sets) == 1 else BitMap.union(*sets) for block, sets in every.items()}


class Lull(NamedTuple):
    """A stretch of time in which no answer changes by itself: both clocks from, up to and without; and what was heard."""

    own_from: Instant
    own_to: Instant
    anchored_from: Instant
    anchored_to: Instant
    heard: Instant

    def holds(self, clocks: Clocks) -> bool:
        own, anchored, heard = clocks
        return self.own_from <= own < self.own_to and self.anchored_from <= anchored < self.anchored_to and heard == self.heard


_LONG_AGO, _NEVER = -(1 << 62), 1 << 62


def turns(standings: Iterable[Standing], tables: Iterable[Denials], heard: Instant) -> list[Instant]:
    """Every instant at which an answer of these lineages may change if nothing more is heard, ascending."""
    found = {_LONG_AGO, _NEVER}
    for standing in standings:
        found |= {standing.not_before, heard + standing.max_staleness + 1}
        if standing.sunset is not None:
            found.add(standing.sunset)
        for table in tables:
            found.update(start for entries in table.get(standing.id, {}).values() for start, _ in entries)
    return sorted(found)


def lull(turns: Sequence[Instant], clocks: Clocks) -> Lull:
    """How far from ``clocks`` either clock may go, back or on, with every answer staying as it is."""
    own, anchored = bisect_right(turns, clocks.own), bisect_right(turns, clocks.anchored)
    return Lull(turns[own - 1], turns[own], turns[anchored - 1], turns[anchored], clocks.heard)


def decide(asked: Asked, standings: Sequence[Standing], denials: Denials, unregistered: Denials, clocks: Clocks) -> Decision:
    """Allow or deny this request. Denied if and only if at least one lineage denies it now."""
    return decided(*asked, reaching(standings, denials, clocks), reaching(standings, unregistered, clocks))


def decided(
    proven: bool,
    protected: bool,
    named: bool,
    devices: tuple[int, ...],
    person: int | None,
    denials: Reaching,
    unregistered: Reaching,
) -> Decision:
    """The same from what was prepared, and from the parts of ``Asked``. In the order of questions that DESIGN fixes."""
    if protected:
        return _ALLOWED[Reason.PROTECTED]
    if not proven:
        return _ALLOWED[Reason.NOT_PROVEN]
    if not named:
        return _ALLOWED[Reason.NO_DEVICE_ID]
    if devices:
        because = denying(denials, devices[0])
        for other in devices[1:]:
            because = tuple(dict.fromkeys(because + denying(denials, other)))
        return Decision(False, Reason.DENIED, because) if because else _NOT_DENIED
    if person is not None:
        because = denying(unregistered, person)
        if because:
            return Decision(False, Reason.UNREGISTERED_DENIED, because)
    return _ALLOWED[Reason.UNREGISTERED]


def merged(entries: Entries, now: Instant) -> list[tuple[Instant, BitMap]]:
    """The entries with those that have begun by ``now`` made one, under the latest of their beginnings: from ``now`` on
    they mean the same, and a gate looks into one set instead of one per due."""
    begun = [entry for entry in entries if entry[0] <= now]
    if len(begun) < 2:
        return list(entries)
    together = (max(start for start, _ in begun), BitMap.union(*(found for _, found in begun)))
    return [together, *(entry for entry in entries if entry[0] > now)]
