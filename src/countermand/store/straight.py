"""Statements put straight to SQLite's driver, for what is asked thousands of times a minute: of thirty small statements, half
of what Django takes for each is Django. Whoever watches statements (a test that kills, a log of queries) still sees them all.
"""

import re
import sqlite3
from collections.abc import Sequence
from functools import lru_cache
from typing import Any

from django.db import DEFAULT_DB_ALIAS, connections

_MARK = re.compile(r"(?<!%)%s")


def rows(statement: str, parameters: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
    """Every row of the answer."""
    return _put(statement, parameters)[0]


def count(statement: str, parameters: Sequence[Any] = ()) -> int:
    """How many rows it changed."""
    return max(_put(statement, parameters)[1], 0)


def _put(statement: str, parameters: Sequence[Any]) -> tuple[list[tuple[Any, ...]], int]:
    connection = connections[DEFAULT_DB_ALIAS]
    if connection.vendor != "sqlite" or connection.execute_wrappers or connection.queries_logged:
        with connection.cursor() as cursor:
            cursor.execute(statement, parameters)
            return list(cursor.fetchall()) if cursor.description else [], int(cursor.rowcount)
    connection.ensure_connection()
    connection.validate_no_broken_transaction()
    with connection.wrap_database_errors:
        driver: sqlite3.Connection = connection.connection
        answer = driver.execute(_questions(statement), parameters)
        return answer.fetchall(), answer.rowcount


@lru_cache(maxsize=512)
def _questions(statement: str) -> str:
    """The statement with SQLite's marks for parameters, as Django makes them."""
    return _MARK.sub("?", statement).replace("%%", "%")
