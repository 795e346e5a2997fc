"""The course of directives as rows: how each stood at some times, for charts."""

from dataclasses import dataclass

from countermand.core.instants import Instant
from countermand.store import models


@dataclass(frozen=True, slots=True)
class Point:
    """Devices at one time; ``told``: people. ``noncompliant``: in grace too."""

    at: Instant
    told: int
    compliant: int
    unknown: int
    exempt: int
    noncompliant: int
    denied: int


def add(lineage: str, point: Point) -> None:
    models.Course.objects.get_or_create(
        lineage=lineage,
        at=point.at,
        defaults={
            "told": point.told,
            "compliant": point.compliant,
            "unknown": point.unknown,
            "exempt": point.exempt,
            "noncompliant": point.noncompliant,
            "denied": point.denied,
        },
    )


def last(lineage: str) -> Instant | None:
    return models.Course.objects.filter(lineage=lineage).order_by("-at").values_list("at", flat=True).first()


def of(lineage: str) -> list[Point]:
    """The earliest first."""
    rows = models.Course.objects.filter(lineage=lineage).order_by("at")
    return [Point(*row) for row in rows.values_list("at", "told", "compliant", "unknown", "exempt", "noncompliant", "denied")]
