"""A report as one table for spreadsheets: section, row, column, value; one figure a line, so that columns may grow."""

from collections.abc import Iterator
from dataclasses import asdict

from countermand.core.instants import iso
from countermand.lib.sheets import sheet
from countermand.reads.report import Report

COLUMNS = ("directive", "as_of", "section", "row", "column", "value")


def render(report: Report) -> str:
    """The CSV text."""
    return sheet(COLUMNS, ((report.directive, iso(report.at), *figure) for figure in _figures(report)))


def _figures(report: Report) -> Iterator[tuple[str, str, str, object]]:
    yield from _standing(report)
    yield from _totals(report)
    for one in report.apps:
        yield "app", f"{one.app.platform}:{one.app.id}", "devices", one.devices
    for table in report.breakdowns:
        for value, cells in table.rows.items():
            yield from ((table.dimension, value, column, cell) for column, cell in zip(table.columns, cells, strict=True))
    for stage in report.stages:
        yield "stage", stage.what.value, stage.state.value, None if stage.ends is None else iso(stage.ends)


def _standing(report: Report) -> Iterator[tuple[str, str, str, object]]:
    for name in ("title", "issuer", "version", "state", "phase", "halted", "consequence", "ground"):
        yield "directive", "", name, getattr(report, name)
    for name in ("issued_at", "ended_at", "first_due", "last_due", "sunset"):
        at = getattr(report, name)
        yield "directive", "", name, None if at is None else iso(at)


def _totals(report: Report) -> Iterator[tuple[str, str, str, object]]:
    for outcome, people in asdict(report.telling).items():
        yield "people", "", outcome, people
    for column, devices in report.totals.items():
        yield "devices", "", column, devices
    for reason, devices in report.unknown.items():
        yield "devices", "unknown", reason.value, devices
    for name in ("not_deniable", "protected", "nobodys"):
        yield "devices", "", name, getattr(report, name)
