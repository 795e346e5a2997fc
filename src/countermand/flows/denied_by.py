"""Who is denied now, by which orders and since when: what receivers of Shared Signals are told, beside *not compliant*."""

from collections.abc import Sequence
from dataclasses import dataclass

from pyroaring import BitMap

from countermand.core import facts
from countermand.core.facts import Block
from countermand.core.handover import as_if_denying
from countermand.core.instants import Instant
from countermand.core.schedule import ends_at
from countermand.core.terms import Lineage, needs_to_deny
from countermand.core.timeline import Timeline, denied_at, timeline
from countermand.core.verdict import spoken_to
from countermand.store import sets, terms
from countermand.store.unit import reading


@dataclass(frozen=True, slots=True)
class DeniedBy:
    """Of one block: ``devices`` (offsets) denied, per order ``by`` (lineage, the store's number of its version) with its
    timeline; ``soonest``: the next instant at which anything of it changes by the clock alone."""

    devices: BitMap
    by: Sequence[tuple[str, int, Timeline]]
    soonest: Instant | None

    def because(self, offset: int, now: Instant) -> list[tuple[str, int]]:
        """(lineage, number of its version) of the orders that deny this device."""
        return [(name, number) for name, number, entries in self.by if _since(entries, offset, now) is not None]

    def since(self, offset: int, now: Instant) -> Instant:
        """Since when the device is denied, by whichever order was first."""
        return min((found for *_, entries in self.by if (found := _since(entries, offset, now)) is not None), default=now)


def denied_by(number: int, lineages: Sequence[Lineage], now: Instant) -> DeniedBy:
    """Who of a block is denied at ``now`` by these lineages, which are in force; read in the caller's view or unit."""
    found, by, instants = BitMap(), [], []
    for lineage in lineages:
        foreseen = as_if_denying(lineage)
        entries = timeline(sets.load(sets.DEVICES, number, *needs_to_deny(foreseen)), foreseen)
        found |= denied_at(entries, now)
        instants += [start for start, _ in entries if start > now]
        ends = ends_at(lineage.current.directive)
        instants += [ends] if ends is not None else []
        by.append((lineage.id, lineage.current.row, entries))
    return DeniedBy(found, by, min(instants, default=None))


def ever_spoken_to(number: int) -> BitMap:
    """Devices of a block that some order that is issued, halted ones too, may once have denied: all that it speaks to, or did
    before they were retired."""
    found = BitMap()
    with reading():
        for lineage in terms.issued():
            foreseen = as_if_denying(lineage)
            held = sets.load(sets.DEVICES, number, *needs_to_deny(foreseen))
            block = Block(number, {**held.sets, facts.RETIRED: BitMap()})
            found |= BitMap.union(BitMap(), *(spoken_to(block, version) for version in foreseen.versions))
    return found


def _since(entries: Timeline, offset: int, now: Instant) -> Instant | None:
    return next((start for start, devices in entries if start <= now and offset in devices), None)
