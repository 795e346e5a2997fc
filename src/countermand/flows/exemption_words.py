"""Words about an exemption to whoever it is for: granted, not granted, and that it ends soon.

A group's exemption is nobody's own: its people are told by the order that they are in, or not at all.
"""

from countermand.access import Act
from countermand.core.instants import DAY
from countermand.core.notices import Kind
from countermand.store import directives, exemptions, fleet, outbox
from countermand.store.exemptions import Exemption

#: How long before its end a person hears of it.
SOON = 7 * DAY


def promise(act: Act, found: Exemption, kind: Kind) -> int:
    """Promise the notice, once per exemption, in the unit of what it speaks of; 0 if there is nobody to tell, or no version
    in force."""
    row, person = directives.issued(found.lineage), _person(found)
    if row is None or person is None:
        return 0
    return outbox.promise(row.pk, [person], kind, act, occurrence=str(found.pk))


def ending(act: Act, lineage: str, since: int) -> int:
    """Promise it to those whose exemption comes within SOON of its end since the last look; returns how many. One that was
    given for less is told of its end when it is granted."""
    promised = 0
    for one in exemptions.of_lineage(lineage):
        holds = one.agreed_at is not None and one.ended_at is None and one.until > act.now
        if holds and since < one.until - SOON <= act.now and (one.agreed_at or 0) < one.until - SOON:
            promised += promise(act, one, Kind.EXEMPTION_ENDS)
    return promised


def _person(found: Exemption) -> int | None:
    if found.kind == "person":
        return exemptions.person_of(found.target)
    device = exemptions.device_of(found.target) if found.kind == "device" else None
    return None if device is None else fleet.load([device])[device].owner
