"""Look-up codes: told apart, read back under their key alone, whatever a person makes of them when typing."""

import re

import pytest

from countermand.notices import codes


def test_codes_are_told_apart_and_read_back() -> None:
    key = b"k" * 32
    names = [(0, 0), (0, 1), (1, 0), (2**20 - 1, 2**30 - 1), (17, 840_000)]
    made = [codes.code_of(key, *name) for name in names]
    assert [codes.opened(key, code) for code in made] == names
    assert len(set(made)) == len(names)
    assert all(re.fullmatch(r"[A-Z2-7]{5}-[A-Z2-7]{5}", code) for code in made)
    assert codes.opened(b"x" * 32, made[0]) != names[0]
    assert codes.normal(f" {made[3].lower()} ") == made[3]
    with pytest.raises(ValueError, match="1048576"):
        codes.code_of(key, 2**20, 0)
