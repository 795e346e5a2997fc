"""Every row that a backup keeps, as plain JSON values, and back into empty tables: the same on every database.

Rows go by the names of their columns and not by today's models, so that an older backup is loaded into the tables of its
own time, which are then brought up to date as any database is.
"""

import base64
import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from django.apps import apps
from django.core.management.color import no_style
from django.db import connection
from django.db.models import BinaryField, BooleanField, Field, JSONField, Model

#: What means nothing in another epoch: who holds which lease, how often who asked, what was still to be said, what was said to
#: gates, and what requests were answered (a key of before must not replay a success that is no longer true).
_LEFT_OUT = frozenset({"Lease", "Dirty", "FeedRecord", "FeedHeartbeat", "Answered", "Bucket"})
_CHUNK = 1_000
_BYTES, _JSON, _FLAG, _PLAIN = "bytes", "json", "flag", "plain"


@dataclass(frozen=True, slots=True)
class Table:
    """``columns``: (name, kind) with the kinds bytes (base64), json, flag and plain."""

    name: str
    columns: tuple[tuple[str, str], ...]


def tables() -> list[Table]:
    """The tables that a backup keeps, in the order of their definition."""
    return [Table(model._meta.db_table, _columns(model)) for model in _models()]


def count(table: Table) -> int:
    """How many rows it has."""
    return int(next(model for model in _models() if model._meta.db_table == table.name)._base_manager.count())


def rows(table: Table) -> Iterator[list[list[Any]]]:
    """All rows of a table in chunks. Inside ``reading()``, so that all tables are of one moment."""
    model = next(model for model in _models() if model._meta.db_table == table.name)
    kinds = [kind for _, kind in table.columns]
    names = [field.attname for field in model._meta.concrete_fields]
    chunk: list[list[Any]] = []
    for row in model._base_manager.order_by("pk").values_list(*names).iterator(chunk_size=_CHUNK):
        chunk.append([_plain(kind, value) for kind, value in zip(kinds, row, strict=True)])
        if len(chunk) == _CHUNK:
            yield chunk
            chunk = []
    if chunk:
        yield chunk


def load(table: Table, chunks: Iterable[Sequence[Sequence[Any]]]) -> int:
    """Write rows into an empty table, inside a unit; returns how many."""
    quote = connection.ops.quote_name
    names = ", ".join(quote(name) for name, _ in table.columns)
    marks = ", ".join(["%s"] * len(table.columns))
    kinds = [kind for _, kind in table.columns]
    count = 0
    with connection.cursor() as cursor:
        for chunk in chunks:
            made = [[_stored(kind, value) for kind, value in zip(kinds, row, strict=True)] for row in chunk]
            cursor.executemany(f"INSERT INTO {quote(table.name)} ({names}) VALUES ({marks})", made)
            count += len(made)
    return count


def empty() -> None:
    """Forget every row of every table, inside a unit."""
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            names = ", ".join(connection.ops.quote_name(model._meta.db_table) for model in _every_model())
            cursor.execute(f"TRUNCATE {names}")
            return
        for model in _every_model():
            cursor.execute(f"DELETE FROM {connection.ops.quote_name(model._meta.db_table)}")


def renumber() -> None:
    """New rows get numbers beyond those that were loaded (PostgreSQL's sequences do not see explicit ones)."""
    with connection.cursor() as cursor:
        for statement in connection.ops.sequence_reset_sql(no_style(), list(_every_model())):
            cursor.execute(statement)


def _every_model() -> list[type[Model]]:
    return list(apps.get_app_config("store").get_models(include_auto_created=True))


def _models() -> list[type[Model]]:
    return [model for model in _every_model() if model.__name__ not in _LEFT_OUT]


def _columns(model: type[Model]) -> tuple[tuple[str, str], ...]:
    return tuple((str(field.column), _kind(field)) for field in model._meta.concrete_fields)


def _kind(field: "Field[Any, Any]") -> str:
    if isinstance(field, BinaryField):
        return _BYTES
    if isinstance(field, JSONField):
        return _JSON
    return _FLAG if isinstance(field, BooleanField) else _PLAIN


def _plain(kind: str, value: Any) -> Any:
    return base64.b64encode(bytes(value)).decode() if kind == _BYTES and value is not None else value


def _stored(kind: str, value: Any) -> Any:
    if value is None:
        return None
    if kind == _BYTES:
        return base64.b64decode(value)
    if kind == _JSON:
        return connection.ops.adapt_json_value(value, None) if connection.vendor == "postgresql" else json.dumps(value)
    return bool(value) if kind == _FLAG else value
