"""The three column types that every table uses."""

from typing import Any

from django.db import models


class Name(models.CharField):  # type: ignore[type-arg]
    """A short text."""

    def __init__(self, **kwargs: Any) -> None:
        kwargs.setdefault("max_length", 255)
        super().__init__(**kwargs)


class Text(models.TextField):  # type: ignore[type-arg]
    """A long text."""


class When(models.BigIntegerField):  # type: ignore[type-arg]
    """An instant: milliseconds since 1970 in UTC."""
