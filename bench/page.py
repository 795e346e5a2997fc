"""The table of ``bench/fleet.py`` in docs/performance.md: figures beside their targets, honest where one is missed."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

_BEGIN, _END = "<!-- bench-fleet: begin -->", "<!-- bench-fleet: end -->"
_HEAD = "# Performance\n\nMeasured, not promised: each table is written by the command that it names.\n"

Figures = dict[str, Any]


def _seconds(ms: float) -> str:
    return f"{ms / 1000:,.1f} s"


def _ms(ms: float) -> str:
    return f"{ms:,.1f} ms" if ms < 100 else f"{ms:,.0f} ms"


#: (what, target, figure, whether it holds or None).
_Row = tuple[str, str, Callable[[Figures], str], Callable[[Figures], bool] | None]
_ROWS: tuple[_Row, ...] = (
    ("load people from Parquet", "", lambda f: _seconds(f["load_people"]["ms"]), None),
    ("load devices and apps", "≤ 90 s", lambda f: _seconds(f["load"]["ms"]), lambda f: f["load"]["ms"] <= 90_000),
    ("… CPU", "", lambda f: f"{f['load']['cpu']:,.1f} s", None),
    ("… peak memory", "flat", lambda f: f"{f['load']['peak']:,} MB", None),
    ("… longest unit", "≤ 200 ms", lambda f: _ms(f["load"]["unit"]), lambda f: f["load"]["unit"] <= 200),
    ("… longest unit, CPU", "", lambda f: _ms(f["load"]["unit_cpu"]), None),
    ("preview", "≤ 150 ms", lambda f: _ms(f["preview"]["ms"]), lambda f: f["preview"]["ms"] <= 150),
    ("… CPU", "", lambda f: _ms(f["preview"]["cpu"]), None),
    ("… first of a process", "", lambda f: _ms(f["preview"]["first"]), None),
    ("DuckDB, verdict × country, on the Parquet", "≥ 5 × the preview", lambda f: _ratio(f, "duckdb_parquet"), None),
    ("DuckDB, the same on its own tables", "≥ 5 × the preview", lambda f: _ratio(f, "duckdb_tables"), lambda f: _times(f) >= 5),
    ("people told", "", lambda f: f"{f['issue']['people']:,}", None),
    ("issue: the write, and every promise", "≤ 15 s", lambda f: _seconds(f["issue"]["ms"]), lambda f: f["issue"]["ms"] <= 15_000),
    ("… CPU", "", lambda f: _seconds(f["issue"]["cpu"]), None),
    ("… longest chunk", "≤ 200 ms", lambda f: _ms(f["issue"]["chunk"]), lambda f: f["issue"]["chunk"] <= 200),
    ("halt in the middle of it", "≤ 500 ms", lambda f: _ms(f["halt"]["ms"]), lambda f: f["halt"]["ms"] <= 500),
    ("one report, p50", "≤ 3 ms (6 on PostgreSQL)", lambda f: _ms(f["report"]["p50"]), lambda f: f["report"]["p50"] <= f["p50"]),
    ("… p99", "≤ 20 ms (SQLite)", lambda f: _ms(f["report"]["p99"]), lambda f: f["report"]["p99"] <= 20),
    ("… CPU, p50", "", lambda f: _ms(f["report"]["cpu"]), None),
    ("1,000 reports in a batch", "", lambda f: _ms(f["batch"]["ms"]), None),
    ("… CPU", "", lambda f: _ms(f["batch"]["cpu"]), None),
    ("sweep", "", lambda f: _ms(f["sweep"]["ms"]), None),
    ("… CPU", "", lambda f: _ms(f["sweep"]["cpu"]), None),
    ("… longest unit", "≤ 200 ms", lambda f: _ms(f["sweep"]["unit"]), lambda f: f["sweep"]["unit"] <= 200),
    ("sweep when it is due for everybody", "", lambda f: f"{_ms(f['due']['ms'])}, {f['due']['denied']:,} denied", None),
    ("… longest unit", "≤ 200 ms", lambda f: _ms(f["due"]["unit"]), lambda f: f["due"]["unit"] <= 200),
    ("rescind", "≤ 1 s", lambda f: _ms(f["rescind"]["ms"]), lambda f: f["rescind"]["ms"] <= 1000),
    ("… CPU", "", lambda f: _ms(f["rescind"]["cpu"]), None),
    ("peak memory of everything", "", lambda f: f"{f['peak']:,} MB", None),
    ("disk", "", lambda f: f"{f['disk']:,} MB", None),
    ("load average of the machine", "", lambda f: f"{f['load_average']:.1f}", None),
)
#: What should grow with the fleet no faster than the fleet: CPU in milliseconds, or megabytes.
_SLOPES: tuple[tuple[str, Callable[[Figures], float]], ...] = (
    ("load, CPU", lambda f: f["load"]["cpu"] * 1000),
    ("preview, CPU", lambda f: f["preview"]["cpu"]),
    ("issue, CPU", lambda f: f["issue"]["cpu"]),
    ("one report, CPU p50", lambda f: f["report"]["cpu"]),
    ("1,000 reports, CPU", lambda f: f["batch"]["cpu"]),
    ("sweep, CPU", lambda f: f["sweep"]["cpu"]),
    ("peak memory", lambda f: f["peak"]),
    ("disk", lambda f: f["disk"]),
)


def _times(figures: Figures) -> float:
    return float(figures["duckdb_tables"]["ms"] / figures["preview"]["ms"])


def _ratio(figures: Figures, peer: str) -> str:
    """The peer's time and how many times ours it is, by the clock and in CPU."""
    took, mine = figures[peer], figures["preview"]
    return f"{_ms(took['ms'])} ({took['ms'] / mine['ms']:.1f} ×; CPU {_ms(took['cpu'])}, {took['cpu'] / mine['cpu']:.1f} ×)"


def write_page(page: Path, results: dict[str, Any]) -> None:
    """Put the table into the page, in place of the one that stands there."""
    text = page.read_text(encoding="utf-8") if page.exists() else _HEAD
    part = "\n".join([_BEGIN, *_lines(results), "", _END])
    before, begin, rest = text.partition(_BEGIN)
    after = rest.partition(_END)[2] if begin else "\n"
    page.write_text(f"{before.rstrip()}\n\n{part}{after}", encoding="utf-8")


def _lines(results: dict[str, Any]) -> list[str]:
    found = sorted(results["runs"].items(), key=lambda run: (int(run[0].split()[1]), run[0] != f"sqlite {run[0].split()[1]}"))
    runs = {name: {**figures, "p50": 6 if name.startswith("postgresql") else 3} for name, figures in found}
    titles = [f"{name.split()[0]}, {int(name.split()[1]):,} devices" for name in runs]
    lines = [
        "",
        "## The fleet",
        "",
        f"`make bench-fleet`; {results['date']}, {results['machine']}.",
        "A made-up company per size: 91 installed apps per device on average over 200,000 distinct ones, 60 countries, 200",
        "groups, 5 sources, 30 days of evidence hours. Medians of 5 runs where something can be done twice; ✗ marks a target",
        "that was missed. DuckDB's answers were equal. Where the load average is above the number of cores, the clock says",
        "how long this waited for others too, and CPU what it costs.",
        "",
        f"| what | target | {' | '.join(titles)} |",
        "|---|---|" + "---|" * len(runs),
    ]
    for what, target, figure, holds in _ROWS:
        cells = [figure(found) + ("" if holds is None or holds(found) else " ✗") for found in runs.values()]
        lines.append(f"| {what} | {target} | {' | '.join(cells)} |")
    return [*lines, *_slopes(runs)]


def _slopes(runs: dict[str, Figures]) -> list[str]:
    """How much each figure grew from the smallest fleet measured to the largest, per database."""
    by_database: dict[str, list[tuple[int, Figures]]] = {}
    for name, found in runs.items():
        by_database.setdefault(name.split()[0], []).append((int(name.split()[1]), found))
    grown = {name: sorted(found, key=lambda pair: pair[0]) for name, found in by_database.items() if len(found) > 1}
    if not grown:
        return []
    titles = [f"{name}, {few[0]:,} → {many[0]:,} devices" for name, (few, *_, many) in grown.items()]
    lines = ["", f"| what grew, times | {' | '.join(titles)} |", "|---|" + "---|" * len(titles)]
    fleets = [many[0] / few[0] for few, *_, many in grown.values()]
    lines.append(f"| devices | {' | '.join(f'{times:.1f}' for times in fleets)} |")
    for what, figure in _SLOPES:
        cells = [f"{figure(many[1]) / figure(few[1]):.1f}" for few, *_, many in grown.values()]
        lines.append(f"| {what} | {' | '.join(cells)} |")
    return lines
