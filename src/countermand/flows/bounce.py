"""Bouncing: a notice that was handed over came back, so its person was not told by it; in one write.

The correction still goes to them if the order is rescinded: the message was accepted once, and a bounce can be wrong.
"""

from dataclasses import dataclass

from countermand.access import Act, require
from countermand.core.errors import Refused
from countermand.core.notices import TELLING
from countermand.flows.reevaluate import reevaluate
from countermand.store import feed, log, outbox, told
from countermand.store.unit import unit


@dataclass(frozen=True, slots=True)
class Bounced:
    """``untold``: the person no longer counts as told of the version; False if another hand-over of it stands, or if
    nothing was taken back (``already``: it had bounced before)."""

    lineage: str
    untold: bool
    already: bool = False


def bounce(act: Act, message_id: str, why: str = "") -> Bounced:
    """Record that the notice with this Message-ID came back. Refused ``not-found`` for one that was never handed over."""
    require(act.actor, "bounce")
    with unit():
        found = outbox.sent(message_id)
        if found is None:
            raise Refused("not-found", what="notice handed over as", name=message_id, nearest="none")
        if found.bounced:
            return Bounced(found.lineage, untold=False, already=True)
        outbox.bounced(found.id, why[:500], act)
        untold = False
        if found.kind in TELLING:
            other = outbox.other_hand_over(found)
            touched = told.untell(found.version, found.person, other)
            untold = other is None and bool(touched.people)
            for block in sorted(touched.people_blocks):
                feed.mark("unregistered", found.lineage, block)
            reevaluate(act, sorted(touched.devices))
        about = {"lineage": found.lineage, "version": found.version, "kind": found.kind.value, "untold": untold}
        log.append("notice-bounced", act, about, [f"person:{found.login}"])
    return Bounced(found.lineage, untold)
