"""How results look: tables and times for people, JSON for programs."""

import json
from collections.abc import Iterable, Mapping, Sequence, Set
from datetime import UTC
from enum import Enum
from typing import Any

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from countermand.core.instants import Instant, to_datetime
from countermand.operations.plain import plain


def as_json(value: Any) -> str:
    """The machine form of a result: one JSON value, indented, keys in the order of its fields."""
    return json.dumps(plain(value), indent=2, ensure_ascii=False)


def table(columns: Sequence[str], rows: Iterable[Sequence[object]], title: str | None = None, empty: str = "") -> RenderableType:
    """A table of plain cells: numbers to the right, None as a dash, nothing in a cell taken for markup. ``empty``: what is said
    in its place if there are no rows."""
    listed = [list(row) for row in rows]
    if not listed and empty:
        return Text(empty)
    drawn = Table(title=title, title_justify="left", box=None, pad_edge=False, header_style="bold")
    for at, column in enumerate(columns):
        numeric = bool(listed) and all(isinstance(row[at], (int, float)) and not isinstance(row[at], bool) for row in listed)
        drawn.add_column(column, justify="right" if numeric else "left", overflow="fold")
    for row in listed:
        drawn.add_row(*(cell if isinstance(cell, Text) else Text(words(cell)) for cell in row))
    return drawn


def page(*parts: RenderableType | None) -> Group:
    """What is there of these, one below the other with a blank line between. A text is taken as it is, never for markup."""
    there = [Text(part) if isinstance(part, str) else part for part in parts if part is not None and part != ""]
    return Group(*(spaced for part in there for spaced in ("", part)[part is there[0] :]))


def soon_over(days_left: Mapping[str, float]) -> list[str]:
    """A sentence for each key and certificate that runs out soon."""
    return [
        f"The certificate of {name} {f'holds for {days:g} more days' if days > 0 else f'ran out {-days:g} days ago'}: renew it."
        for name, days in days_left.items()
    ]


def words(cell: object) -> str:
    """One value in a cell: thousands set apart, yes and no, lists with commas."""
    if cell is None or cell == "":
        return "-"
    if isinstance(cell, bool):
        return "yes" if cell else "no"
    if isinstance(cell, Enum):
        return str(cell.value)
    if isinstance(cell, int):
        return f"{cell:,}"
    if isinstance(cell, Set):
        return words(sorted(words(item) for item in cell))
    if isinstance(cell, (list, tuple)):
        return ", ".join(words(item) for item in cell) or "-"
    return str(cell)


def moment(instant: Instant | None, utc: bool) -> str:
    """An instant to the second in the reader's zone, which is this machine's unless UTC is asked for."""
    if instant is None:
        return "-"
    return to_datetime(instant).astimezone(UTC if utc else None).strftime("%Y-%m-%d %H:%M:%S %Z")
