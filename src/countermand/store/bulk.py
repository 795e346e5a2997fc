"""Raw statements over many rows: how a long list of keys is cut up, and nothing about what is asked."""

import json
from collections.abc import Iterable, Iterator, Sequence
from itertools import chain, repeat
from typing import Any

from django.db import connection

from countermand.core.facts import BLOCK_SIZE
from countermand.lib.parts import cut
from countermand.store import straight
from countermand.store.faults import told_apart
from countermand.store.straight import Question

#: Most host parameters that one statement carries (SQLite's floor is 999).
PARAMETERS = 900
#: Most whole numbers, or texts, of one statement.
NUMBERS = 8192
#: More than these go as one parameter: a statement with a mark for each is one that is parsed anew.
_FEW_NUMBERS, _FEW = 32, 64
_UNPACKED = {"sqlite": "SELECT value FROM json_each(%s)", "postgresql": "SELECT unnest(%s::text[])"}
_UNPACKED_NUMBERS = {"sqlite": ("SELECT value FROM json_each(%s)", "[%s]"), "postgresql": ("SELECT unnest(%s::bigint[])", "{%s}")}


def marks(values: Sequence[Any]) -> str:
    """Placeholders for so many parameters."""
    return ",".join(["%s"] * len(values))


def by_numbers(statement: str, numbers: Iterable[int], before: Sequence[Any] = ()) -> Iterator[tuple[Any, ...]]:
    """Rows of a query whose ``{}`` stands for a list of whole numbers, after the parameters ``before``."""
    for part in cut(list(numbers), NUMBERS):
        yield from straight.rows(*about(statement, part, before))


def about(statement: str, numbers: Sequence[int], before: Sequence[Any] = ()) -> Question:
    """The same question of at least one and at most ``NUMBERS`` numbers, not put yet. Many go as one parameter; of few the last
    is repeated, so that there are few texts of statements and the database knows them already."""
    times = statement.count("{0}") or 1
    if len(numbers) <= _FEW_NUMBERS:
        filled = [*numbers, *repeat(numbers[-1], (1 << (len(numbers) - 1).bit_length()) - len(numbers))]
        return statement.format(marks(filled)), [*before, *filled * times]
    listed, written = _UNPACKED_NUMBERS[connection.vendor]
    return statement.format(listed), [*before, *[written % ",".join(map(str, map(int, numbers)))] * times]


def by_texts(statement: str, texts: Iterable[str], before: Sequence[Any] = ()) -> Iterator[tuple[Any, ...]]:
    """Rows of a query whose ``{}`` stands for a list of texts (always parameters), after the parameters ``before``."""
    for part in cut(list(texts), NUMBERS):
        yield from straight.rows(*about_texts(statement, part, before))


def about_texts(statement: str, texts: Sequence[str], before: Sequence[Any] = ()) -> Question:
    """The same question of at least one and at most ``NUMBERS`` texts, not put yet."""
    listed, values = (marks(texts), texts) if len(texts) <= _FEW else unpacked(texts)
    return statement.format(listed), [*before, *values]


def unpacked(texts: Sequence[str]) -> tuple[str, Sequence[Any]]:
    """A query that gives these texts as rows, whose column SQLite calls ``value``, and its parameters."""
    return _UNPACKED[connection.vendor], [json.dumps(texts) if connection.vendor == "sqlite" else list(texts)]


def write(statement: str, rows: Sequence[Sequence[Any]]) -> None:
    """One statement for many rows."""
    if rows:
        straight.write(statement, rows)


def run(statement: str, parameters: Sequence[Any] = ()) -> int:
    """One statement; returns how many rows it changed."""
    return straight.count(statement, parameters)


def put(statement: str, rows: Sequence[Sequence[Any]]) -> None:
    """One statement, whose ``{}`` stands for the values of many rows."""
    for many, values in _together(statement, rows):
        straight.write(many, [values])


def put_counted(statement: str, rows: Sequence[Sequence[Any]]) -> int:
    """The same; returns how many rows it wrote."""
    return sum(straight.count(many, values) for many, values in _together(statement, rows))


def given(statement: str, rows: Sequence[Sequence[Any]]) -> list[tuple[Any, ...]]:
    """What one statement, whose ``{}`` stands for the values of many rows, gives back (RETURNING)."""
    return [row for many, values in _together(statement, rows) for row in all_rows(many, values)]


def _together(statement: str, rows: Sequence[Sequence[Any]]) -> Iterator[tuple[str, list[Any]]]:
    for part in cut(rows, PARAMETERS // len(rows[0])) if rows else ():
        yield statement.format(",".join([f"({marks(part[0])})"] * len(part))), [value for row in part for value in row]


def insert(table: str, columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> None:
    """New rows, many of them: by COPY where the database has it."""
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            # What COPY raises is the driver's own, unless somebody says otherwise.
            with connection.wrap_database_errors, cursor.copy(f"COPY {table} ({', '.join(columns)}) FROM STDIN") as copy:
                for row in rows:
                    copy.write_row(row)
            return
        found, most = list(rows), PARAMETERS // len(columns)
        whole = len(found) - len(found) % most
        for part in (found[:whole], found[whole:]):  # full statements, all of one text, and one for the rest
            if part:
                size = min(len(part), most)
                values = ", ".join([f"({marks(columns)})"] * size)
                statement = f"INSERT INTO {table} ({', '.join(columns)}) VALUES {values}"
                cursor.executemany(statement, [[*chain.from_iterable(some)] for some in cut(part, size)])


def analyze() -> None:
    """After very many rows came at once: PostgreSQL counts its tables now. Until it comes to that by itself, it takes them for
    as small as they were, and reads every set of a block where seven are asked for (54 ms for 0.1, of 134,000). Outside of
    any unit."""
    if connection.vendor == "postgresql":
        with told_apart():
            straight.count("ANALYZE")


def all_rows(statement: str, parameters: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
    """Every row of a query."""
    return straight.rows(statement, parameters)


def blocks(table: str) -> list[int]:
    """The blocks in which ``table`` has ordinals, ascending."""
    return [row[0] for row in all_rows(f"SELECT DISTINCT ordinal / {BLOCK_SIZE} AS block FROM {table} ORDER BY block")]


def in_block(table: str, block: int) -> list[int]:
    """The ordinals of ``table`` in a block, ascending."""
    query = f"SELECT ordinal FROM {table} WHERE ordinal >= %s AND ordinal < %s ORDER BY ordinal"
    return [row[0] for row in all_rows(query, [block * BLOCK_SIZE, (block + 1) * BLOCK_SIZE])]


def fresh(table: str, counter: str, count: int) -> range:
    """``count`` ordinals that no row of ``table`` ever had: the installation's counter remembers rows that are gone."""
    counted = all_rows(f"SELECT {counter} FROM store_installation WHERE id = 1")
    highest = all_rows(f"SELECT MAX(ordinal) FROM {table}")[0][0]
    first = max(counted[0][0] if counted else 0, 0 if highest is None else highest + 1)
    write(f"UPDATE store_installation SET {counter} = %s WHERE id = 1", [(first + count,)])
    return range(first, first + count)
