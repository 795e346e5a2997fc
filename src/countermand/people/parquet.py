"""People and groups within groups from Parquet. What a row may say is decided in people.csv, as for every other file."""

from collections.abc import Iterator
from typing import Any

from countermand.core.fleet_tables import GROUPS, PEOPLE, Kind
from countermand.core.people import Person
from countermand.core.table import FIELD, Problems, Row
from countermand.lib.parquet import Reader
from countermand.people import csv

_AT_ONCE = 10_000


def people(reader: Reader, problems: Problems) -> Iterator[tuple[int, Person]]:
    """(row, person) of every good row; what is wrong with the others is in ``problems``."""
    return csv.people(_rows(reader, problems), problems)


def nesting(reader: Reader, problems: Problems) -> Iterator[Row]:
    """The rows of groups within groups (people.csv.nesting makes one nesting of those of all files)."""
    return _rows(reader, problems)


def _rows(reader: Reader, problems: Problems) -> Iterator[Row]:
    columns = (PEOPLE if reader.table is PEOPLE else GROUPS).columns
    for first, batch in reader.batches(size=_AT_ONCE):
        cells = [batch[column.name].to_pylist() for column in columns]
        for row, found in enumerate(zip(*cells, strict=True), first):
            before = problems.count
            values = {
                column.name: _cell(row, column.name, column.kind, cell, problems)
                for column, cell in zip(columns, found, strict=True)
            }
            if problems.count == before:
                yield Row(row, values)


def _cell(row: int, column: str, kind: Kind, cell: Any, problems: Problems) -> str:
    """The cell as a table has it: several texts separated by semicolons."""
    texts = [one for one in cell or () if one] if kind is Kind.TEXTS else [cell]
    for text in texts:
        if not text.isprintable():
            problems.add("csv-control", row, column)
        elif text[:1] and text[0] in "=+-@":
            problems.add("csv-formula", row, column, value=text)
        elif len(text) > FIELD:
            problems.add("csv-field-long", row, column, length=len(text), limit=FIELD)
        elif kind is Kind.TEXTS and ";" in text:
            problems.value(row, column, text, "a name", "it without a semicolon")
    return ";".join(text.strip() for text in texts)
