"""A directive's page for paper (PDF) or a slide (PNG): the same figures, chart and words, as values that are set in type."""

from dataclasses import asdict
from pathlib import Path

from babel.numbers import format_decimal
from django.http import HttpResponse

from countermand.core.instants import Instant
from countermand.core.report import IN_SCOPE
from countermand.lib import moments, words
from countermand.lib.typeset import Form, typeset
from countermand.notices.texts import clean
from countermand.operations import leading
from countermand.reads import lead as leads
from countermand.reads.lead import Beside
from countermand.reads.report import Report
from countermand.reads.sources import sources
from countermand.reads.status import GateStanding
from countermand.web.console import lead, wording
from countermand.web.console.chart import Chart
from countermand.web.console.desk import Desk
from countermand.web.console.screens import screen

_SOURCE = Path(__file__).parents[1] / "templates" / "console" / "directive.typ"
_LONGEST = 300
#: What has no space for so long may be broken there: else it would leave the page.
_UNBROKEN = 24
_MAY_BREAK = "\u200b"
_KINDS: dict[Form, str] = {"pdf": "application/pdf", "png": "image/png"}
Rows = list[tuple[str, str]]
List = tuple[str, Rows]


@screen("directives/<slug:name>/page.pdf", action="oversee", about="a directive")
def as_pdf(desk: Desk, name: str) -> HttpResponse:
    return _file(desk, name, "pdf")


@screen("directives/<slug:name>/page.png", action="oversee", about="a directive")
def as_png(desk: Desk, name: str) -> HttpResponse:
    return _file(desk, name, "png")


def _file(desk: Desk, name: str, form: Form) -> HttpResponse:
    made = typeset(_SOURCE.read_bytes(), Paper(desk, name).values(), form)
    response = HttpResponse(made, content_type=_KINDS[form])
    response.headers["Content-Disposition"] = f'attachment; filename="{name}.{form}"'
    return response


class Paper:
    """What stands on it, in the reader's language and on their clock. Nobody is named."""

    def __init__(self, desk: Desk, name: str) -> None:
        self._desk, self._name = desk, name
        self._language = lead.language_of(desk)
        self._locale = moments.locale_of(self._language, desk.request.tag)  # type: ignore[attr-defined]
        self._found = lead.now_of(desk, name)

    def values(self) -> dict[str, object]:
        desk, one, report = self._desk, self._found.standing, self._found.report
        course = desk.do(leading.course, self._name)
        at = self._brief(desk.act.now)
        return {
            "language": self._language,
            "rtl": words.right_to_left(self._language),
            "origin": self._plain(desk.config.origin) + (f" · {self._say('DRILL')}" if desk.act.drill else ""),
            "at": f"{at} ({desk.zone})",
            "title": self._plain(one.title),
            "id": f"{one.directive} · " + self._say("version {number}", number=one.version),
            "state": self._say(self._found.big.words),
            "tone": self._found.big.tone,
            "clock": self._clock(),
            "figures": self._figures(report) if report else [],
            "shares": [
                {"part": part, "width": width, "label": f"{self._called(part)} {self._number(self._found.devices[part])}"}
                for part, _, width in self._found.shares
            ],
            "chart": self._chart(lead.chart_of(desk, course, self._found)) if course.issued else None,
            "tables": self._tables(report),
            "lists": [{"title": title, "rows": rows} for title, rows in self._lists(report) if rows],
            "foot": self._say("Counts only, of devices unless it says people. Unknown is not compliant, and not guilty either."),
        }

    def _clock(self) -> str:
        one = self._found.standing
        if one.ended_at is not None:
            return self._brief(one.ended_at)
        if one.halted:
            return self._say("Nobody is denied by it and nobody hears of it.")
        if one.next_due is None or not self._found.clock:
            return ""
        return f"{self._say('The next due is')} {self._found.clock}: {self._brief(one.next_due)}"

    def _figures(self, report: Report) -> list[dict[str, object]]:
        one = self._found.standing
        shown = [
            (self._say("people told, of {count} promised", count=self._number(one.promised)), one.told),
            (self._say("devices in scope"), report.totals[IN_SCOPE]),
            (self._say("have the app, in grace"), report.totals["in_grace"]),
            (self._say("have the app, past the due"), report.totals["noncompliant"]),
            (self._say("unknown"), report.totals["unknown"]),
        ]
        found: list[dict[str, object]] = [{"label": label, "value": self._number(count), "hot": False} for label, count in shown]
        denied = {"label": report.denied_means, "value": self._number(one.denied), "hot": one.denied > 0}
        return [*found, denied]

    def _chart(self, chart: Chart) -> dict[str, object]:
        """The chart's numbers, its points apart."""
        lines = [
            {
                "name": line.name,
                "label": self._called(line.name),
                "last": self._number(line.last),
                "points": [[float(part) for part in point.split(",")] for point in line.points.split()],
            }
            for line in chart.lines
        ]
        return {**asdict(chart), "title": self._say("Devices over time"), "lines": lines}

    def _tables(self, report: Report | None) -> list[dict[str, object]]:
        return [
            {
                "title": self._called(one.dimension),
                "columns": [self._called(one.dimension), *(self._called(column) for column in one.columns)],
                "rows": [[self._called(row.value), *map(self._number, row.cells)] for row in one.rows],
            }
            for one in lead.funnels(report)
        ]

    def _lists(self, report: Report | None) -> list[List]:
        beside = leads.beside(self._name, self._desk.act.now)
        stood = [self._rings(beside), self._gates(), self._sources(), self._exempt(beside)]
        return [*self._people(report), *self._stages(report), *stood]

    def _people(self, report: Report | None) -> list[List]:
        if report is None:
            return []
        told = report.telling
        rows = [
            ("Promised", told.promised), ("Told", told.told), ("On their way", told.waiting),
            ("Refused by the mail server", told.refused), ("Came back", told.bounced), ("Nobody knows", told.doubtful),
            ("Corrected", told.corrected), ("Corrections on their way", told.correcting),
        ]  # fmt: skip
        unknown = [(self._called(reason), self._number(count)) for reason, count in report.unknown.items()]
        words_to = [(self._say(label), self._number(count)) for label, count in rows]
        return [(self._say("Words to people"), words_to), (self._say("Why it is unknown"), unknown)]

    def _stages(self, report: Report | None) -> list[List]:
        rows = [
            (f"{self._called(one.what)} ({self._called(one.state)})", self._brief(one.ends) if one.ends else "–")
            for one in (report.stages if report else ())
        ]
        return [(self._say("Stages"), rows)]

    def _rings(self, beside: Beside) -> List:
        rows = [(f"{one.share:.1%}", self._brief(one.opened) if one.opened else self._say("waits")) for one in beside.rings]
        return self._say("Rings"), rows if len(rows) > 1 else []

    def _gates(self) -> List:
        return self._say("Gates"), [(self._plain(gate.name), self._denied(gate)) for gate in self._found.seen.gates]

    def _denied(self, gate: GateStanding) -> str:
        lately, hour = (sum(getattr(one, span) for one in gate.shown.values()) for span in ("lately", "hour"))
        if not gate.version:
            one, many = "{count} request refused since it started", "{count} requests refused since it started"
            return words.several(self._language, one, many, gate.denials)
        if not hour:
            return self._say("nobody denied mail in the last hour")
        one, many = "{count} device denied mail in the last ten minutes", "{count} devices denied mail in the last ten minutes"
        return f"{words.several(self._language, one, many, lately)}, {self._say('{count} in the last hour', count=hour)}"

    def _sources(self) -> List:
        found = sources(self._desk.act) if self._desk.may("read") else []
        return self._say("Sources"), [(self._plain(one.name), self._called(one.state)) for one in found]

    def _exempt(self, beside: Beside) -> List:
        rows = [
            (self._say("Hold"), self._number(beside.exempt)),
            (self._say("Wait for a second person"), self._number(beside.asked)),
        ]
        ends = [(f"{self._called(one.kind)} · {self._plain(one.ground)}", self._brief(one.until)) for one in beside.ending]
        return self._say("Exemptions"), [*rows, *ends]

    def _say(self, text: str, **values: object) -> str:
        return words.say(self._language, text, **values)

    def _called(self, value: object) -> str:
        key = str(getattr(value, "value", value))
        return self._say(wording.CALLED[key]) if key in wording.CALLED else self._plain(key)

    def _number(self, count: object) -> str:
        return str(format_decimal(count, locale=self._locale)) if isinstance(count, int) else str(count)

    def _brief(self, at: Instant) -> str:
        return moments.brief(at, self._desk.zone, self._locale)

    def _plain(self, text: str) -> str:
        """A value from outside: one line, no mark that turns or hides others, and nothing that leaves the page."""
        parts = [
            _MAY_BREAK.join(part[at : at + _UNBROKEN] for at in range(0, len(part), _UNBROKEN))
            for part in clean(text, _LONGEST).split(" ")
        ]
        return " ".join(parts)
