"""What a rescission undid: how many were denied, and whose notices it made void. Counted when it is done."""

from countermand.core import facts
from countermand.core.instants import Instant
from countermand.core.lifecycle import EndGround
from countermand.core.outcomes import Rescinded
from countermand.core.terms import Lineage, needs_to_deny
from countermand.core.timeline import denied_at, timeline
from countermand.store import hearing, sets, terms


def undone(name: str, ground: EndGround, now: Instant, *, halted: bool) -> Rescinded:
    """The figures of a lineage that was rescinded just now; ``halted``: it denied nobody any more."""
    notices = hearing.count(name)
    lineage = None if halted else terms.on_record(name)
    lifted = _denied(lineage, now) if lineage is not None else 0
    return Rescinded(name, ground, lifted, notices.waiting, notices.in_flight, notices.reached)


def _denied(lineage: Lineage, now: Instant) -> int:
    """Devices that the lineage denied at ``now`` and a gate could recognise."""
    count = 0
    wanted, prefixes = needs_to_deny(lineage)
    for number in sets.blocks(sets.DEVICES):
        block = sets.load(sets.DEVICES, number, wanted, prefixes)
        count += len(denied_at(timeline(block, lineage), now) & block[facts.DENIABLE])
    return count
