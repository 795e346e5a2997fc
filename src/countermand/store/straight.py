"""Statements put straight to the database's driver, for what is asked thousands of times a minute: of thirty small statements,
half of what Django takes for each is Django. PostgreSQL also knows them already (a statement asked a few times is prepared), and
what nobody waits for goes to it together (store/pipe.py).
Whoever watches statements (a test that kills, a log of queries) still sees them all.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from functools import lru_cache
from typing import Any

from django.db import DEFAULT_DB_ALIAS, connections

_MARK = re.compile(r"(?<!%)%s")
#: A statement and its parameters.
Question = tuple[str, Sequence[Any]]


def rows(statement: str, parameters: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
    """Every row of the answer."""
    connection = connections[DEFAULT_DB_ALIAS]
    if _watched(connection):
        with connection.cursor() as cursor:
            cursor.execute(statement, parameters)
            return list(cursor.fetchall())
    with connection.wrap_database_errors:
        _ready(connection)
        if connection.vendor == "sqlite":
            return connection.connection.execute(_questions(statement), parameters).fetchall()  # type: ignore[no-any-return]
        return connection.pipe().rows(statement, parameters)  # type: ignore[no-any-return, attr-defined]


def count(statement: str, parameters: Sequence[Any] = ()) -> int:
    """How many rows it changed."""
    connection = connections[DEFAULT_DB_ALIAS]
    if _watched(connection):
        with connection.cursor() as cursor:
            cursor.execute(statement, parameters)
            return max(int(cursor.rowcount), 0)
    with connection.wrap_database_errors:
        _ready(connection)
        if connection.vendor == "sqlite":
            return max(int(connection.connection.execute(_questions(statement), parameters).rowcount), 0)
        return connection.pipe().count(statement, parameters)  # type: ignore[no-any-return, attr-defined]


def write(statement: str, rows: Sequence[Sequence[Any]]) -> None:
    """The statement once for each of these parameters. On PostgreSQL it goes with the next question or the commit, and what it
    may not do is said there."""
    connection = connections[DEFAULT_DB_ALIAS]
    if _watched(connection):
        with connection.cursor() as cursor:
            if len(rows) == 1:
                cursor.execute(statement, rows[0])
            else:
                cursor.executemany(statement, rows)
        return
    with connection.wrap_database_errors:
        _ready(connection)
        if connection.vendor != "sqlite":
            connection.pipe().later(statement, rows)  # type: ignore[attr-defined]
        elif len(rows) == 1:
            connection.connection.execute(_questions(statement), rows[0])
        else:
            connection.connection.executemany(_questions(statement), rows)


@contextmanager
def foreseen(questions: Iterable[Question]) -> Iterator[None]:
    """Inside, these questions will be put as they stand here: PostgreSQL is asked all of them with the first. Each answer is
    given once, and not at all if one of its tables was written to meanwhile. Where no way lies between us and the database
    nothing is done."""
    connection = connections[DEFAULT_DB_ALIAS]
    if connection.vendor == "sqlite" or _watched(connection):
        yield
        return
    with connection.wrap_database_errors:
        _ready(connection)
    pipe = connection.pipe()  # type: ignore[attr-defined]
    asked = dict(questions)
    pipe.foretell(asked)
    try:
        yield
    finally:
        pipe.unforetell(asked)


def _watched(connection: Any) -> bool:
    return bool(connection.execute_wrappers or connection.force_debug_cursor)


def _ready(connection: Any) -> None:
    if connection.connection is None:
        connection.ensure_connection()
    if connection.needs_rollback:
        connection.validate_no_broken_transaction()


@lru_cache(maxsize=512)
def _questions(statement: str) -> str:
    """The statement with SQLite's marks for parameters, as Django makes them."""
    return _MARK.sub("?", statement).replace("%%", "%")
