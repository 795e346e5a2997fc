"""Leading an order: where it stands, the course that it takes, whom it reaches, and what stands in its way."""

from collections.abc import Mapping
from dataclasses import dataclass

from django.http import HttpResponse

from countermand.core.errors import Refused
from countermand.core.instants import HOUR, MINUTE, Instant
from countermand.lib import moments, words
from countermand.operations import agreeing, leading, standing
from countermand.operations.notices import show_public
from countermand.operations.standing import report as report_of
from countermand.reads import lead as leads
from countermand.reads import report_sheet
from countermand.reads.course import Course
from countermand.reads.report import Breakdown, Report
from countermand.reads.sources import sources
from countermand.reads.status import Overview, Standing
from countermand.web.console import chart, wording
from countermand.web.console.desk import Desk
from countermand.web.console.recent import Recent
from countermand.web.console.screens import screen
from countermand.web.streams import Events

#: Counting walks the fleet: who looks within these milliseconds sees the same figures.
_KEPT = 2_000
_reports: Recent[Report | None] = Recent(_KEPT)
_standings: Recent[Overview] = Recent(_KEPT)
_PAGE = 100
#: What is drawn of the course, in the order of the legend.
_DRAWN = ("noncompliant", "unknown", "exempt", "denied")


#: What a bar is made of, from well to not.
_BAR = ("compliant", "exempt", "unknown", "in_grace", "noncompliant")
#: (status, where it begins, how wide it is) of a bar that is 100 wide.
Bar = tuple[tuple[str, float, float], ...]


@dataclass(frozen=True, slots=True)
class FunnelRow:
    value: str
    bar: Bar
    cells: tuple[int | str, ...]


@dataclass(frozen=True, slots=True)
class Funnel:
    dimension: str
    columns: tuple[str, ...]
    rows: tuple[FunnelRow, ...]


@dataclass(frozen=True, slots=True)
class Now:
    """What renews itself on the page. ``devices``: by status, as of now, whether or not the order is over."""

    standing: Standing
    seen: Overview
    report: Report | None
    devices: Mapping[str, int]
    big: wording.Big
    clock: str
    shares: Bar


@screen("directives/<slug:name>/", action="oversee", about="a directive")
def directive(desk: Desk, name: str) -> HttpResponse:
    """The page of a directive."""
    found, language = now_of(desk, name), language_of(desk)
    taken = desk.do(leading.course, name)
    report, beside = found.report, leads.beside(name, desk.act.now)
    return desk.page(
        "lead.html",
        name=name,
        found=found,
        beside=beside,
        record=desk.do(show_public, name),
        chart=chart_of(desk, taken, found) if taken.issued else None,
        course=taken.points[-60:],
        sources=sources(desk.act) if desk.may("read") else [],
        tables=funnels(report),
        words={name: words.say(language, text) for name, text in wording.STATUSES.items()},
        people=desk.may("read-person"),
        issues=desk.may("issue"),
        writes=desk.may("write"),
        waits=any(one.need is not None for one in beside.versions),
        refusals=desk.do(agreeing.list_refusals, name) if desk.may("read") else [],
        stops=desk.may("halt") and found.standing.state.value == "issued" and found.standing.ended_at is None,
        done=desk.asked("done"),
    )


@screen("directives/<slug:name>/live/", action="oversee", about="a directive", passive=True)
def live(desk: Desk, name: str) -> HttpResponse:
    """The part of it that renews itself."""
    return desk.part("lead_live.html", name=name, found=now_of(desk, name))


@screen("directives/<slug:name>/gates/", action="oversee", about="a directive", passive=True)
def gates(desk: Desk, name: str) -> HttpResponse:
    """What the gates have heard and answered: it renews itself too."""
    return desk.part("gates.html", found=now_of(desk, name))


@screen("directives/<slug:name>/chart/", action="oversee", about="a directive", passive=True)
def course(desk: Desk, name: str) -> HttpResponse:
    """The course that it takes, as a chart: it grows while somebody looks."""
    return desk.part("chart.html", chart=_chart(desk, now_of(desk, name)))


@screen("directives/<slug:name>/events/", action="oversee", about="a directive", passive=True)
def events(desk: Desk, name: str) -> HttpResponse:
    """All of these, each when it has changed, for as long as somebody looks."""
    found = now_of(desk, name)
    pieces = {"live": desk.piece("lead_live.html", name=name, found=found), "gates": desk.piece("gates.html", found=found)}
    if (drawn := _chart(desk, found)) is not None:
        pieces["chart"] = desk.piece("chart.html", chart=drawn)
    return Events(pieces, _KEPT / 1000)


@screen("directives/<slug:name>/figures.csv", action="oversee", about="a directive")
def figures(desk: Desk, name: str) -> HttpResponse:
    """Every figure of its report, for a spreadsheet."""
    text = report_sheet.render(desk.do(report_of, name))
    response = HttpResponse(text, content_type="text/csv; charset=utf-8")
    response.headers["Content-Disposition"] = f'attachment; filename="{name}.csv"'
    return response


@screen("directives/<slug:name>/untold/", action="read-person", about="the people whom a directive did not reach", personal=True)
def untold(desk: Desk, name: str) -> HttpResponse:
    """Who could not be told, so that somebody finds another way to them."""
    found = desk.do(leading.list_untold, name, after=desk.asked("after"), limit=_PAGE)
    return desk.page("untold.html", name=name, found=found)


def now_of(desk: Desk, name: str) -> Now:
    language = language_of(desk)
    seen = _standings.get(_key(desk, name), lambda: desk.do(standing.status, name))
    one = seen.directives[0]
    report = _reports.get(_key(desk, name), lambda: _report(desk, name))
    clock = wording.clock(language, one.next_due, desk.act.now) if one.state.value == "issued" else ""
    devices = report.totals if report else one.devices
    return Now(one, seen, report, devices, wording.big(one), clock, shares_of(devices))


def shares_of(devices: Mapping[str, int]) -> Bar:
    """(status, where it begins, how wide it is) of a bar that is 100 wide."""
    total, at, found = sum(devices.get(part, 0) for part in _BAR), 0.0, []
    for part in _BAR:
        width = 100 * devices.get(part, 0) / total if total else 0.0
        if width:
            found.append((part, round(at, 3), round(width, 3)))
        at += width
    return tuple(found)


def funnels(report: Report | None) -> list[Funnel]:
    """By country and platform. A row whose counts are not all shown has no bar: the bar would say them."""
    tables = [one for one in report.breakdowns if one.dimension in ("country", "platform") and one.rows] if report else []
    return [Funnel(one.dimension, one.columns, tuple(_row(one, *row) for row in one.rows.items())) for one in tables]


def _row(table: Breakdown, value: str, cells: tuple[int | str, ...]) -> FunnelRow:
    parts = {part: cell for part, cell in zip(table.columns, cells, strict=True) if isinstance(cell, int)}
    return FunnelRow(value, shares_of(parts) if len(parts) == len(cells) else (), cells)


def forget() -> None:
    """Somebody decided something: everything is counted anew."""
    _reports.forget()
    _standings.forget()


def _key(desk: Desk, name: str) -> str:
    return f"{desk.config.database} {name}"


def _report(desk: Desk, name: str) -> Report | None:
    try:
        return desk.do(report_of, name)
    except Refused as refused:
        if refused.code != "never-issued":
            raise
        return None


def _chart(desk: Desk, found: Now) -> chart.Chart | None:
    taken = desk.do(leading.course, found.standing.directive)
    return chart_of(desk, taken, found) if taken.issued else None


def chart_of(desk: Desk, course: Course, found: Now) -> chart.Chart:
    """From the issue to now, or to the last due if that is still to come."""
    # By the minute: a chart that differed by a hair each time would be sent anew each time.
    language, now = language_of(desk), max([desk.act.now // MINUTE * MINUTE, *(one.at for one in course.points[-1:])])
    points = [(one.at, one) for one in course.points]
    series = [chart.Series(part, [(at, getattr(one, part)) for at, one in points]) for part in _DRAWN]
    if course.ended_at is None and found.standing.devices:
        devices = found.standing.devices
        fresh = {**devices, "noncompliant": devices["noncompliant"] + devices["in_grace"], "denied": found.standing.denied}
        series = [chart.Series(one.name, [*one.points, (now, fresh[one.name])]) for one in series]
    elif course.ended_at is not None:
        series = [
            chart.Series(one.name, [*one.points, (course.ended_at, 0)] if one.name == "denied" else one.points) for one in series
        ]
    begins = course.issued[0]
    ends = course.ended_at or max([now, *(due for due in course.dues if due - now < 60 * 24 * HOUR)])
    marks = [(at, words.say(language, "issued")) for at in course.issued]
    marks += [(at, words.say(language, "reminder")) for at in course.reminders]
    marks += [(at, words.say(language, "first due")) for at in course.dues[:1]]
    marks += [(at, words.say(language, "last due")) for at in course.dues[1:]]
    marks += [(at, words.say(language, "on hold")) for at in [course.halted_at] if at is not None]
    marks += [(at, words.say(language, "rescinded")) for at in [course.ended_at] if at is not None]
    locale = moments.locale_of(language, desk.request.tag)  # type: ignore[attr-defined]

    def day(at: Instant, hour: bool) -> str:
        return moments.short(at, desk.zone, locale, hour=hour)

    return chart.drawn(series, marks, begins, ends + max((ends - begins) // 20, HOUR), day)


def language_of(desk: Desk) -> str:
    return str(desk.request.language)  # type: ignore[attr-defined]
