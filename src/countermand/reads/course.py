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
    last on earth; ``rings``: when each was opened."""

    directive: str
    points: tuple[Point, ...]
    issued: tuple[Instant, ...]
    dues: tuple[Instant, ...]
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
    if issued:
        directive, at = terms.text_of(issued[-1]), issued[-1].issued_at or 0
        dues = {schedule.earliest_due(directive, at), schedule.latest_due(directive, at)}
    return Course(
        directive=name,
        points=points,
        issued=tuple(version.issued_at or 0 for version in issued),
        dues=tuple(sorted(due for due in dues if due is not None)),
        rings=row.rings_opened,
        halted_at=row.halted_at,
        ended_at=row.ended_at,
    )
