"""Look-up codes: the short name by which a person finds what they were sent, on the page that they know.

A code is (version, person) under a keyed permutation of 50 bits (a Feistel network over keyed BLAKE2b), so that it can be
read back without a table, and tells nobody anything who has no key: of all codes one in millions is somebody's.
"""

import base64
from hashlib import blake2b

_PERSON_BITS, _HALF, _ROUNDS = 30, 25, 8
_MASK = (1 << _HALF) - 1
_LETTERS = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZ234567")
#: What people write for what they read.
_MISREAD = str.maketrans({"0": "O", "1": "I", "8": "B"})


def code_of(key: bytes, version: int, person: int) -> str:
    """Ten letters and digits in two groups. ValueError beyond 2^20 versions or 2^30 people."""
    if not (0 <= version < 1 << (2 * _HALF - _PERSON_BITS) and 0 <= person < 1 << _PERSON_BITS):
        raise ValueError((version, person))
    number = version << _PERSON_BITS | person
    left, right = number >> _HALF, number & _MASK
    for turn in range(_ROUNDS):
        left, right = right, left ^ _mixed(key, turn, right)
    text = base64.b32encode(((left << _HALF | right) << 6).to_bytes(7, "big")).decode()[:10]
    return f"{text[:5]}-{text[5:]}"


def opened(key: bytes, code: str) -> tuple[int, int] | None:
    """(version, person) of a code as ``normal`` gives it; None for what cannot be one. Whether it is anybody's is the
    tables' to say."""
    text = code.replace("-", "")
    if len(text) != 10 or not _LETTERS.issuperset(text):
        return None
    number = int.from_bytes(base64.b32decode(text + "AA===="), "big") >> 6
    left, right = number >> _HALF, number & _MASK
    for turn in reversed(range(_ROUNDS)):
        left, right = right ^ _mixed(key, turn, left), left
    number = left << _HALF | right
    return number >> _PERSON_BITS, number & ((1 << _PERSON_BITS) - 1)


def normal(text: str) -> str:
    """A code as a person typed it, in the spelling that we write."""
    kept = "".join(char for char in text if char.isalnum()).upper().translate(_MISREAD)[:20]
    return f"{kept[:5]}-{kept[5:]}" if len(kept) == 10 else kept


def _mixed(key: bytes, turn: int, half: int) -> int:
    mixed = blake2b(half.to_bytes(4, "big"), key=key, digest_size=4, person=_PERSONS[turn]).digest()
    return int.from_bytes(mixed, "big") & _MASK


_PERSONS = [b"code %d" % turn for turn in range(_ROUNDS)]
