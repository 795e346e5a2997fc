"""The course of an order: how it stood at some times since it was issued, and what happened when."""

from dataclasses import dataclass

from countermand.core import schedule
from countermand.core.instants import Instant
from countermand.store import course, directives, terms
from countermand.store.course import Point
from countermand.store.unit import reading

__all__ = ["Course", "Point", "course_of"]


@dataclass(frozen=True, slots=True)
class Course:
    """``points``: how it stood, the earliest first; ``issued``: every version that came into force; ``dues``: the first and the
    last on earth; ``reminders``: before the first of them; ``rings``: when each was opened."""

    directive: str
    points: tuple[Point, ...]
    issued: tuple[Instant, ...]
    dues: tuple[Instant, ...]
    reminders: tuple[Instant, ...]
    rings: tuple[Instant, ...]
    halted_at: Instant | None
    ended_at: Instant | None


def course_of(name: str) -> Course:
    """Refused ``not-found``."""
    with reading():
        row = directives.known(name)
        issued = [version for version in directives.versions(name) if version.issued_at is not None]
        points = tuple(course.of(name))
    dues: set[Instant | None] = set()
    reminders: list[Instant] = []
    if issued:
        directive, at = terms.text_of(issued[-1]), issued[-1].issued_at or 0
        first = schedule.earliest_due(directive, at)
        dues = {first, schedule.latest_due(directive, at)}
        reminders = [when for when, _ in schedule.reminders(directive, first) if when > at] if first is not None else []
    return Course(
        directive=name,
        points=points,
        issued=tuple(version.issued_at or 0 for version in issued),
        dues=tuple(sorted(due for due in dues if due is not None)),
        reminders=tuple(reminders),
        rings=row.rings_opened,
        halted_at=row.halted_at,
        ended_at=row.ended_at,
    )
