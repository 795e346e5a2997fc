"""Reading a table from CSV lines: what a row is, what can be wrong with one, and every problem named with its row.

One physical line is one row: a quoted field may hold commas but no line break, so that a stray quote spoils one row
and not the rest of the file. Lines come as bytes, cut at ``LINE`` bytes, so that no line can fill the memory.
"""

import csv
import difflib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from countermand.core.errors import Refused, RefusedMany, Where

#: Longest line in bytes; whoever cuts a file into lines reads at most this much at once.
LINE = 1 << 20
#: Longest field in characters, but for those said to be long.
FIELD = 255
#: How many problems are kept in words; the rest are counted.
KEPT = 100

_FORMULA = frozenset("=+-@\t\r")
_SHOWN = 60


@dataclass(slots=True)
class Problems:
    """Everything that is wrong with one file, so that one round of mending suffices. ``tell`` hears of every problem, also of
    those that are not kept in words."""

    file: str
    found: list[Refused] = field(default_factory=list)
    count: int = 0
    tell: Callable[[Refused], None] | None = None

    def add(self, code: str, line: int | None = None, column: str | None = None, **params: Any) -> None:
        self.count += 1
        if self.tell is None and len(self.found) >= KEPT:
            return
        shown = {name: shortened(value) if isinstance(value, str) else value for name, value in params.items()}
        problem = Refused(code, Where(file=self.file, line=line, field=column), **shown)
        if len(self.found) < KEPT:
            self.found.append(problem)
        if self.tell is not None:
            self.tell(problem)

    def value(self, line: int, column: str, value: str, what: str, write: str) -> None:
        """``value`` is not ``what`` it should be; ``write`` says what to write instead."""
        self.add("csv-value", line, column, value=value, what=what, write=write)

    def refuse_if_any(self) -> None:
        """RefusedMany if anything was wrong."""
        if not self.count:
            return
        more = self.count - len(self.found)
        last = [Refused("csv-more", Where(file=self.file), count=more)] if more else []
        raise RefusedMany([*self.found, *last])


def shortened(value: str) -> str:
    """A value as an error text shows it: never a megabyte of it."""
    return value if len(value) <= _SHOWN else f"{value[:_SHOWN]}… ({len(value)} characters)"


@dataclass(frozen=True, slots=True)
class Row:
    """One row: its line in the file (the header is line 1) and its cells by column, space around them removed."""

    line: int
    cells: Mapping[str, str]

    def __getitem__(self, column: str) -> str:
        return self.cells[column]


@dataclass(frozen=True, slots=True)
class Shape:
    """What a table has to look like. ``others``: columns that are not ours are passed over instead of refused."""

    columns: tuple[str, ...]
    optional: frozenset[str] = frozenset()
    long: frozenset[str] = frozenset()
    others: bool = False


def rows(lines: Iterable[bytes], shape: Shape, problems: Problems) -> Iterator[Row]:
    """The well-formed rows of a table; whatever is wrong with the others is added to ``problems``."""
    texts = _texts(lines, problems)
    header = next(((line, text) for line, text in texts if text and not text.startswith("#TYPE ")), None)
    if header is None:
        if not problems.count:
            problems.add("csv-empty", columns=",".join(shape.columns))
        return
    columns = _header(*header, shape, problems)
    if columns is None:
        return
    absent = dict.fromkeys(set(shape.columns) - set(columns), "")
    for line, text in texts:
        if text:
            cells = _cells(line, text, problems)
            if cells is not None and _sound(line, columns, cells, shape, problems):
                yield Row(line, {**absent, **{column: cell.strip() for column, cell in zip(columns, cells, strict=True)}})


def _texts(lines: Iterable[bytes], problems: Problems) -> Iterator[tuple[int, str]]:
    number, whole = 0, True
    for piece in lines:
        first, whole = whole, piece.endswith(b"\n") or len(piece) < LINE
        if not first:
            continue  # the rest of a line already refused as too long
        number += 1
        if not whole:
            problems.add("csv-long", number, limit=LINE)
            continue
        try:
            text = piece.decode("utf-8-sig" if number == 1 else "utf-8").rstrip("\r\n")
        except UnicodeDecodeError as wrong:
            problems.add("csv-encoding", number, byte=wrong.start + 1)
            if number == 1:
                return  # UTF-16 and the like: every further line would say the same
            continue
        if "\0" in text:
            problems.add("csv-nul", number)
            continue
        yield number, text


def _header(line: int, text: str, shape: Shape, problems: Problems) -> Sequence[str] | None:
    columns = [cell.strip() for cell in _cells(line, text, problems) or ()]
    before = problems.count
    if len(columns) == 1 and (wrong := next((mark for mark in ";\t|" if mark in text), None)):
        problems.add("csv-delimiter", line, found="a tab" if wrong == "\t" else wrong)
        return None
    for column in sorted({column for column in columns if columns.count(column) > 1}):
        problems.add("csv-column-twice", line, column)
    for column in columns:
        if column not in shape.columns and not shape.others:
            near = difflib.get_close_matches(column.lower(), shape.columns, 1, 0.0)
            problems.add("csv-column-unknown", line, column, nearest=near[0])
    for column in shape.columns:
        if column not in columns and column not in shape.optional:
            problems.add("csv-column-missing", line, column, columns=",".join(shape.columns))
    return columns if problems.count == before and columns else None


def _cells(line: int, text: str, problems: Problems) -> list[str] | None:
    if '"' not in text:
        return text.split(",")
    try:
        return next(csv.reader((text,), strict=True))
    except csv.Error as wrong:
        problems.add("csv-long" if "limit" in str(wrong) else "csv-quote", line, limit=csv.field_size_limit())
        return None


def _sound(line: int, columns: Sequence[str], cells: list[str], shape: Shape, problems: Problems) -> bool:
    if len(cells) != len(columns):
        problems.add("csv-cells", line, found=len(cells), expected=len(columns))
        return False
    before = problems.count
    for column, cell in zip(columns, cells, strict=True):
        if not cell or column not in shape.columns:
            continue
        if cell[0] in _FORMULA:
            problems.add("csv-formula", line, column, value=cell)
        elif not cell.isprintable():
            problems.add("csv-control", line, column)
        elif len(cell) > FIELD and column not in shape.long:
            problems.add("csv-field-long", line, column, length=len(cell), limit=FIELD)
    return problems.count == before


def items(cell: str) -> frozenset[str]:
    """The parts of a cell that holds several, separated by semicolons."""
    return frozenset(part for part in (part.strip() for part in cell.split(";")) if part)
