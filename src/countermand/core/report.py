"""The report: what an order has come to, in numbers of devices. Counts add up over blocks; nobody is named in them.

Every figure is the size of a set that judging and denying use as well, taken at one instant.
"""

from collections import Counter
from collections.abc import Collection, Iterator
from dataclasses import dataclass, field

from pyroaring import BitMap

from countermand.core import facts
from countermand.core.facts import Block
from countermand.core.handover import as_if_denying, in_force
from countermand.core.instants import Instant
from countermand.core.terms import Contacts, Lineage, needs
from countermand.core.timeline import denied_at, timeline
from countermand.core.verdict import Reason, Status, Verdicts, in_scope, judge, present

IN_SCOPE, TOLD, DENIED = "in scope", "told", "denied"
#: The statuses that devices in scope are divided into; together they are all of them.
PARTS: tuple[str, ...] = tuple(status.value for status in Status if status is not Status.NOT_APPLICABLE)
COLUMNS = (IN_SCOPE, TOLD, *PARTS, DENIED)
#: The ways in which devices are broken down; each is a family of sets.
DIMENSIONS = ("country", "platform", "ownership", "group")
NOT_KNOWN = "not known"


@dataclass(slots=True)
class Count:
    """``total`` and each row of ``by`` (dimension → value → …) count devices by column; a device in two groups counts in
    both. ``apps``: number of an app → devices in scope that have it. ``not_deniable``: denied but for a name under which a
    gate could know them. ``nobodys``: in scope without an owner, so that there is nobody to tell. ``protected``: the app is
    there, and the login can never be denied."""

    total: Counter[str] = field(default_factory=Counter)
    reasons: Counter[Reason] = field(default_factory=Counter)
    by: dict[str, dict[str, Counter[str]]] = field(default_factory=dict)
    apps: Counter[int] = field(default_factory=Counter)
    not_deniable: int = 0
    nobodys: int = 0
    protected: int = 0


def wanted(lineage: Lineage, dimensions: Collection[str] = DIMENSIONS) -> tuple[frozenset[str], frozenset[str]]:
    """The names, and the prefixes of names, of every set that counting reads."""
    names, prefixes = needs(as_if_denying(lineage))
    return names, prefixes | {f"{dimension}:" for dimension in dimensions}


def count(
    into: Count, block: Block, lineage: Lineage, contacts: Contacts, now: Instant, dimensions: Collection[str] = DIMENSIONS
) -> None:
    """Add a block to the counts. ``denied`` are, where the order ends in a list or a report, those whom it would deny."""
    verdicts = judge(block, lineage, contacts, now)
    columns = _columns(block, lineage, verdicts, now)
    scope = columns[IN_SCOPE]
    due = _due(block, lineage, now)
    into.total.update({name: len(devices) for name, devices in columns.items()})
    into.reasons.update({reason: len(devices) for reason, devices in verdicts.by_reason.items()})
    into.not_deniable += len(due - block[facts.DENIABLE])
    into.nobodys += len(scope - block[facts.OWNED])
    into.protected += len(scope & present(block, lineage.current) & block[facts.PROTECTED])
    for numbers in lineage.current.apps.values():
        into.apps.update({number: scope.intersection_cardinality(block[facts.app(number)]) for number in numbers})
    for dimension, value, devices in _values(block, scope, dimensions):
        row = into.by.setdefault(dimension, {}).setdefault(value, Counter())
        row.update({name: devices.intersection_cardinality(found) for name, found in columns.items()})


def _columns(block: Block, lineage: Lineage, verdicts: Verdicts, now: Instant) -> dict[str, BitMap]:
    scope = in_scope(block, lineage.current)
    told = BitMap.union(BitMap(), *(found for _, found in block.instants(f"told:{lineage.current.row}:")))
    columns = {IN_SCOPE: scope, TOLD: scope & told, DENIED: _due(block, lineage, now) & block[facts.DENIABLE]}
    return columns | {part: verdicts[Status(part)] for part in PARTS}


def _due(block: Block, lineage: Lineage, now: Instant) -> BitMap:
    if not in_force(lineage, now):
        return BitMap()
    return denied_at(timeline(block, as_if_denying(lineage)), now)


def _values(block: Block, scope: BitMap, dimensions: Collection[str]) -> Iterator[tuple[str, str, BitMap]]:
    for dimension in dimensions:
        rest = scope
        for name, devices in block.sets.items():
            if name.startswith(f"{dimension}:") and devices.intersect(scope):
                yield dimension, name.partition(":")[2], devices & scope
                rest = rest - devices
        if rest and dimension == "country":
            yield dimension, NOT_KNOWN, rest
