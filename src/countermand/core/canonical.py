"""The one form in which a document, a bundle or an entry is hashed and signed: RFC 8785 canonical JSON."""

import hashlib
import json
from typing import Any

_WRITE = json.JSONEncoder(ensure_ascii=False, sort_keys=True, separators=(",", ":"), check_circular=False).encode
#: Whole numbers up to here are the same in every reader of JSON.
_EXACT = 2**53 - 1


def canonical(value: Any) -> bytes:
    """The RFC 8785 bytes of a JSON value. A number that JSON cannot carry exactly, or anything that is not JSON, is a
    programming error and raises ValueError: such values never get past ``core.schema``."""
    if _is_plain(value):
        try:
            return _WRITE(value).encode()
        except UnicodeEncodeError:
            pass  # half a character: refused below as what it is
    import rfc8785  # loaded by who writes: a gate only reads what was signed, and is to be back at once

    return rfc8785.dumps(value)


def _is_plain(value: Any) -> bool:
    """Whether the interpreter's own writer, which is ten times as fast, writes the same: what RFC 8785 adds is how fractions are
    written, which whole numbers there are, and how names beyond ASCII are sorted."""
    kind = type(value)
    if kind is str or kind is bool or value is None:
        return True
    if kind is int:
        return bool(-_EXACT <= value <= _EXACT)
    if kind is dict:
        return all(type(name) is str and name.isascii() and _is_plain(one) for name, one in value.items())
    return (kind is list or kind is tuple) and all(map(_is_plain, value))


def digest(value: Any) -> str:
    """Lower-case hex SHA-256 of the canonical form."""
    return hashlib.sha256(canonical(value)).hexdigest()
