"""The timeline: from which instant each device is denied, as far as is known now. The clock does the rest.

People are held to what they were told, and never to more than is asked now: a lineage denies a device if some version
that its owner was told of, *and every later version*, asks for it on one and the same ground; from the latest of the due
stored with that telling, the due of each later version, and the lineage's *not before*; not before its ring opened; not
while an exemption holds.
"""

from collections.abc import Iterable, Iterator, Sequence

from pyroaring import BitMap

from countermand.core import facts
from countermand.core.devices import Ownership
from countermand.core.directive import Force, OnUnknown
from countermand.core.facts import Block
from countermand.core.instants import Instant
from countermand.core.terms import Lineage, Terms
from countermand.core.verdict import people_in_scope, spoken_to

#: (from, set of devices), earliest first; each device stands in one of them at most.
Timeline = list[tuple[Instant, BitMap]]


def timeline(block: Block, lineage: Lineage) -> Timeline:
    """When the lineage denies which device of the block. Whether it is live is the gate's question, asked at once."""
    reached = [_reached(block, terms) - block[facts.PROTECTED] for terms in lineage.versions]
    since = [lineage.versions[index:] for index in range(len(lineage.versions))]
    held = [BitMap.intersection(_on_one_ground(block, versions), *reached[-len(versions) :]) for versions in since]
    return _from_tellings(block, lineage, held)


def unregistered(people: Block, lineage: Lineage) -> Timeline:
    """The same over a block of people: from when each one's unregistered devices are denied."""
    reached = [_reached_unregistered(people, terms) - people[facts.PROTECTED] for terms in lineage.versions]
    held = [BitMap.intersection(*reached[index:]) for index in range(len(reached))]
    return _from_tellings(people, lineage, held)


def denied_at(entries: Timeline, now: Instant) -> BitMap:
    """The devices that the timeline denies at ``now``."""
    return BitMap.union(BitMap(), *(devices for start, devices in entries if start <= now))


def _from_tellings(block: Block, lineage: Lineage, held: list[BitMap]) -> Timeline:
    """One chain per telling: told of a version, and ``held``: asked by it and every later one. The earliest chain counts."""
    parts: Timeline = []
    for index, terms in enumerate(lineage.versions):
        for due, told in block.instants(f"told:{terms.row}:"):
            chain = [(max(due, lineage.not_before), held[index] & told)]
            for later in lineage.versions[index + 1 :]:
                chain = _delayed(chain, _dues(block, later))
            parts.extend(chain)
    parts = _opened(parts, block, lineage)
    return _earliest(_delayed(parts, block.instants(f"exempt:{lineage.id}:")))


def _on_one_ground(block: Block, versions: Sequence[Terms]) -> BitMap:
    """Devices that these versions all ask for on one and the same ground: an app that each of them names was seen, or the
    device is lapsed where each of them says so. An app dropped and another one added is not what the person was told."""
    common = frozenset[int].intersection(*(terms.named for terms in versions))
    grounds = block.union(facts.app(number) for number in common)
    if all(terms.directive.evidence.unknown is OnUnknown.DENY for terms in versions):
        grounds |= BitMap.intersection(*(block[facts.lapsed(terms.row)] for terms in versions))
    return grounds


def _reached(block: Block, terms: Terms) -> BitMap:
    """Devices that this version would deny on a ground, once its due has come: in its scope, under a mandatory force."""
    if not terms.directive.denies:
        return BitMap()
    return spoken_to(block, terms) & block.union(facts.ownership(o) for o in terms.ownerships(Force.MANDATORY))


def _reached_unregistered(people: Block, terms: Terms) -> BitMap:
    """People whose unregistered devices this version denies. Whose property such a device is cannot be known, so it is
    read as the person's own: a version that spares personal devices spares it."""
    directive = terms.directive
    mandatory = directive.applies_to.force.get(Ownership.PERSONAL) is Force.MANDATORY
    if not (directive.denies and mandatory and directive.applies_to.unregistered is OnUnknown.DENY):
        return BitMap()
    return people_in_scope(people, terms)


def _dues(block: Block, later: Terms) -> Iterator[tuple[Instant, BitMap]]:
    """The due of a later version for each device: as told; for whoever was not told yet, the last one on earth."""
    untold = block[facts.EVERY]
    for due, told in block.instants(f"told:{later.row}:"):
        yield due, told
        untold = untold - told
    if later.last_due is not None:
        yield later.last_due, untold


def _opened(parts: Timeline, block: Block, lineage: Lineage) -> Timeline:
    """Nobody before their ring opened; nobody at all whose ring is still closed."""
    rest = block[facts.EVERY]
    holds: Timeline = []
    for index in range(lineage.rings):
        last = index == lineage.rings - 1
        members = rest if last else rest & block[facts.ring(lineage.id, index)]
        rest = rest - members
        if index < len(lineage.rings_opened):
            holds.append((lineage.rings_opened[index], members))
        else:
            parts = [(start, devices - members) for start, devices in parts]
    return _delayed(parts, holds)


def _delayed(parts: Timeline, holds: Iterable[tuple[Instant, BitMap]]) -> Timeline:
    """Each device not before the instant under which ``holds`` lists it."""
    for until, held in holds:
        parts = [
            piece
            for start, devices in parts
            for piece in ((max(start, until), devices & held), (start, devices - held))
            if piece[1]
        ]
    return parts


def _earliest(parts: Timeline) -> Timeline:
    """One entry per instant, each device under its earliest."""
    seen = BitMap()
    merged: dict[Instant, BitMap] = {}
    for start, devices in sorted(parts, key=lambda part: part[0]):
        fresh = devices - seen
        if fresh:
            merged[start] = merged.get(start, BitMap()) | fresh
            seen |= fresh
    return sorted(merged.items())
