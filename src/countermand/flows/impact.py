"""What an issue would do, counted just before it: whom it tells, the busiest hour of denials, and whether the catalogue
still means the same ids. Part of flows that go forward, never one by itself; reads only."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass

from pyroaring import BitMap

from countermand.access import Act
from countermand.catalog import load
from countermand.core import drift as drifts
from countermand.core import facts, schedule
from countermand.core.bundle import Bundle
from countermand.core.catalogue import Expansion, expand
from countermand.core.directive import Directive
from countermand.core.drift import Drift
from countermand.core.facts import Block
from countermand.core.instants import HOUR, Instant, to_datetime
from countermand.core.preview import as_if_told
from countermand.core.terms import Lineage, Terms, needs_to_deny, without_rings
from countermand.core.timeline import denied_at, timeline
from countermand.store import audience, sets, terms


@dataclass(frozen=True, slots=True)
class Impact:
    """``people``: ordinals of those who would be told; ``peak``: most devices newly denied within one hour, at most."""

    people: BitMap
    peak: int


def expansion(directive: Directive, now: Instant) -> Expansion:
    """What the selectors mean on the day of ``now``. Refused with every name that the catalogue does not know."""
    scope = directive.applies_to
    return expand(load(), directive.prohibits, scope.platforms, to_datetime(now).date(), scope.people.countries)


def drift(bundle: Bundle, now: Instant) -> Drift:
    """How far the catalogue has moved since the bundle was frozen; the frozen ids are what counts."""
    return drifts.drift(bundle, load(), to_datetime(now).date())


def impact(act: Act, lineage: Lineage) -> Impact:
    """Count the lineage's last version as if it were issued now."""
    return Impact(audience.members(lineage), _busiest_hour(act, lineage))


def _busiest_hour(act: Act, lineage: Lineage) -> int:
    """Rings only spread what this counts at once, so it is never too low."""
    if not lineage.current.directive.denies:
        return 0
    at_once = without_rings(lineage, act.now)
    before = terms.lineage(lineage.id)
    exact, prefixes = needs_to_deny(at_once)
    hours: Counter[int] = Counter()
    for number in sets.blocks(sets.DEVICES):
        block = sets.load(sets.DEVICES, number, exact, {*prefixes, "zone:"})
        told = as_if_told(block, lineage.current, _dues(block, lineage.current, act.now))
        already = denied_at(timeline(block, before), act.now) if before else BitMap()
        for start, devices in timeline(told, at_once):
            hours[max(start, act.now) // HOUR] += len((devices & block[facts.DENIABLE]) - already)
    return max(hours.values(), default=0)


def _dues(block: Block, current: Terms, now: Instant) -> Mapping[str, Instant]:
    zones = [name.removeprefix("zone:") for name in block.sets if name.startswith("zone:")]
    dues = {zone: schedule.due_at_claim(current.directive, zone, now, now, 0) for zone in [*zones, ""]}
    return {zone: due for zone, due in dues.items() if due is not None}
