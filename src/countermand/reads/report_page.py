"""A report as one HTML page that stands alone: no script, nothing loaded, readable aloud, in the dark and on paper."""

import html
from collections.abc import Iterable, Sequence

from countermand.core.instants import Instant, iso
from countermand.core.report import IN_SCOPE, PARTS
from countermand.reads.report import Breakdown, Report

#: Rows of one chart; the table below it has them all.
_BARS = 12
_STYLE = """
:root { color-scheme: light dark; --ink: #1b1b1b; --paper: #fff; --line: #767676; --quiet: #595959;
  --exempt: #6b7280; --compliant: #15803d; --unknown: #a8a29e; --in_grace: #d97706; --noncompliant: #b91c1c; }
@media (prefers-color-scheme: dark) { :root { --ink: #f2f2f2; --paper: #161616; --line: #8f8f8f; --quiet: #b8b8b8;
  --compliant: #4ade80; --in_grace: #fbbf24; --noncompliant: #f87171; } }
body { font: 1rem/1.5 system-ui, sans-serif; color: var(--ink); background: var(--paper); max-width: 62rem; margin: 2rem auto;
  padding: 0 1rem; }
table { border-collapse: collapse; margin: .5rem 0 1.5rem; }
th, td { border-bottom: 1px solid var(--line); padding: .25rem .75rem .25rem 0; text-align: left; vertical-align: top; }
td.number { text-align: right; font-variant-numeric: tabular-nums; }
.quiet { color: var(--quiet); }
.wide { overflow-x: auto; }
svg { display: block; width: 100%; max-width: 40rem; height: auto; }
svg text { fill: var(--ink); font-size: 11px; }
.exempt { fill: var(--exempt); } .compliant { fill: var(--compliant); } .unknown { fill: var(--unknown); }
.in_grace { fill: var(--in_grace); } .noncompliant { fill: var(--noncompliant); }
@media print { body { margin: 0; max-width: none; } section { break-inside: avoid; } svg { print-color-adjust: exact; } }
"""


def render(report: Report) -> str:
    """The page as text. Whatever came from a document, a directory or a device is escaped here."""
    title = f"{report.directive}: {report.title}"
    body = [
        f"<h1>{_text(title)}</h1>",
        f'<p class="quiet">Report as of {_time(report.at)}. Issued by {_text(report.issuer)}. Counts only; '
        f"counts under {report.smallest} by country or group are not shown.</p>",
        _section("Where it stands", _facts(_standing(report))),
        _section("People", _facts(_people(report))),
        _section("Devices", _facts(_devices(report))),
        *(_section(f"By {table.dimension}", _bars(table) + _breakdown(table)) for table in report.breakdowns if table.rows),
        _section("Apps", _table(["platform", "app id", "devices"], [(a.app.platform, a.app.id, a.devices) for a in report.apps])),
    ]
    if report.stages:
        rows = [(one.what, "as soon as practicable" if one.ends is None else iso(one.ends), one.state) for one in report.stages]
        body.append(_section("Stages", _table(["stage", "due", "state"], rows)))
    policy = "default-src 'none'; style-src 'unsafe-inline'"
    return (
        '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        f'<meta http-equiv="Content-Security-Policy" content="{policy}">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{_text(title)}</title>\n<style>{_STYLE}</style>\n</head>\n<body>\n<main>\n{chr(10).join(body)}\n</main>\n</body>\n</html>\n"
    )


def _standing(report: Report) -> list[tuple[str, str]]:
    ended = [("Rescinded", f"{_time(report.ended_at)}, {_text(report.ground)}")] if report.ended_at is not None else []
    return [
        ("Version", str(report.version)),
        ("State", _text(report.state) + (", halted" if report.halted else "")),
        ("Phase", _text(report.phase or "none")),
        ("Issued", _time(report.issued_at)),
        ("Due", f"{_time(report.first_due)} to {_time(report.last_due)}, by where people are" if report.first_due else "none"),
        ("Ends", _time(report.sunset)),
        *ended,
    ]


def _people(report: Report) -> list[tuple[str, str]]:
    told = report.telling
    figures = [
        ("Promised a notice", told.promised),
        ("Told", told.told),
        ("Waiting to be told", told.waiting),
        ("Could not be told: refused by the mail server", told.refused),
        ("Could not be told: bounced", told.bounced),
        ("Nobody knows whether it arrived", told.doubtful),
        ("Corrected", told.corrected),
        ("Correction on its way", told.correcting),
    ]
    return [(name, f"{count:,}") for name, count in figures]


def _devices(report: Report) -> list[tuple[str, str]]:
    figures = [(column.replace("_", " ").capitalize(), report.totals[column]) for column in (IN_SCOPE, *PARTS)]
    figures += [(f"Unknown: {reason.value.replace('-', ' ')}", count) for reason, count in report.unknown.items()]
    figures += [
        (report.denied_means.capitalize(), report.denied),
        ("The same, but not deniable: no mail identity known", report.not_deniable),
        ("Has the app, and its login is protected", report.protected),
        ("In scope, and nobody's", report.nobodys),
    ]
    return [(name, f"{count:,}") for name, count in figures]


def _breakdown(table: Breakdown) -> str:
    columns = [table.dimension, *(column.replace("_", " ") for column in table.columns)]
    return _table(columns, [(value, *cells) for value, cells in table.rows.items()])


def _bars(table: Breakdown) -> str:
    """The largest rows as bars of their shares; a count that is not shown is not drawn either."""
    whole = table.columns.index(IN_SCOPE)
    sized = [(value, cells) for value, cells in table.rows.items() if isinstance(cells[whole], int) and cells[whole]]
    largest = sorted(sized, key=lambda row: -int(row[1][whole]))[:_BARS]
    if not largest:
        return ""
    said, drawn = [], []
    for line, (value, cells) in enumerate(largest):
        counts = {part: cells[table.columns.index(part)] for part in PARTS}
        said.append(f"{value}: " + ", ".join(f"{count} {part.replace('_', ' ')}" for part, count in counts.items()))
        drawn.append(f'<text x="0" y="{line * 18 + 12}">{_text(value[:20])}</text>')
        drawn += _bar(counts, int(cells[whole]), line * 18)
    name = f"Shares of devices by {table.dimension}"
    return (
        f'<svg role="img" viewBox="0 0 480 {len(largest) * 18}" aria-label="{_text(name)}">'
        f"<title>{_text(name)}</title><desc>{_text('; '.join(said))}</desc>{''.join(drawn)}</svg>"
    )


def _bar(counts: dict[str, int | str], whole: int, top: int) -> list[str]:
    drawn, left = [], 140.0
    for part, count in counts.items():
        width = 340 * count / whole if isinstance(count, int) else 0
        if width:
            drawn.append(f'<rect class="{part}" x="{left:.1f}" y="{top + 2}" width="{width:.1f}" height="13"></rect>')
        left += width
    return drawn


def _section(title: str, content: str) -> str:
    return f"<section>\n<h2>{_text(title)}</h2>\n{content}\n</section>"


def _facts(rows: Iterable[tuple[str, str]]) -> str:
    """Name and value; the values are markup already."""
    lines = "\n".join(f'<tr><th scope="row">{_text(name)}</th><td>{value}</td></tr>' for name, value in rows)
    return f"<table>\n<tbody>\n{lines}\n</tbody>\n</table>"


def _table(columns: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    head = "".join(f'<th scope="col">{_text(column)}</th>' for column in columns)
    lines = "\n".join(f'<tr><th scope="row">{_text(row[0])}</th>{"".join(map(_cell, row[1:]))}</tr>' for row in rows)
    return f'<div class="wide"><table>\n<thead><tr>{head}</tr></thead>\n<tbody>\n{lines}\n</tbody>\n</table></div>'


def _cell(value: object) -> str:
    return f'<td class="number">{value:,}</td>' if isinstance(value, int) else f"<td>{_text(value)}</td>"


def _time(at: Instant | None) -> str:
    return "none" if at is None else f'<time datetime="{iso(at)}">{iso(at)}</time>'


def _text(value: object) -> str:
    """Text as markup: nothing in it is a tag, an attribute or an invisible mark that turns the line around."""
    return html.escape("".join(mark if mark.isprintable() else "\ufffd" for mark in str(value)))
