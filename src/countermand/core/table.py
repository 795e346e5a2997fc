"""Reading a table from CSV lines: what a row is, what can be wrong with one, and every problem named with its row and its column,
as the file calls it: a table of somebody else's is read as ours by a mapping (core.mapping).

One physical line is one row: a quoted field may hold commas but no line break, so that a stray quote spoils one row
and not the rest of the file. Lines come as bytes, cut at ``LINE`` bytes, so that no line can fill the memory.
"""

import csv
import difflib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from countermand.core.errors import Refused, RefusedMany, Where
from countermand.core.forms import nearest

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
    those that are not kept in words; ``names``: our column → what the file calls it, where that is something else."""

    file: str
    found: list[Refused] = field(default_factory=list)
    count: int = 0
    tell: Callable[[Refused], None] | None = None
    names: Mapping[str, str] = field(default_factory=dict)

    def add(self, code: str, line: int | None = None, column: str | None = None, **params: Any) -> None:
        self.count += 1
        if self.tell is None and len(self.found) >= KEPT:
            return
        shown = {name: shortened(value) if isinstance(value, str) else value for name, value in params.items()}
        place = None if column is None else self.names.get(column, column)
        problem = Refused(code, Where(file=self.file, line=line, field=place), **shown)
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


@dataclass(frozen=True, slots=True)
class ColumnMapping:
    """How another table is read as ours. ``known``: our columns; ``columns``: ours → theirs; ``values``: ours → (theirs → ours);
    ``fixed``: ours → what every row has."""

    known: Sequence[str]
    columns: Mapping[str, str] = field(default_factory=dict)
    values: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    fixed: Mapping[str, str] = field(default_factory=dict)

    @property
    def names(self) -> Mapping[str, str]:
        """Our column → where what stands in it comes from, as whoever wrote the mapping calls it."""
        return {**self.columns, **{column: f"fixed.{column}" for column in self.fixed}}

    def read(self, there: Sequence[str]) -> Mapping[str, str]:
        """Our column → which of the columns that are ``there`` is read as it. One that is called as ours is ours, unless it is
        read as another. RefusedMany ``mapping-missing``."""
        taken = {*self.columns.values()}
        wrongs = [self._missing(column, theirs, there) for column, theirs in self.columns.items() if theirs not in there]
        if wrongs:
            raise RefusedMany(wrongs)
        same = (one for one in self.known if one in there and one not in self.columns and one not in self.fixed)
        return {**self.columns, **{one: one for one in same if one not in taken}}

    def _missing(self, column: str, theirs: str, there: Sequence[str]) -> Refused:
        place = Where(file="mapping", field=f"columns.{column}")
        columns = ", ".join(name[:60] for name in there)[:500]
        return Refused("mapping-missing", place, column=theirs, nearest=nearest(theirs, there) or "none", columns=columns)


@dataclass(frozen=True, slots=True)
class _Head:
    """A table's header. ``width``: its cells; ``places``: (our column, where it stands in a row)."""

    width: int
    places: Sequence[tuple[str, int]]
    values: Mapping[str, Mapping[str, str]]
    rest: Mapping[str, str]


def rows(lines: Iterable[bytes], shape: Shape, problems: Problems, mapping: ColumnMapping | None = None) -> Iterator[Row]:
    """The well-formed rows of a table; whatever is wrong with the others is added to ``problems``. With a ``mapping`` their
    columns are ours; RefusedMany ``mapping-missing`` if one is to be read that the file has not."""
    texts = _texts(lines, problems)
    header = next(((line, text) for line, text in texts if text and not text.startswith("#TYPE ")), None)
    if header is None:
        if not problems.count:
            problems.add("csv-empty", columns=",".join(shape.columns))
        return
    head = _header(*header, shape, problems, mapping)
    if head is None:
        return
    for line, text in texts:
        if text and (cells := _cells(line, text, problems)) is not None:
            if len(cells) != head.width:
                problems.add("csv-cells", line, found=len(cells), expected=head.width)
                continue
            found = {column: cells[at] for column, at in head.places}
            for column, values in head.values.items():
                if column in found:
                    said = found[column].strip()
                    found[column] = values.get(said, said)
            if _sound(line, found, shape, problems):
                yield Row(line, {**head.rest, **{column: cell.strip() for column, cell in found.items()}})


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


def _header(line: int, text: str, shape: Shape, problems: Problems, mapping: ColumnMapping | None) -> _Head | None:
    columns = [cell.strip() for cell in _cells(line, text, problems) or ()]
    before = problems.count
    if len(columns) == 1 and (wrong := next((mark for mark in ";\t|" if mark in text), None)):
        problems.add("csv-delimiter", line, found="a tab" if wrong == "\t" else wrong)
        return None
    if not columns:
        return None
    read = {column: column for column in columns} if mapping is None else mapping.read(columns)
    for column in sorted({column for column in read.values() if columns.count(column) > 1}):
        problems.add("csv-column-twice", line, column)
    for column in read:
        if column not in shape.columns and not shape.others:
            near = difflib.get_close_matches(column.lower(), shape.columns, 1, 0.0)
            problems.add("csv-column-unknown", line, column, nearest=near[0])
    fixed = {} if mapping is None else mapping.fixed
    for column in shape.columns:
        if column not in read and column not in fixed and column not in shape.optional:
            problems.add("csv-column-missing", line, column, columns=",".join(shape.columns))
    if not _sound(line, fixed, shape, problems) or problems.count != before:
        return None
    places = [(ours, columns.index(theirs)) for ours, theirs in read.items() if ours in shape.columns]
    rest = {**dict.fromkeys(shape.columns, ""), **fixed}
    return _Head(len(columns), places, {} if mapping is None else mapping.values, rest)


def _cells(line: int, text: str, problems: Problems) -> list[str] | None:
    if '"' not in text:
        return text.split(",")
    try:
        return next(csv.reader((text,), strict=True))
    except csv.Error as wrong:
        problems.add("csv-long" if "limit" in str(wrong) else "csv-quote", line, limit=csv.field_size_limit())
        return None


def _sound(line: int, cells: Mapping[str, str], shape: Shape, problems: Problems) -> bool:
    before = problems.count
    for column, cell in cells.items():
        if not cell:
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
