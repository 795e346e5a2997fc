"""The preview: what a directive would do, counted before anything is sent. Counts add up over blocks.

Every figure is a set's size: the same sets that judging, telling and denying use, so a preview cannot promise anything
else than what will happen with today's facts.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from pyroaring import BitMap

from countermand.core import facts
from countermand.core.audience import addressed
from countermand.core.facts import BLOCK_SIZE, Block
from countermand.core.instants import HOUR, Instant
from countermand.core.terms import Contacts, Lineage, Terms
from countermand.core.timeline import Timeline, denied_at, timeline
from countermand.core.verdict import Reason, Status, Verdicts, judge, present

#: The ways in which devices are broken down; each is a family of sets.
DIMENSIONS = ("platform", "ownership", "enrollment", "country", "group")


@dataclass(slots=True)
class Tally:
    """Counts of devices. Two are sets of their ordinals, because one person has several and people are counted too:
    ``in_status``, and ``addressed``, those whose owners are told."""

    reasons: Counter[Reason] = field(default_factory=Counter)
    by: dict[str, Counter[tuple[str, Status]]] = field(default_factory=lambda: {name: Counter() for name in DIMENSIONS})
    apps: Counter[int] = field(default_factory=Counter)
    in_status: dict[Status, BitMap] = field(default_factory=dict)
    addressed: BitMap = field(default_factory=BitMap)
    scope: int = 0
    protected: int = 0
    exempt_with_app: int = 0
    not_deniable: int = 0
    nobodys: int = 0
    denials_by_hour: Counter[int] = field(default_factory=Counter)
    denied_now: int = 0
    denied_by_others: int = 0
    net_new: int = 0

    @property
    def busiest_hour(self) -> tuple[Instant, int]:
        """The hour in which most denials begin, and how many."""
        if not self.denials_by_hour:
            return 0, 0
        hour, count = max(self.denials_by_hour.items(), key=lambda pair: (pair[1], -pair[0]))
        return hour * HOUR, count


def tally(
    into: Tally,
    block: Block,
    lineage: Lineage,
    others: Sequence[Lineage],
    contacts: Contacts,
    now: Instant,
) -> Verdicts:
    """Add a block to the counts. ``others``: lineages already in force."""
    verdicts = judge(block, lineage, contacts, now)
    statuses: dict[Status, BitMap] = {one: verdicts[one] for one in Status if one is not Status.NOT_APPLICABLE}
    scope = BitMap.union(*statuses.values())
    with_app = scope & present(block, lineage.current)
    entries = timeline(block, lineage)
    into.scope += len(scope)
    into.reasons.update({reason: len(found) for reason, found in verdicts.by_reason.items()})
    into.protected += len(with_app & block[facts.PROTECTED])
    into.exempt_with_app += len(with_app & verdicts[Status.EXEMPT])
    into.not_deniable += len(verdicts.flagged - block[facts.DENIABLE])
    into.nobodys += len(scope - block[facts.OWNED])
    _break_down(into, block, statuses)
    into.addressed |= addressed(block, lineage.current).shift(block.number * BLOCK_SIZE)
    for status, found in statuses.items():
        into.in_status.setdefault(status, BitMap()).update(found.shift(block.number * BLOCK_SIZE))
    _apps(into, block, lineage, scope)
    _denials(into, block, entries, others, now)
    return verdicts


def as_if_told(block: Block, terms: Terms, due_in: Mapping[str, Instant]) -> Block:
    """The block as it will be once the whole audience has been told: for versions that nobody has been told of yet.

    ``due_in``: the due per IANA zone; under '' the one for people whose zone is not known.
    """
    sets = dict(block.sets)
    rest = addressed(block, terms)
    for zone, due in due_in.items():
        here = rest & block[facts.zone(zone)] if zone else BitMap()
        name = facts.told(terms.row, due)
        sets[name] = sets.get(name, BitMap()) | here
        rest = rest - here
    if "" in due_in:
        name = facts.told(terms.row, due_in[""])
        sets[name] = sets.get(name, BitMap()) | rest
    return Block(block.number, sets)


def _break_down(into: Tally, block: Block, statuses: Mapping[Status, BitMap]) -> None:
    sets = [(status, found) for status, found in statuses.items() if found]
    for dimension in DIMENSIONS:
        counts = into.by[dimension]
        for name in block.family(f"{dimension}:"):
            value, count_with = name[len(dimension) + 1 :], block.sets[name].intersection_cardinality
            for status, found in sets:
                if count := count_with(found):
                    counts[value, status] += count


def _apps(into: Tally, block: Block, lineage: Lineage, scope: BitMap) -> None:
    for numbers in lineage.current.apps.values():
        for number in numbers:
            into.apps[number] += scope.intersection_cardinality(block[facts.app(number)])


def _denials(into: Tally, block: Block, entries: Timeline, others: Sequence[Lineage], now: Instant) -> None:
    deniable = block[facts.DENIABLE]
    for start, devices in entries:
        count = devices.intersection_cardinality(deniable)
        if count:
            into.denials_by_hour[start // HOUR] += count
    mine = BitMap.union(BitMap(), *(devices for _, devices in entries)) & deniable
    theirs = BitMap.union(BitMap(), *(denied_at(timeline(block, other), now) for other in others)) & deniable
    into.denied_now += len(denied_at(entries, now) & deniable)
    into.denied_by_others += len(theirs)
    into.net_new += len(mine - theirs)
