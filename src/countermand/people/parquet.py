"""People and groups within groups from Parquet. What a row may say is decided in people.csv, as for every other file.

A batch is first looked at a column at a time; only where something could be wrong are its rows checked one by one.
"""

from collections.abc import Iterable, Iterator, Mapping
from functools import lru_cache
from typing import Any

import pyarrow.compute as pc

from countermand.core.fleet_tables import GROUPS, PEOPLE, Kind
from countermand.core.people import Person
from countermand.core.table import FIELD, Problems, Row
from countermand.lib.parquet import Reader
from countermand.people import csv
from countermand.people.logins import FirstRows

_AT_ONCE = 10_000
#: What a column is made of where nothing can be wrong with it. Narrower than what people.csv allows, never wider.
_LOGIN = r"^[a-z0-9][a-z0-9._@-]*$"
_MANAGER = r"^([a-z0-9][a-z0-9._@-]*)?$"
_EMAIL = r"^([A-Za-z0-9][A-Za-z0-9._+-]*@[A-Za-z0-9][A-Za-z0-9.-]*)?$"
_NAME = r"^([\p{L}\p{N}]([\p{L}\p{N} .,'()-]*[\p{L}\p{N}.)])?)?$"
#: The longest of each. Said in the patterns it would be compiled for a tenth of a second, for every batch.
_LONGEST = {"login": 200, "manager": 200, "email": 100, "name": 200}
_FEW = ("zone", "locale", "country", "employment")

Batch = Mapping[str, Any]


def people(reader: Reader, problems: Problems) -> Iterator[tuple[int, Person]]:
    """(row, person) of every good row; what is wrong with the others is in ``problems``."""
    first = FirstRows()
    for start, batch in reader.batches(size=_AT_ONCE):
        if not _sound(batch):
            for row in _rows(reader, start, batch, problems):
                if person := csv.checked(row, first, problems):
                    yield row.line, person
            continue
        rows = first.add(batch["login"].to_pylist(), start)
        for number, stands, person in zip(range(start, start + len(rows)), rows, _persons(batch), strict=True):
            if stands != number:
                problems.add("csv-twice", number, "login", value=person.login, first=stands)
            else:
                yield number, person


def nesting(reader: Reader, problems: Problems) -> Iterator[Row]:
    """The rows of groups within groups (people.csv.nesting makes one nesting of those of all files)."""
    for start, batch in reader.batches(size=_AT_ONCE):
        yield from _rows(reader, start, batch, problems)


def _sound(batch: Batch) -> bool:
    """Whether nothing can be wrong with a batch but a login that stands twice."""
    shapes = {"login": _LOGIN, "manager": _MANAGER, "email": _EMAIL, "name": _NAME}
    if not all(pc.all(pc.match_substring_regex(batch[column], shape)).as_py() for column, shape in shapes.items()):
        return False
    if any((pc.max(pc.utf8_length(batch[column])).as_py() or 0) > longest for column, longest in _LONGEST.items()):
        return False
    groups = pc.unique(pc.list_flatten(batch["groups"])).to_pylist()
    return all(_taken(column, value) for column in _FEW for value in pc.unique(batch[column]).to_pylist()) and _plain(groups)


@lru_cache(maxsize=4096)
def _taken(column: str, value: str) -> bool:
    """Whether people.csv takes the value as it is."""
    problems = Problems("")
    cells = {**dict.fromkeys((one.name for one in PEOPLE.columns), ""), "login": "l", column: value}
    person = csv.checked(Row(1, cells), {}, problems)
    same = person is not None and getattr(person, column) in {value, value or "employee"}
    return same and _cell(1, column, Kind.TEXT, value, problems) == value and not problems.count


def _plain(groups: Iterable[str | None]) -> bool:
    problems = Problems("")
    return all(group and _cell(1, "groups", Kind.TEXTS, [group], problems) == group for group in groups) and not problems.count


def _persons(batch: Batch) -> Iterator[Person]:
    """The people of a sound batch."""
    columns = ("login", "email", "name", "zone", "locale", "country", "employment", "groups", "manager")
    for login, email, name, zone, locale, country, employment, groups, manager in zip(
        *(batch[column].to_pylist() for column in columns), strict=True
    ):
        yield Person(login, email, name, zone, locale, country, employment or "employee", frozenset(groups or ()), manager)


def _rows(reader: Reader, start: int, batch: Batch, problems: Problems) -> Iterator[Row]:
    columns = (PEOPLE if reader.table is PEOPLE else GROUPS).columns
    cells = [batch[column.name].to_pylist() for column in columns]
    for row, found in enumerate(zip(*cells, strict=True), start):
        before, given = problems.count, zip(columns, found, strict=True)
        values = {column.name: _cell(row, column.name, column.kind, cell, problems) for column, cell in given}
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
