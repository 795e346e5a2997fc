"""JSON from outside, several times as fast as the standard library reads it, and read as the standard library reads it.

Wherever msgspec and ``json`` both take a text they say the same. What msgspec does not take (NaN, lone surrogates, encodings
other than UTF-8, numbers without end) is left to ``json``, so that one odd text in one row spoils no page.
"""

import json
from typing import Any

from msgspec import DecodeError
from msgspec.json import Decoder

_decode = Decoder().decode


def read_json(text: bytes | str) -> Any:
    """What it says. ValueError if it is no JSON, or nested so deeply that nobody would read it: only strangers write that, and
    whoever reads strangers' bytes expects a ValueError."""
    try:
        return _decode(text)
    except (DecodeError, UnicodeError):
        return _slowly(text)
    except RecursionError:
        raise ValueError("it is nested too deeply") from None


def _slowly(text: bytes | str) -> Any:
    try:
        return json.loads(text)
    except RecursionError:
        raise ValueError("it is nested too deeply") from None
