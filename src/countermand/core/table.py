"""Reading a table from CSV lines: what a row is, what can be wrong with one, and every problem named with its row and its column,
as the file calls it: a table of somebody else's is read as ours by a mapping (core.mapping).

One physical line is one row: a quoted field may hold commas but no line break, so that a stray quote spoils one row
and not the rest of the file. Lines come as bytes, cut at ``LINE`` bytes, so that no line can fill the memory.
"""

import csv
import difflib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import chain, islice
from typing import Any

from msgspec import Struct

from countermand.core.columns import FIELD as FIELD
from countermand.core.columns import LINE as LINE
from countermand.core.columns import faultless
from countermand.core.errors import Refused, RefusedMany, Where
from countermand.core.forms import nearest

#: How many problems are kept in words; the rest are counted.
KEPT = 100

_FORMULA = frozenset("=+-@\t\r")
#: Lines that are looked at in one go, in bytes.
_SOME = 1 << 16
#: Lines after which that is looked at again: so many of the longest fill no memory.
_FEW = 16
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


class Row(Struct, frozen=True):
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
    """A table's header. ``width``: its cells; ``places``: of each of our columns, where it stands in a row, None if nowhere, and
    what every row has then; ``values``: which of ours has which values by other words."""

    width: int
    places: Sequence[tuple[int | None, str]]
    values: Sequence[tuple[int, Mapping[str, str]]]

    def ours(self, columns: Sequence[Sequence[str]]) -> list[Sequence[str]]:
        """Our columns out of the table's."""
        count = len(columns[0])
        found = [[always] * count if place is None else columns[place] for place, always in self.places]
        for at, values in self.values:
            found[at] = [values.get(said, said) for said in map(str.strip, found[at])]
        return found


def rows(lines: Iterable[bytes], shape: Shape, problems: Problems, mapping: ColumnMapping | None = None) -> Iterator[Row]:
    """The well-formed rows of a table; whatever is wrong with the others is added to ``problems``. With a ``mapping`` their
    columns are ours; RefusedMany ``mapping-missing`` if one is to be read that the file has not."""
    for line, found in cells(lines, shape, problems, mapping):
        yield Row(line, dict(zip(shape.columns, found, strict=True)))


def cells(
    lines: Iterable[bytes], shape: Shape, problems: Problems, mapping: ColumnMapping | None = None
) -> Iterator[tuple[int, Sequence[str]]]:
    """(line, cells) of the same, in the order of the shape's columns: what comes by the hundred thousand is read by place. Space
    around a cell is gone; '' stands for a column that the table does not have."""
    found = runs(lines, shape, problems, mapping)
    return chain.from_iterable(zip(some, zip(*columns, strict=True), strict=True) for some, columns in found)


def runs(
    lines: Iterable[bytes], shape: Shape, problems: Problems, mapping: ColumnMapping | None = None
) -> Iterator[tuple[Sequence[int], Sequence[Sequence[str]]]]:
    """The same some lines at a time: their numbers, and each of the shape's columns, where a rule can look at a whole one."""
    reader = _Lines(iter(lines), problems)
    header = next(((line, text) for line, text in reader.texts() if text and not text.startswith("#TYPE ")), None)
    if header is None:
        if not problems.count:
            problems.add("csv-empty", columns=",".join(shape.columns))
        return
    head = _header(*header, shape, problems, mapping)
    if head is None:
        return
    limited = [place for column, (place, _) in zip(shape.columns, head.places, strict=True) if column not in shape.long]
    short = [place for place in limited if place is not None]
    told = Problems(problems.file)  # what the mapping makes of values has to be sound too, or each row is looked at
    sound = all(may_stand(1, {shape.columns[at]: to}, shape, told) for at, values in head.values for to in values.values())
    while pieces := reader.some():
        found = faultless(pieces, head.width, short) if reader.whole and sound else None
        if found is None:
            yield from _one_by_one(reader.texts(pieces), head, shape, problems)
        else:
            first = reader.line + 1
            reader.line += len(pieces)
            yield range(first, reader.line + 1), head.ours(found)


def _one_by_one(
    texts: Iterable[tuple[int, str]], head: _Head, shape: Shape, problems: Problems
) -> Iterator[tuple[Sequence[int], Sequence[Sequence[str]]]]:
    """Each line by itself, so that problems come in the order of the lines."""
    for line, text in texts:
        if text and (cells := _cells(line, text, problems)) is not None:
            if len(cells) != head.width:
                problems.add("csv-cells", line, found=len(cells), expected=head.width)
                continue
            row = head.ours([[cell] for cell in cells])
            if may_stand(line, {name: cell for name, (cell,) in zip(shape.columns, row, strict=True)}, shape, problems):
                yield (line,), [[cell.strip()] for (cell,) in row]


@dataclass(slots=True)
class _Lines:
    """A file's lines as they are read. ``line``: the number of the last; ``whole``: it had an end."""

    pieces: Iterator[bytes]
    problems: Problems
    line: int = 0
    whole: bool = True

    def some(self) -> list[bytes]:
        """The next lines, some tens of kilobytes of them; none at the end."""
        found: list[bytes] = []
        size = 0
        while size < _SOME and (some := list(islice(self.pieces, _FEW))):
            found += some
            size += sum(map(len, some))
        return found

    def texts(self, pieces: Iterable[bytes] | None = None) -> Iterator[tuple[int, str]]:
        """(line, text) of the lines that are text."""
        for piece in self.pieces if pieces is None else pieces:
            first, self.whole = self.whole, piece.endswith(b"\n") or len(piece) < LINE
            if not first:
                continue  # the rest of a line already refused as too long
            self.line += 1
            if not self.whole:
                self.problems.add("csv-long", self.line, limit=LINE)
                continue
            try:
                text = piece.decode("utf-8-sig" if self.line == 1 else "utf-8").rstrip("\r\n")
            except UnicodeDecodeError as wrong:
                self.problems.add("csv-encoding", self.line, byte=wrong.start + 1)
                if self.line == 1:
                    return  # UTF-16 and the like: every further line would say the same
                continue
            if "\0" in text:
                self.problems.add("csv-nul", self.line)
                continue
            yield self.line, text


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
    if not may_stand(line, fixed, shape, problems) or problems.count != before:
        return None
    where = {ours: columns.index(theirs) for ours, theirs in read.items()}
    places = [(where.get(column), fixed.get(column, "")) for column in shape.columns]
    values = {} if mapping is None else mapping.values
    return _Head(
        len(columns), places, [(at, values[one]) for at, one in enumerate(shape.columns) if one in values and one in where]
    )


def _cells(line: int, text: str, problems: Problems) -> list[str] | None:
    if '"' not in text:
        return text.split(",")
    try:
        return next(csv.reader((text,), strict=True))
    except csv.Error as wrong:
        problems.add("csv-long" if "limit" in str(wrong) else "csv-quote", line, limit=csv.field_size_limit())
        return None


def may_stand(line: int, cells: Mapping[str, str], shape: Shape, problems: Problems) -> bool:
    """Whether each of these cells, by our columns, may stand in a table; what is wrong is added to ``problems``."""
    before = problems.count
    for column, cell in cells.items():
        if not cell:
            continue
        if cell[0] in _FORMULA or cell.lstrip()[:1] in _FORMULA:
            problems.add("csv-formula", line, column, value=cell)
        elif not cell.isprintable():
            problems.add("csv-control", line, column)
        elif len(cell) > FIELD and column not in shape.long:
            problems.add("csv-field-long", line, column, length=len(cell), limit=FIELD)
    return problems.count == before


def items(cell: str) -> frozenset[str]:
    """The parts of a cell that holds several, separated by semicolons."""
    return frozenset(part for part in (part.strip() for part in cell.split(";")) if part)
