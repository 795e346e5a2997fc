"""Who of the gates asks: bearer tokens, kept as digests in a file, compared in constant time."""

import hashlib
import hmac
from pathlib import Path


def gate_of(tokens_file: Path, authorization: bytes) -> str | None:
    """The name of the gate whose token this header carries; None if it is nobody's.

    The file has a line ``name sha256-of-token`` per gate; every line is compared, so that time tells nothing.
    """
    scheme, _, token = authorization.partition(b" ")
    if scheme.lower() != b"bearer" or not tokens_file.exists():
        return None
    asked = hashlib.sha256(token.strip()).hexdigest()
    found = None
    for line in tokens_file.read_text().splitlines():
        name, _, digest = line.rpartition(" ")
        if hmac.compare_digest(digest, asked):
            found = name
    return found or None
