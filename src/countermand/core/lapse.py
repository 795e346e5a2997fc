"""Lapse: where a version says ``unknown: deny``, evidence that went stale may be held against a device, by a write.

A lapse is never an absence of data by itself: somebody looked once, the answer is too old, and the source that gave it
is in healthy contact now. A dead source lapses nobody.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from pyroaring import BitMap

from countermand.core.directive import OnUnknown
from countermand.core.facts import Block
from countermand.core.instants import Instant
from countermand.core.terms import Contacts, Lineage
from countermand.core.verdict import Reason, covered_by, judge

#: A source is healthy while its last complete contact is no older than this many of its intervals.
HEALTHY_INTERVALS = 3


@dataclass(frozen=True, slots=True)
class Health:
    """``contacts``: the last healthy contact of each source; ``well``: which are healthy now."""

    contacts: Contacts
    well: Mapping[str, bool]


def is_healthy(last_contact: Instant | None, interval: int, now: Instant) -> bool:
    return last_contact is not None and now - last_contact <= HEALTHY_INTERVALS * interval


def lapsing(block: Block, lineage: Lineage, contacts: Contacts, healthy: Mapping[str, bool], now: Instant) -> BitMap:
    """The devices that are lapsed under the current version as of ``now``: stale, and looked at by a healthy source."""
    terms = lineage.current
    if not terms.directive.denies or terms.directive.evidence.unknown is not OnUnknown.DENY:
        return BitMap()
    stale = judge(block, lineage, contacts, now).by_reason[Reason.STALE]
    return stale & covered_by(block, terms, frozenset(source for source, well in healthy.items() if well))
