"""The database as somebody has it who goes round the program: with the file, or with the server's own tools."""

import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

import psycopg

from countermand.config import Database, Postgres

#: How PostgreSQL says what the tests say in SQLite's words.
_WORDS = {
    "zeroblob(32)": "decode(repeat('00', 32), 'hex')",
    "char(10)": "chr(10)",
    "replace(entry, 'k3', 'k4')": "convert_to(replace(convert_from(entry, 'UTF8'), 'k3', 'k4'), 'UTF8')",
}


def execute(place: Database, statement: str) -> int:
    """One statement, committed; how many rows it touched."""
    if isinstance(place, Path):
        with closing(sqlite3.connect(place)) as file, file:
            return file.execute(statement).rowcount
    with _connected(place) as server:
        return server.execute(_said(statement)).rowcount


def ask(place: Database, query: str) -> list[tuple[Any, ...]]:
    """Every row of a query."""
    if isinstance(place, Path):
        with closing(sqlite3.connect(place)) as file:
            return file.execute(query).fetchall()
    with _connected(place) as server:
        return server.execute(_said(query)).fetchall()


def content() -> list[str]:
    """Everything that the open database holds, row by row."""
    from django.apps import apps

    return [
        f"{model.__name__} {[bytes(value) if isinstance(value, memoryview) else value for value in row]}"
        for model in apps.get_app_config("store").get_models()
        for row in model._default_manager.order_by("pk").values_list()
    ]


def every_byte(place: Database) -> bytes:
    """All that is stored."""
    if isinstance(place, Path):
        return b"".join(file.read_bytes() for file in sorted(place.parent.glob(f"{place.name}*")))
    with _connected(place) as server:
        return b"".join(piece for table in _tables(server) for piece in _copied(server, table))


def copy(place: Database) -> Database:
    """What it is now, beside it. Nobody may have it open."""
    if isinstance(place, Path):
        return Path(shutil.copyfile(place, place.with_suffix(".copy")))
    beside = replace(place, name=f"{place.name}copy")
    _clone(place, beside)
    return beside


def put_back(copy: Database, place: Database) -> None:
    """A copy in the place of what is there now, without telling anybody."""
    if isinstance(copy, Path) and isinstance(place, Path):
        for name in ("-wal", "-shm"):
            Path(f"{place}{name}").unlink(missing_ok=True)
        shutil.copyfile(copy, place)
    elif isinstance(copy, Postgres) and isinstance(place, Postgres):
        _clone(copy, place)


def _clone(source: Postgres, to: Postgres) -> None:
    with _connected(replace(source, name="postgres")) as server:
        server.execute(f"DROP DATABASE IF EXISTS {to.name} WITH (FORCE)".encode())
        server.execute(f"CREATE DATABASE {to.name} TEMPLATE {source.name}".encode())


def afresh(place: Database) -> None:
    """The open database as it was when this was first asked, for each example anew; on a server without any row."""
    from django.db import connections

    connections.close_all()
    if isinstance(place, Postgres):
        _empty(place)
        return
    pristine = place.with_suffix(".pristine")
    shutil.copyfile(*((pristine, place) if pristine.exists() else (place, pristine)))
    for name in ("-wal", "-shm"):
        Path(f"{place}{name}").unlink(missing_ok=True)


def _empty(place: Postgres) -> None:
    """Take every row away; numbers that were given stay given."""
    with _connected(place) as server:
        statements = [f"DELETE FROM {table}" for table in _tables(server)]
        server.execute(_said("; ".join(["SET session_replication_role = replica", *statements])))


def _tables(server: "psycopg.Connection[Any]") -> list[str]:
    found = server.execute(b"SELECT tablename FROM pg_tables WHERE tablename LIKE 'store\\_%' ORDER BY 1").fetchall()
    return [row[0] for row in found]


def _copied(server: "psycopg.Connection[Any]", table: str) -> Iterator[bytes]:
    with server.cursor().copy(f"COPY {table} TO STDOUT (FORMAT binary)".encode()) as pieces:
        yield from (bytes(piece) for piece in pieces)


def _connected(place: Postgres) -> "psycopg.Connection[Any]":
    return psycopg.connect(host=place.host, port=place.port, user=place.role, dbname=place.name, autocommit=True)


def _said(statement: str) -> bytes:
    for ours, theirs in _WORDS.items():
        statement = statement.replace(ours, theirs)
    return statement.encode()
