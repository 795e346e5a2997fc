"""Statements put straight to the database's driver, for what is asked thousands of times a minute: of thirty small statements,
half of what Django takes for each is Django. PostgreSQL also knows them already: a statement asked a few times is prepared.
Whoever watches statements (a test that kills, a log of queries) still sees them all.
"""

import re
from collections.abc import Sequence
from functools import lru_cache
from typing import Any

from django.db import DEFAULT_DB_ALIAS, connections

_MARK = re.compile(r"(?<!%)%s")
#: Times that a statement is asked before PostgreSQL plans it once for all, and how many of them it remembers.
_ASKED, _REMEMBERED = 5, 200


def rows(statement: str, parameters: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
    """Every row of the answer."""
    connection = connections[DEFAULT_DB_ALIAS]
    if _watched(connection):
        with connection.cursor() as cursor:
            cursor.execute(statement, parameters)
            return list(cursor.fetchall())
    with connection.wrap_database_errors:
        answer = _put(connection, statement, parameters)
        return answer.fetchall()  # type: ignore[no-any-return]


def count(statement: str, parameters: Sequence[Any] = ()) -> int:
    """How many rows it changed."""
    connection = connections[DEFAULT_DB_ALIAS]
    if _watched(connection):
        with connection.cursor() as cursor:
            cursor.execute(statement, parameters)
            return max(int(cursor.rowcount), 0)
    with connection.wrap_database_errors:
        return max(int(_put(connection, statement, parameters).rowcount), 0)


def many(statement: str, rows: Sequence[Sequence[Any]]) -> None:
    """The statement once for each of these parameters."""
    connection = connections[DEFAULT_DB_ALIAS]
    if _watched(connection):
        with connection.cursor() as cursor:
            cursor.executemany(statement, rows)
        return
    with connection.wrap_database_errors:
        _ready(connection)
        if connection.vendor == "sqlite":
            connection.connection.executemany(_questions(statement), rows)
        else:
            _cursor(connection).executemany(statement, rows)


def _watched(connection: Any) -> bool:
    return bool(connection.execute_wrappers or connection.force_debug_cursor)


def _ready(connection: Any) -> None:
    if connection.connection is None:
        connection.ensure_connection()
    if connection.needs_rollback:
        connection.validate_no_broken_transaction()


def _put(connection: Any, statement: str, parameters: Sequence[Any]) -> Any:
    _ready(connection)
    if connection.vendor == "sqlite":
        return connection.connection.execute(_questions(statement), parameters)
    return _cursor(connection).execute(statement, parameters)


def _cursor(connection: Any) -> Any:
    """The one cursor of our own on a connection to PostgreSQL, made when it is first needed."""
    found = getattr(connection, "straight", None)
    if found is None or found.connection is not connection.connection or found.closed:
        from psycopg import Cursor
        from psycopg.types.numeric import Int8Dumper

        driver = connection.connection
        # Django asks for none: its own cursors write values into the text, where nothing can be prepared.
        driver.prepare_threshold, driver.prepared_max = _ASKED, _REMEMBERED
        found = connection.straight = Cursor(driver)
        # Else a statement is another one for each size of number.
        found.adapters.register_dumper(int, Int8Dumper)
    return found


@lru_cache(maxsize=512)
def _questions(statement: str) -> str:
    """The statement with SQLite's marks for parameters, as Django makes them."""
    return _MARK.sub("?", statement).replace("%%", "%")
