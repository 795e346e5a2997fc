"""Rows of a vendor's JSON of which only the wanted fields are read, in a third of the time that whole rows take.

A page of which nothing is odd is decoded straight into them: no text of it can hold what may not be shown, so that not every text
has to be looked at. Any other page is read as it stands, and each of its rows is looked over.
"""

import re
from collections.abc import Callable, Iterable
from functools import cache
from typing import Annotated, Any, TypeVar

from msgspec import DecodeError, Meta, Struct
from msgspec.json import Decoder
from msgspec.structs import fields

from countermand.lib.read_json import read_json
from countermand.sources.rows import LONGEST, text, thing

#: A text that can be shown, but for space around it; None for whatever is none. Fields of any other type come as they are.
Shown = Annotated[str, Meta(max_length=LONGEST)] | None
Fields = TypeVar("Fields", bound=Struct)
#: An escape of anything but what can be shown in ASCII; of a backslash too, behind which nothing is an escape.
_ODD_ESCAPE = re.compile(rb'\\(?!["/]|u00[2-6][0-9A-Fa-f]|u007[0-9A-Ea-e])')


def reader(page: Any) -> Callable[[bytes], Any]:
    """What takes pages of this type apart: an object that holds a list of structs. Whatever does not fit, or could hold a text
    that may not be shown, is read by ``read_json``."""
    decode = Decoder(page).decode

    def read(body: bytes) -> Any:
        if _plain(body):
            try:
                return decode(body)
            except (DecodeError, RecursionError):
                pass
        return read_json(body)

    return read


def _plain(body: bytes) -> bool:
    """Whether all texts of this JSON are of characters that can be shown. A control character as such is no JSON."""
    return body.isascii() and b"\x7f" not in body and (b"\\" not in body or _ODD_ESCAPE.search(body) is None)


def fields_of(kind: type[Fields], raw: Any) -> Fields:
    """The wanted fields of a row, which must be an object: as ``reader`` read it, or looked over here. Refused
    ``device-unreadable``."""
    if type(raw) is kind:
        return raw
    row = thing(raw)
    return kind(*[text(row.get(name)) if shown else row.get(name) for name, shown in _wanted(kind)])


def rows_as(kind: type[Fields], rows: Iterable[Any]) -> list[Fields]:
    """The same of those of a list that are objects."""
    return [fields_of(kind, one) for one in rows if isinstance(one, (kind, dict))]


@cache
def _wanted(kind: type[Struct]) -> tuple[tuple[str, bool], ...]:
    """The fields' names in JSON, and which of them are texts that are shown."""
    return tuple((one.encode_name, one.type == Shown) for one in fields(kind))
