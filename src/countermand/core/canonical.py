"""The one form in which a document, a bundle or an entry is hashed and signed: RFC 8785 canonical JSON."""

import hashlib
from typing import Any


def canonical(value: Any) -> bytes:
    """The RFC 8785 bytes of a JSON value. A number that JSON cannot carry exactly, or anything that is not JSON, is a
    programming error and raises ValueError: such values never get past ``core.schema``."""
    import rfc8785  # loaded by who writes: a gate only reads what was signed, and is to be back at once

    return rfc8785.dumps(value)


def digest(value: Any) -> str:
    """Lower-case hex SHA-256 of the canonical form."""
    return hashlib.sha256(canonical(value)).hexdigest()
