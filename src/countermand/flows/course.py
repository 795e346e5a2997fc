"""Noting now and then how an order stands, so that its course can be drawn. A figure, not a state: nothing is decided by it, and
the ledger does not have it."""

from countermand.core.instants import DAY, HOUR, MINUTE, Instant
from countermand.core.report import DENIED, Count, count, wanted
from countermand.core.terms import Lineage
from countermand.core.verdict import Status
from countermand.store import course, directives, sets, tellings, terms
from countermand.store.course import Point
from countermand.store.health import health
from countermand.store.unit import aside, reading

#: How far apart points are: (younger than, apart). The first days are looked at closely.
_APART = ((2 * DAY, 10 * MINUTE), (14 * DAY, HOUR), (None, 6 * HOUR))


def note(name: str, now: Instant) -> bool:
    """Note how the directive stands, unless that was done just now. False if there was nothing to note."""
    with reading():
        issued, lineage, before = directives.issued(name), terms.lineage(name), course.last(name)
        if issued is None or lineage is None or (before is not None and now - before < apart(now - (issued.issued_at or 0))):
            return False
        counted = _counted(lineage, now).total
        point = Point(
            at=now,
            told=tellings.told(issued.pk),
            compliant=counted[Status.COMPLIANT.value],
            unknown=counted[Status.UNKNOWN.value],
            exempt=counted[Status.EXEMPT.value],
            noncompliant=counted[Status.NONCOMPLIANT.value] + counted[Status.IN_GRACE.value],
            denied=counted[DENIED],
        )
    with aside():
        course.add(name, point)
    return True


def _counted(lineage: Lineage, now: Instant) -> Count:
    found, contacts = Count(), health(now).contacts
    names, prefixes = wanted(lineage, ())
    for number in sets.blocks(sets.DEVICES):
        count(found, sets.load(sets.DEVICES, number, names, prefixes), lineage, contacts, now, ())
    return found


def apart(age: int) -> int:
    """How long after a point the next one is due, for an order of this age."""
    return next(span for young, span in _APART if young is None or age < young)
