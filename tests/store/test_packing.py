"""Packed app lists: what goes in comes out, in one form, and damage is noticed."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from countermand.store.packing import numbers_in, pack, unpack

SHOWN = st.dictionaries(st.integers(0, 2**32 - 1), st.integers(0, 2**53 - 1) | st.sampled_from([1, 2]))


@given(SHOWN)
def test_what_goes_in_comes_out(shown: dict[int, int]) -> None:
    packed = pack(shown)
    assert unpack(packed) == shown
    assert numbers_in(packed) == frozenset(shown)
    assert pack(dict(reversed(shown.items()))) == packed


@given(SHOWN.filter(bool), st.data())
def test_a_cut_is_noticed(shown: dict[int, int], data: st.DataObject) -> None:
    packed = pack(shown)
    cut = packed[: data.draw(st.integers(1, len(packed) - 1))]
    try:
        found = unpack(cut)
    except ValueError:
        return
    assert found.items() < shown.items()  # cut between two times: whole groups are missing, none is wrong


def test_many_apps_of_one_answer_are_small() -> None:
    assert len(pack(dict.fromkeys(range(100), 1_800_000_000_000))) == 12 + 400


def test_half_a_time() -> None:
    with pytest.raises(ValueError, match="within a time"):
        unpack(b"\0" * 5)
