"""What the clock says of a directive: dues, reminders, stages, rings, sunset and phase. Nothing here is stored but dues.

Local times become instants here and nowhere else, always in the employee's favour: an hour that exists twice in autumn
means the later one, an hour that spring leaves out means the one after it.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from enum import StrEnum
from functools import cache
from zoneinfo import ZoneInfo

from countermand.core import forms
from countermand.core.directive import Directive, Due, Stage, StageKind
from countermand.core.instants import HOUR, QUARTER, Instant, from_datetime, to_datetime
from countermand.core.lifecycle import State

#: Every clock on earth stands between UTC-12 and UTC+14.
_LAST_ZONE, _FIRST_ZONE = 12 * HOUR, -14 * HOUR


class Phase(StrEnum):
    """What the clock says of an issued directive. Derived, never stored."""

    NOTICE = "notice"
    ENFORCED = "enforced"
    EXPIRED = "expired"


class StageState(StrEnum):
    OPEN = "open"
    MET = "met"
    MISSED = "missed"


@dataclass(frozen=True, slots=True)
class Standing:
    """One stage as the clock sees it; ``ends`` is None for 'as soon as practicable', which is never missed."""

    stage: Stage
    ends: Instant | None
    state: StageState


# -- dues --


def document_due(directive: Directive, zone: str, issued_at: Instant) -> Instant | None:
    """When the document is due for a person in ``zone`` ('' or unknown: the fallback zone); None without a due."""
    due = directive.due
    if due is None:
        return None
    if due.at is None:
        return issued_at + (due.after or 0)
    return instant_of(due.at, clock_of(zone, due.fallback_zone) if due.zone == forms.RECIPIENT else due.zone)


def latest_due(directive: Directive, issued_at: Instant) -> Instant | None:
    """The last moment at which it comes due for anyone, wherever they move: on the quarter of an hour, like every due."""
    due = _anywhere(directive, issued_at, _LAST_ZONE)
    return None if due is None else quarter(due)


def earliest_due(directive: Directive, issued_at: Instant) -> Instant | None:
    """The first moment at which it comes due for anyone on earth."""
    return _anywhere(directive, issued_at, _FIRST_ZONE)


def _anywhere(directive: Directive, issued_at: Instant, offset: int) -> Instant | None:
    due = directive.due
    if due is not None and due.at is not None and due.zone == forms.RECIPIENT:
        return from_datetime(due.at.replace(tzinfo=UTC)) + offset
    return document_due(directive, "", issued_at)


def due_at_claim(directive: Directive, zone: str, issued_at: Instant, claim: Instant, lease: int) -> Instant | None:
    """The due that a notice claimed at ``claim`` states, for a reader in ``zone``; None if the document has none.

    Never before the document's due, and never sooner than the minimum notice after the lease ends, which is the latest
    moment at which this notice can be handed over. On the quarter of an hour, at a local time that cannot be misread.
    """
    due = document_due(directive, zone, issued_at)
    if due is None:
        return None
    stated = quarter(max(due, claim + lease + directive.minimum_notice))
    return unmistakable(stated, clock_of(zone, directive.fallback_zone))


def quarter(instant: Instant) -> Instant:
    """The instant, rounded up to the next full quarter of an hour (every zone in use keeps the same quarters)."""
    return -(-instant // QUARTER) * QUARTER


def unmistakable(instant: Instant, zone: str) -> Instant:
    """The later of the two instants that share this one's local time, in the autumn hour that exists twice."""
    local = to_datetime(instant).astimezone(_clock(zone))
    return max(instant, from_datetime(local.replace(fold=1)))


def instant_of(local: datetime, zone: str) -> Instant:
    """The instant of a wall-clock time. Of two that share it the later one; of a time that spring leaves out, as long
    after the change as it would have been after the hour before it (02:30 becomes 03:30)."""
    aware = local.replace(tzinfo=_clock(zone))
    return max(from_datetime(aware.replace(fold=fold)) for fold in (0, 1))


@cache
def _clock(zone: str) -> ZoneInfo:
    """Python forgets all but eight of them, and reads their files anew."""
    return ZoneInfo(zone)


def clock_of(zone: str, fallback: str) -> str:
    """The zone whose clock a person reads: their own, or the fallback if it is not known."""
    return zone if zone in forms.zones() else fallback


def end_of(day: date, zone: str) -> Instant:
    """The end of a day in a zone: the first instant of the next one."""
    return instant_of(datetime.combine(day + timedelta(days=1), time()), zone)


# -- what else the document says of time --


def ends_at(directive: Directive) -> Instant | None:
    """When it ends by itself: with the day of its sunset, in the fallback zone."""
    return None if directive.sunset is None else end_of(directive.sunset, directive.fallback_zone)


def phase(directive: Directive, state: str, issued_at: Instant, now: Instant) -> Phase | None:
    """The phase of an issued version, None in any other state. Enforced from the first due on earth; a directive without
    a due gives notice as long as it holds."""
    if state != State.ISSUED:
        return None
    ends, due = ends_at(directive), earliest_due(directive, issued_at)
    if ends is not None and now >= ends:
        return Phase.EXPIRED
    return Phase.ENFORCED if due is not None and now >= due else Phase.NOTICE


def reminders(directive: Directive, due: Instant) -> list[tuple[Instant, str]]:
    """(when, occurrence) of every reminder of a person's due, earliest first. The occurrence says how long before: '3d'.
    Those that lie before the person was told are the caller's to drop."""
    return sorted((due - span, forms.duration_text(span)) for span in set(directive.reminders))


def stages(directive: Directive, met: Mapping[StageKind, Instant], now: Instant) -> tuple[Standing, ...]:
    """How the stages stand at ``now``; ``met`` says when each kind was declared done. Done late is met all the same."""
    return tuple(_standing(stage, directive.fallback_zone, met, now) for stage in directive.stages)


def _standing(stage: Stage, zone: str, met: Mapping[StageKind, Instant], now: Instant) -> Standing:
    ends = None if stage.due is None else end_of(stage.due, zone)
    if stage.what in met and met[stage.what] <= now:
        return Standing(stage, ends, StageState.MET)
    missed = ends is not None and now >= ends
    return Standing(stage, ends, StageState.MISSED if missed else StageState.OPEN)


def ring_of(directive: Directive, login: str) -> int:
    """The ring of a person, 0 = first. Fixed by lineage and login alone: it survives new versions, and no person is among
    the first of every directive."""
    drawn = int.from_bytes(hashlib.sha256(f"{directive.id}\0{login}".encode()).digest()[:6], "big") / 2**48
    rings = directive.rollout.rings
    return next((index for index, ring in enumerate(rings) if drawn < ring.share), len(rings) - 1)


def past(due: Due, proposed_on: date) -> bool:
    """True if a wall-clock due lies before this day, by the calendar alone."""
    return due.at is not None and due.at <= datetime.combine(proposed_on, time())
