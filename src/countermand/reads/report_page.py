"""A report as one HTML page that stands alone: no script, nothing loaded, readable aloud, in the dark and on paper."""

import html
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC

from countermand.core.directive import Consequence
from countermand.core.instants import Instant, iso, to_datetime
from countermand.core.report import IN_SCOPE, PARTS
from countermand.core.verdict import Status
from countermand.reads.report import Breakdown, Report
from countermand.reads.report_style import STYLE

_POLICY = "default-src 'none'; style-src 'unsafe-inline'"
_ARE = {
    Consequence.DENY_MAIL: "denied mail",
    Consequence.HAND_OVER: "to be denied by others",
    Consequence.REPORT_ONLY: "reported; nothing is denied",
}


def render(report: Report) -> str:
    """The page as text. Whatever came from a document, a directory or a device is escaped here."""
    title = f"{report.directive}: {report.title}"
    apps = [(app.app.platform, app.app.id, app.devices) for app in report.apps]
    body = [
        _head(report),
        _section("Devices", _whole(report)),
        _section("Dates", _facts("What people decided, and when it counts", _standing(report))),
        _section("People", _facts("What became of the notice that tells people", _people(report))),
        _section("In detail", _facts("Devices in scope, by what is known of them", _devices(report))),
        *(_section(f"By {one.dimension}", _breakdown(one)) for one in report.breakdowns if one.rows),
        _section(
            "Apps",
            _table("Ids that the order names, and devices in scope on which they are", ["platform", "app id", "devices"], apps),
        ),
    ]
    if report.stages:
        rows = [
            (one.what, "as soon as practicable" if one.ends is None else _words(one.ends), one.state) for one in report.stages
        ]
        body.append(_section("Stages", _table("Dates that the order sets and that deny nobody", ["stage", "due", "state"], rows)))
    return (
        '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        f'<meta http-equiv="Content-Security-Policy" content="{_POLICY}">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{_text(title)}</title>\n<style>{STYLE}</style>\n</head>\n<body>\n<main>\n{chr(10).join(body)}\n</main>\n"
        f'<footer class="quiet"><p>Counts only, of devices unless it says people; counts under {report.smallest} by country or '
        "group are not shown. Unknown is not compliant, and not guilty either.</p></footer>\n</body>\n</html>\n"
    )


def _head(report: Report) -> str:
    state = "rescinded" if report.ended_at is not None else report.state.value
    badges = [("badge", state), ("badge", report.phase or ""), ("badge loud", "on hold" if report.halted else "")]
    shown = " ".join(f'<span class="{kind}">{_text(word.capitalize())}</span>' for kind, word in badges if word)
    return (
        f'<header>\n<p class="quiet">{_text(report.directive)}, version {report.version}</p>\n<h1>{_text(report.title)}</h1>\n'
        f"<p>{shown}</p>\n"
        f'<p class="lead">{_lead(report)}</p>\n<p class="quiet">As of {_time(report.at)}. Issued by {_text(report.issuer)}.</p>\n'
        "</header>"
    )


def _lead(report: Report) -> str:
    """What it has come to, in a sentence or two."""
    totals, told = report.totals, report.telling
    if report.ended_at is not None:
        return (
            f"The order was taken back on {_time(report.ended_at)} ({_text(report.ground)}) and denies nobody. "
            f"{told.corrected:,} people got the correction; {told.correcting:,} are still to get it."
        )
    said = (
        f"{told.told:,} of {told.promised:,} people are told. Of {totals[IN_SCOPE]:,} devices, "
        f"{totals[Status.COMPLIANT.value]:,} comply, {totals[Status.UNKNOWN.value]:,} cannot be known, "
        f"and {report.denied:,} are {_ARE[report.consequence]}."
    )
    return said + (" The order is on hold: until people resume it, nobody is denied by it." if report.halted else "")


def _whole(report: Report) -> str:
    """One bar of all devices in scope, and what its parts are."""
    whole = report.totals[IN_SCOPE]
    cards = [(part, _named(part), report.totals[part], True) for part in PARTS]
    cards.append(("denied", report.denied_means.capitalize(), report.denied, False))
    shown = "\n".join(
        f'<div class="{part}"><dt>{_text(name)}</dt><dd>{count:,} <span>{_share(count, whole) if of else ""}</span></dd></div>'
        for part, name, count, of in cards
    )
    counts = {part: report.totals[part] for part in PARTS}
    return f'{_bar("All devices in scope", counts, whole, "whole")}\n<dl class="cards">\n{shown}\n</dl>'


def _share(count: int, whole: int) -> str:
    """ "85 %", and never 0 or 100 for what is neither."""
    if not whole:
        return ""
    percent = round(100 * count / whole)
    if 0 < count < whole and percent in (0, 100):
        return "under 1 %" if percent == 0 else "over 99 %"
    return f"{percent} %"


def _standing(report: Report) -> list[tuple[str, str]]:
    ended = [("Rescinded", f"{_time(report.ended_at)}, {_text(report.ground)}")] if report.ended_at is not None else []
    return [
        ("Issued", _time(report.issued_at)),
        ("Due", f"{_time(report.first_due)} to {_time(report.last_due)}, by where people are" if report.first_due else "none"),
        ("Ends", _time(report.sunset)),
        *ended,
    ]


def _people(report: Report) -> list[tuple[str, int]]:
    told = report.telling
    return [
        ("Promised a notice", told.promised),
        ("Told", told.told),
        ("Waiting to be told", told.waiting),
        ("Could not be told: refused by the mail server", told.refused),
        ("Could not be told: bounced", told.bounced),
        ("Nobody knows whether it arrived", told.doubtful),
        ("Corrected", told.corrected),
        ("Correction on its way", told.correcting),
    ]


def _devices(report: Report) -> list[tuple[str, int]]:
    return [
        *((_named(column), report.totals[column]) for column in (IN_SCOPE, *PARTS)),
        *((f"Unknown: {reason.value.replace('-', ' ')}", count) for reason, count in report.unknown.items()),
        (report.denied_means.capitalize(), report.denied),
        ("The same, but not deniable: no mail identity known", report.not_deniable),
        ("Has the app, and its login is protected", report.protected),
        ("In scope, and nobody's", report.nobodys),
    ]


def _named(column: str) -> str:
    return column.replace("_", " ").capitalize()


def _breakdown(table: Breakdown) -> str:
    """Each value's counts, and their shares as a bar; a count that is not shown is not drawn either."""
    columns = [table.dimension, "", *(column.replace("_", " ") for column in table.columns)]
    rows = [(value, _Markup(_bar_of(table, value, cells)), *cells) for value, cells in table.rows.items()]
    note = "; a device whose owner is in two groups counts in both" if table.dimension == "group" else ""
    return _table(f"Devices in scope by {table.dimension}{note}", columns, rows)


class _Markup(str):
    """Text that is markup already, made here."""


def _bar_of(table: Breakdown, value: str, cells: Sequence[int | str]) -> str:
    whole = cells[table.columns.index(IN_SCOPE)]
    counts = {part: cells[table.columns.index(part)] for part in PARTS}
    return _bar(value, counts, whole, "") if isinstance(whole, int) and whole else ""


def _bar(name: str, counts: Mapping[str, int | str], whole: int, kind: str) -> str:
    """The parts of a whole side by side. Whoever cannot see it hears the counts."""
    said = f"{name}: " + ", ".join(f"{count} {part.replace('_', ' ')}" for part, count in counts.items())
    drawn, left = [], 0.0
    for part, count in counts.items():
        width = 1000 * count / whole if isinstance(count, int) and whole else 0
        if width:
            drawn.append(f'<rect class="{part}" x="{left:.1f}" y="0" width="{width:.1f}" height="10"></rect>')
        left += width
    return (
        f'<svg role="img" class="{kind}" viewBox="0 0 1000 10" preserveAspectRatio="none" aria-label="{_text(said)}">'
        f"{''.join(drawn)}</svg>"
    )


def _section(title: str, content: str) -> str:
    return f"<section>\n<h2>{_text(title)}</h2>\n{content}\n</section>"


def _facts(caption: str, rows: Iterable[tuple[str, str | int]]) -> str:
    """Name and value; a text is markup already."""
    lines = "\n".join(f'<tr><th scope="row">{_text(name)}</th>{_value(value)}</tr>' for name, value in rows)
    return f'<table class="facts">\n<caption>{_text(caption)}</caption>\n<tbody>\n{lines}\n</tbody>\n</table>'


def _value(value: str | int) -> str:
    return _cell(value) if isinstance(value, int) else f"<td>{value}</td>"


def _table(caption: str, columns: Sequence[str], rows: Sequence[Sequence[object]]) -> str:
    numeric = [any(isinstance(row[at], int) for row in rows) for at in range(len(columns))]
    head = "".join(_header(column, number) for column, number in zip(columns, numeric, strict=True))
    lines = "\n".join(f'<tr><th scope="row">{_text(row[0])}</th>{"".join(map(_cell, row[1:]))}</tr>' for row in rows)
    return (
        f'<div class="wide" role="region" tabindex="0" aria-label="{_text(caption)}">'
        f"<table>\n<caption>{_text(caption)}</caption>\n"
        f"<thead><tr>{head}</tr></thead>\n<tbody>\n{lines}\n</tbody>\n</table></div>"
    )


def _header(column: str, number: bool) -> str:
    if not column:
        return "<td></td>"
    kind = ' class="number"' if number else ""
    return f'<th scope="col"{kind}>{_text(column)}</th>'


def _cell(value: object) -> str:
    if isinstance(value, _Markup):
        return f'<td class="bar">{value}</td>'
    if isinstance(value, int):
        return f'<td class="number{"" if value else " zero"}">{value:,}</td>'
    hidden = str(value).startswith("<")  # a small count
    return f'<td class="number">{_text(value)}</td>' if hidden else f"<td>{_text(value)}</td>"


def _time(at: Instant | None) -> str:
    return "none" if at is None else f'<time datetime="{iso(at)}">{_words(at)}</time>'


def _words(at: Instant) -> str:
    moment = to_datetime(at).astimezone(UTC)
    return f"{moment:%A}, {moment.day} {moment:%B %Y, %H:%M} UTC"


def _text(value: object) -> str:
    """Text as markup: nothing in it is a tag, an attribute or an invisible mark that turns the line around."""
    return html.escape("".join(mark if mark.isprintable() else "\ufffd" for mark in str(value)))
