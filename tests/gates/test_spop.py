"""HAProxy's offload protocol as bytes: what is written can be read, and nothing that comes in breaks it."""

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from countermand.gates import spop
from countermand.gates.spop import Frame, Kind, Malformed

names = st.text("abcdefghij-", min_size=1, max_size=12)
values = st.one_of(st.none(), st.booleans(), st.integers(0, 2**32 - 1), st.binary(max_size=300))
numbers = st.integers(0, 2**48)


@given(st.sampled_from(list(Kind)), numbers, numbers, st.binary(max_size=300))
def test_a_frame_comes_back(kind: Kind, stream: int, number: int, payload: bytes) -> None:
    written = spop.encoded(Frame(kind, stream, number, payload))
    assert int.from_bytes(written[:4], "big") == len(written) - 4
    assert spop.frame(written[4:]) == Frame(kind, stream, number, payload)


@given(st.dictionaries(names, values, max_size=6))
def test_names_and_values_come_back(found: dict[str, spop.Value]) -> None:
    assert spop.pairs(spop.listed(found)) == found
    message = bytes([3]) + b"ask" + bytes([len(found)]) + spop.listed(found)
    assert list(spop.messages(message * 2)) == [("ask", found)] * 2


@given(st.binary(max_size=60))
def test_rubbish_is_malformed_and_nothing_else(rubbish: bytes) -> None:
    for reading in (spop.frame, spop.pairs, lambda data: list(spop.messages(data))):
        with contextlib.suppress(Malformed):
            reading(rubbish)


def test_numbers_are_written_as_haproxy_does() -> None:
    """The examples at the boundaries, from how SPOE.txt describes the encoding."""
    for number, written in ((0, b"\x00"), (239, b"\xef"), (240, b"\xf0\x00"), (2287, b"\xff\x7f"), (2288, b"\xf0\x80\x00")):
        assert spop.encoded(Frame(103, number, 0, b""))[9:-1] == written


def test_fragments_and_unheard_of_values_are_refused() -> None:
    whole = bytearray(spop.encoded(Frame(Kind.NOTIFY, 1, 1, b""))[4:])
    whole[4] = 0
    with pytest.raises(Malformed, match="fragments"):
        spop.frame(bytes(whole))
    with pytest.raises(Malformed, match="type 14"):
        spop.pairs(b"\x01a\x0e")
