"""Rings: the next share of people is opened by a ledgered write once the hold has passed and few enough are denied.

Above the limit the lineage is halted: by the system, as any person may.
"""

from pyroaring import BitMap

from countermand.access import Act
from countermand.core import facts
from countermand.core.instants import Instant
from countermand.core.terms import Lineage
from countermand.core.timeline import denied_at, timeline
from countermand.flows.reevaluate import block_for
from countermand.store import directives, feed, log, sets, terms
from countermand.store.unit import aside


def advance(act: Act, name: str) -> int:
    """Open the next ring of this lineage if it is time; halt it if the share of denied devices among the told ones of
    open rings is over the limit. Returns how many rings were opened (0 or 1)."""
    lineage = terms.lineage(name)
    if lineage is None or not lineage.live or not 0 < len(lineage.rings_opened) < lineage.rings:
        return 0
    rollout, opened = lineage.current.directive.rollout, len(lineage.rings_opened)
    share = denied_share(act, lineage)
    if rollout.halt_if_denied_share is not None and share > rollout.halt_if_denied_share:
        _halt(act, name, share)
        return 0
    if act.now < _begun(lineage) + rollout.rings[opened - 1].hold:
        return 0
    return _open(act, name, opened, share)


def _halt(act: Act, name: str, share: float) -> None:
    with aside():
        directives.decide(name)
        standing = terms.lineage(name)
        if standing is None or not standing.live:
            return  # a person was quicker
        directives.halt(name, act.now)
        log.append("halted", act, {"lineage": name, "why": "denied-share", "share": f"{share:.4f}"})
        feed.mark("lineage", name)


def _open(act: Act, name: str, opened: int, share: float) -> int:
    with aside():
        directives.decide(name)
        now_open = terms.lineage(name)
        if now_open is None or not now_open.live or len(now_open.rings_opened) != opened:
            return 0  # a person was quicker
        directives.open_ring(name, act.now)
        log.append("ring-opened", act, {"lineage": name, "ring": opened, "denied_share": f"{share:.4f}"})
        for number in sets.blocks(sets.DEVICES):
            feed.mark("denials", name, number)
        for number in sets.blocks(sets.PEOPLE):
            feed.mark("unregistered", name, number)
    return 1


def denied_share(act: Act, lineage: Lineage) -> float:
    """Denied devices among the told devices of the open rings, the last ring being closed; 0 if nobody was told. A device
    whose owner was told of several versions counts once."""
    told = denied = 0
    for number in sets.blocks(sets.DEVICES):
        block = block_for(number, lineage)
        members = block.union(facts.ring(lineage.id, index) for index in range(len(lineage.rings_opened)))
        dues = (devices for version in lineage.versions for _, devices in block.instants(f"told:{version.row}:"))
        told += len(BitMap.union(BitMap(), *dues) & members)
        denied += len(denied_at(timeline(block, lineage), act.now) & members)
    return denied / told if told else 0.0


def _begun(lineage: Lineage) -> Instant:
    """When denial began in the ring that was opened last: not before it opened, nor before the first due that its people
    were told. A hold that was counted from the issue would be over before anybody was denied, and prove nothing."""
    ring, prefix = facts.ring(lineage.id, len(lineage.rings_opened) - 1), f"told:{lineage.current.row}:"
    dues = [
        due
        for number in sets.blocks(sets.DEVICES)
        for block in [sets.load(sets.DEVICES, number, {ring}, {prefix})]
        for due, devices in block.instants(prefix)
        if devices & block[ring]
    ]
    return max(lineage.rings_opened[-1], lineage.not_before, min(dues, default=lineage.current.last_due or 0))
