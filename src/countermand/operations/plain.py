"""Results as JSON has them: what the command line prints for programs, and what travels over the network."""

import dataclasses
from collections.abc import Iterable, Mapping, Set
from datetime import date, datetime
from enum import Enum
from pathlib import PurePath
from typing import Any

from msgspec import Struct

from countermand.core.errors import Refused


def plain(value: Any) -> Any:
    """A value as JSON has it: dataclasses and structs by field name, sets sorted, bytes as hex, named members by their value."""
    if isinstance(value, Enum):
        return plain(value.value)
    if isinstance(value, (str, int, float)) or value is None:
        return value
    if isinstance(value, Refused):
        return {"code": value.code, "sentence": value.sentence, "remedy": value.remedy}
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {field.name: plain(getattr(value, field.name)) for field in dataclasses.fields(value)}
    if isinstance(value, Struct):
        return {name: plain(getattr(value, name)) for name in value.__struct_fields__}
    if isinstance(value, Mapping):
        return {str(key): plain(item) for key, item in value.items()}
    return _plain_of_many(value)


def _plain_of_many(value: Any) -> Any:
    if isinstance(value, Set):
        return sorted((plain(item) for item in value), key=str)
    if isinstance(value, (bytes, bytearray, memoryview)):
        return bytes(value).hex()
    if isinstance(value, (datetime, date)):
        return value.isoformat()
    if isinstance(value, PurePath):
        return str(value)
    if isinstance(value, Iterable):
        return [plain(item) for item in value]
    raise TypeError(f"{type(value).__name__} has no JSON form")
