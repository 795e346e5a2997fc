"""The three column types that every table uses.

Texts are compared byte by byte on both databases: a scan of names by prefix, and the order in which rows come, must not
depend on the language of the server.
"""

from typing import Any

from django.db import models
from django.db.backends.base.base import BaseDatabaseWrapper


class _Bytewise(models.Field):  # type: ignore[type-arg]
    """PostgreSQL is told to compare bytes, and not told how long a text may be: a longer one from a source must not be an
    error there alone."""

    stored_as = "text"

    def db_type(self, connection: BaseDatabaseWrapper) -> str | None:
        return self.stored_as if connection.vendor == "postgresql" else super().db_type(connection)

    def db_parameters(self, connection: BaseDatabaseWrapper) -> Any:
        parameters = super().db_parameters(connection)
        return {**parameters, "collation": "C"} if connection.vendor == "postgresql" else parameters


class Name(_Bytewise, models.CharField):  # type: ignore[type-arg]
    """A short text."""

    stored_as = "varchar"

    def __init__(self, **kwargs: Any) -> None:
        kwargs.setdefault("max_length", 255)
        super().__init__(**kwargs)


class Text(_Bytewise, models.TextField):  # type: ignore[type-arg]
    """A long text."""


class When(models.BigIntegerField):  # type: ignore[type-arg]
    """An instant: milliseconds since 1970 in UTC."""
