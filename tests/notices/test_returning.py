"""Return paths of single messages: whose each is, and that nobody makes one up."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from countermand.notices.returning import NOWHERE, Returning, row_of

FORM = "bounces+{tag}@example.org"
MINE = Returning(b"k" * 32, FORM)
NAME = (3, 17, "issued", "")
names = st.tuples(st.integers(0, 2**40), st.integers(0, 2**30), st.sampled_from(["issued", "reminder"]), st.text(max_size=8))
rows = st.integers(0, 2**40 - 1)


@given(rows, names)
def test_a_path_tells_its_row_and_message(row: int, name: tuple[int, int, str, str]) -> None:
    path = MINE.path(row, name)
    local, _, domain = path.partition("@")
    assert domain == "example.org"
    assert len(local) <= 64
    tag = MINE.tag_in([path])
    assert row_of(tag) == row
    assert MINE.is_of(tag, row, name)


@given(rows, names, rows, names)
def test_it_is_of_no_other_message(
    row: int, name: tuple[int, int, str, str], other: int, named: tuple[int, int, str, str]
) -> None:
    tag = MINE.tag_in([MINE.path(row, name)])
    assert MINE.is_of(tag, other, named) == ((row, name) == (other, named))
    assert not Returning(b"x" * 32, FORM).is_of(tag, row, name)


@pytest.mark.parametrize("dressed", ["<{}>", "Bounces <{}>", "{}, other@example.net", "SRS0=x=y={}"])
def test_it_is_found_however_servers_write_it(dressed: str) -> None:
    path = MINE.path(5, NAME)
    assert MINE.tag_in(["nobody@example.org", dressed.format(path.upper())]) == MINE.tag_in([path])


@pytest.mark.parametrize(
    "address", ["", "bounces@example.org", "bounces+short@example.org", "bounces+" + "1" * 24 + "@example.org"]
)
def test_other_addresses_have_none(address: str) -> None:
    assert MINE.tag_in([address]) == ""


def test_without_a_form_everything_comes_back_to_the_sender() -> None:
    assert NOWHERE.path(5, NAME) == ""
    assert NOWHERE.tag_in([MINE.path(5, NAME)]) == ""
