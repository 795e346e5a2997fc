"""JSON read fast is JSON read as the standard library reads it."""

import json
import random
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from countermand.lib.read_json import read_json

ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda one: st.lists(one, max_size=3) | st.dictionaries(st.text(max_size=4), one, max_size=3),
    max_leaves=6,
)


def said(read: Callable[[bytes], Any], text: bytes) -> str:
    """What it reads, to the last digit, or that it reads nothing."""
    try:
        return repr(read(text))
    except (ValueError, RecursionError):
        return "no JSON"


@given(value=ANYTHING, escaped=st.booleans(), seed=st.integers(0, 2**32), count=st.integers(0, 2))
def test_any_value_and_any_byte(value: Any, escaped: bool, seed: int, count: int) -> None:
    text = bytearray(json.dumps(value, ensure_ascii=escaped).encode("utf-8", "surrogatepass"))
    dice = random.Random(seed)
    for _ in range(count):
        text[dice.randrange(len(text))] = dice.choice(b'"\\[]{},:0-eEu\xff\x00 ')
    assert said(read_json, bytes(text)) == said(json.loads, bytes(text))


@pytest.mark.parametrize(
    "text",
    [
        b'{"a":1,"a":2}', b'{"a":{"b":1},"a":{}}', b"-0", b"1" * 30, b"1" * 5_000, b"1e400", b"NaN", b"[-Infinity]", b'"\\ud800"',
        b'["\\ud83d\\ude00", "\xed\xa0\x80"]', b'"\xff"', b"\xef\xbb\xbf[1]", '["é"]'.encode("utf-16"), b"", b" [1] ", b"[1] 2",
        b"[" * 50_000, b'{"a":' * 50_000, b'"\x7f"', b'"\x01"', b"123456789012345678901234567890.5", b"2.5e-400", b"01",
    ],
)  # fmt: skip
def test_what_parsers_do_not_agree_on(text: bytes) -> None:
    assert said(read_json, text) == said(json.loads, text)
