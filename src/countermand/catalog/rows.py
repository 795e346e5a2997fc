"""Rows of the catalogue's CSV files: the columns a file must have, and what may stand in a cell.

A refusal names the file and the line, because these files are written by hand and read in reviews.
"""

import csv
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum
from importlib.resources.abc import Traversable
from typing import TypeVar

from countermand.core.errors import Refused, Where

_DATE = re.compile(r"([0-9]{4})(?:-([0-9]{2})(?:-([0-9]{2}))?)?")
_COUNTRY = re.compile("[A-Z]{2}")
_Kind = TypeVar("_Kind", bound=StrEnum)
_Value = TypeVar("_Value")


@dataclass(frozen=True, slots=True)
class Row:
    """One line of a file. The readers below raise Refused ``catalogue-row`` with the file and line."""

    file: str
    line: int
    cells: Mapping[str, str]

    def refused(self, why: str) -> Refused:
        return Refused("catalogue-row", Where(self.file, self.line), file=self.file, line=self.line, why=why)

    def text(self, column: str) -> str:
        """A cell that may be empty."""
        return self.cells[column]

    def needed(self, column: str) -> str:
        if not self.cells[column]:
            raise self.refused(f"{column} is empty")
        return self.cells[column]

    def many(self, column: str) -> tuple[str, ...]:
        """Values separated by semicolons, each once."""
        values = tuple(part for part in self.cells[column].split(";") if part)
        if len(set(values)) != len(values) or any(value != value.strip() for value in values):
            raise self.refused(f"{column} repeats a value, or has space around one")
        return values

    def one_of(self, column: str, kind: type[_Kind]) -> _Kind:
        return self._read(column, kind, f"one of {', '.join(kind)}")

    def country(self, column: str) -> str:
        return self._read(column, _country, "a country's two letters")

    def countries(self, column: str) -> tuple[str, ...]:
        values = self.many(column)
        if not all(_COUNTRY.fullmatch(value) for value in values):
            raise self.refused(f"{column} is not countries' two letters")
        return values

    def since(self, column: str) -> date | None:
        """The first day that is certainly within a beginning known to the year or month: the last of that period."""
        return self._read(column, _last_day, "a date") if self.cells[column] else None

    def until(self, column: str) -> date | None:
        """The first day that may lie beyond an end known to the year or month: the first of that period."""
        return self._read(column, _first_day, "a date") if self.cells[column] else None

    def share(self, column: str) -> float | None:
        return self._read(column, _share, "a share between 0 and 1") if self.cells[column] else None

    def _read(self, column: str, parse: Callable[[str], _Value], wanted: str) -> _Value:
        try:
            return parse(self.needed(column))
        except ValueError:
            raise self.refused(f"{column} is {self.cells[column]!r}; it must be {wanted}") from None


def rows(folder: Traversable, file: str, columns: tuple[str, ...]) -> Iterator[Row]:
    """The lines of a file that has exactly these columns, in this order. Lines count from 1, the header's."""
    reader = csv.reader((folder / file).read_text(encoding="utf-8").splitlines(keepends=True), strict=True)
    header = tuple(next(reader, []))
    if header != columns:
        raise Row(file, 1, {}).refused(f"the columns must be {', '.join(columns)}")
    for cells in reader:
        row = Row(file, reader.line_num, dict(zip(columns, cells, strict=False)))
        if len(cells) != len(columns):
            raise row.refused(f"it has {len(cells)} cells instead of {len(columns)}")
        yield row


def _country(text: str) -> str:
    if not _COUNTRY.fullmatch(text):
        raise ValueError(text)
    return text


def _share(text: str) -> float:
    value = float(text)
    if not 0 < value <= 1:
        raise ValueError(text)
    return value


def _first_day(text: str) -> date:
    found = _DATE.fullmatch(text)
    if found is None:
        raise ValueError(text)
    return date(int(found[1]), int(found[2] or 1), int(found[3] or 1))


def _last_day(text: str) -> date:
    first = _first_day(text)
    match len(text):
        case 4:
            return date(first.year, 12, 31)
        case 7:
            return (first.replace(day=28) + timedelta(days=4)).replace(day=1) - timedelta(days=1)
    return first
