"""Somebody else's table read as ours: which of their columns is which of ours, and what their values mean here.

A mapping is TOML::

    [columns]
    serial = "Serial Number"        # our column = the header of theirs
    [values.ownership]
    "Company owned" = "corporate"   # what stands there = what we call it
    [fixed]
    platform = "ios"                # what their table does not say

Pure: it is applied line by line, before anything else looks at the file, so that every other rule and every line number stays
what it is. Columns of theirs that nothing is read from are passed over.
"""

import csv
import tomllib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from countermand.core.errors import Refused, RefusedMany, Where
from countermand.core.forms import nearest
from countermand.core.table import LINE

_NAME = "mapping"


@dataclass(frozen=True, slots=True)
class ColumnMapping:
    """``known``: our columns; ``columns``: ours → theirs; ``values``: ours → (theirs → ours); ``fixed``: ours → what every row
    has."""

    known: Sequence[str]
    columns: dict[str, str] = field(default_factory=dict)
    values: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    fixed: Mapping[str, str] = field(default_factory=dict)


def parse(text: str, known: Sequence[str]) -> ColumnMapping:
    """The mapping for a table whose columns are ``known``. Refused ``mapping-damaged``; RefusedMany with every ``mapping-column``
    that there is not, and every ``mapping-damaged`` entry."""
    try:
        said = tomllib.loads(text)
    except (tomllib.TOMLDecodeError, RecursionError) as wrong:
        raise Refused("mapping-damaged", Where(file=_NAME), why=str(wrong)[:200]) from wrong
    wrongs = [_damaged(part, "there is no such part") for part in said if part not in ("columns", "values", "fixed")]
    values = said.get("values", {})
    texts = {"columns": said.get("columns", {}), "fixed": said.get("fixed", {})}
    texts |= {f"values.{column}": one for column, one in values.items()} if isinstance(values, dict) else {"values": values}
    for part, one in texts.items():
        if not isinstance(one, dict) or not all(isinstance(value, str) for value in one.values()):
            wrongs.append(_damaged(part, "it is not a table of texts"))
            continue
        named = [part.removeprefix("values.")] if part.startswith("values") else list(one)
        wrongs += [_unknown(part, column, known) for column in named if column not in known]
    if wrongs:
        raise RefusedMany(wrongs)
    headers = list(texts["columns"].values())
    wrongs = [_damaged(f"columns.{one}", "it is fixed as well") for one in texts["columns"] if one in texts["fixed"]]
    wrongs += [_damaged(f"values.{one}", "the column is fixed") for one in values if one in texts["fixed"]]
    again = {one: theirs for one, theirs in texts["columns"].items() if headers.count(theirs) > 1}
    wrongs += [_damaged(f"columns.{one}", f"{theirs[:60]!r} is read as two of our columns") for one, theirs in again.items()]
    if wrongs:
        raise RefusedMany(wrongs)
    return ColumnMapping(known, texts["columns"], values, texts["fixed"])


def _damaged(part: str, why: str) -> Refused:
    return Refused("mapping-damaged", Where(file=_NAME, field=part[:60]), why=why)


def _unknown(part: str, column: str, known: Sequence[str]) -> Refused:
    where = Where(file=_NAME, field=part[:60])
    return Refused("mapping-column", where, name=column[:60], nearest=nearest(column, known) or "none", known=", ".join(known))


def translated(lines: Iterable[bytes], mapping: ColumnMapping) -> Iterator[bytes]:
    """Their lines as ours, each in its place. A line that cannot be read goes through as it is, for whoever names what is
    wrong with it. Refused ``mapping-missing`` if a column is to be read that the file has not."""
    header: list[tuple[str, int]] | None = None
    width = 0
    for number, line in enumerate(lines):
        cells = _cells(line, "utf-8-sig" if number == 0 else "utf-8")
        if cells is None or (header is None and cells[0].startswith("#TYPE ")):
            yield line
        elif header is None:
            header, width = _header(cells, mapping), len(cells)
            yield _line([*(column for column, _ in header), *mapping.fixed])
        elif len(cells) != width:  # as many too few or too many of ours, which is said as such
            yield _line([""] * max(len(header) + len(mapping.fixed) + len(cells) - width, 1))
        else:
            row = [_value(mapping, column, cells[at].strip()) for column, at in header]
            yield _line([*row, *mapping.fixed.values()])


def _header(cells: list[str], mapping: ColumnMapping) -> list[tuple[str, int]]:
    """(our column, where it stands in their rows). A column that is called as ours is ours, unless another is read as it.
    RefusedMany: what is to be read must stand there, and once, or a row would be somebody else's."""
    names = [cell.strip() for cell in cells]
    wrongs = []
    for column, theirs in mapping.columns.items():
        place = Where(file=_NAME, field=f"columns.{column}")
        if theirs not in names:
            there = ", ".join(name[:60] for name in names)[:500]
            wrongs.append(
                Refused("mapping-missing", place, column=theirs, nearest=nearest(theirs, names) or "none", columns=there)
            )
    read = mapping.columns | {name: name for name in mapping.known if name not in {*mapping.columns, *mapping.fixed}}
    twice = sorted({name for name in read.values() if names.count(name) > 1})
    wrongs += [Refused("csv-column-twice", Where(line=1, field=name[:60])) for name in twice]
    if wrongs:
        raise RefusedMany(wrongs)
    return [(column, names.index(theirs)) for column, theirs in read.items() if theirs in names]


def _value(mapping: ColumnMapping, column: str, cell: str) -> str:
    return mapping.values.get(column, {}).get(cell, cell)


def _cells(line: bytes, encoding: str) -> list[str] | None:
    if len(line) >= LINE or not line.strip():
        return None
    try:
        return next(csv.reader((line.decode(encoding).rstrip("\r\n"),), strict=True))
    except (UnicodeDecodeError, csv.Error, StopIteration):
        return None


def _line(cells: Sequence[str]) -> bytes:
    return (",".join(map(_quoted, cells)) + "\n").encode()


def _quoted(cell: str) -> str:
    return '"' + cell.replace('"', '""') + '"' if "," in cell or '"' in cell else cell
