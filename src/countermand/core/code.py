"""What a code is. Exit codes: 2 bad input, 3 not allowed, 4 not possible now, 5 held for a person, 6 integrity."""

from typing import NamedTuple

INPUT, DENIED, CONFLICT, HELD, INTEGRITY = 2, 3, 4, 5, 6


class Code(NamedTuple):
    """``sentence`` and ``remedy`` are ``str.format`` templates over the refusal's parameters."""

    sentence: str
    remedy: str
    exit: int = INPUT
    http: int = 422
