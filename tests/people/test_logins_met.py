"""Logins kept by their hashes say what a dictionary and a set of them would."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from countermand.people import logins as met
from countermand.people.logins import FirstRows, Heard

LOGINS = st.lists(st.sampled_from(["ann", "bob", "carl", "dora", "", "x@example.org"]), max_size=6)


@pytest.mark.parametrize("late", [1, 3, 1 << 15])
@given(st.lists(st.tuples(st.booleans(), LOGINS), max_size=6))
def test_the_row_where_each_stood_first(late: int, parts: list[tuple[bool, list[str]]]) -> None:
    """Whether they come many at once or one by one, or now one way and now the other."""
    first, wanted, row = FirstRows(), dict[str, int](), 1
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(met, "_LATE", late)
        for at_once, part in parts:
            rows = range(row, row + len(part))
            if at_once:
                found = first.add(part, row)
            else:
                found = [first.setdefault(login, at) for login, at in zip(part, rows, strict=True)]
            assert found == [wanted.setdefault(login, at) for login, at in zip(part, rows, strict=True)]
            row += len(part)


@given(st.lists(st.tuples(LOGINS, LOGINS), max_size=4))
def test_who_was_not_heard(parts: list[tuple[list[str], list[str]]]) -> None:
    heard, wanted = Heard(), set[str]()
    for said, asked in parts:
        for login in said:
            heard.add(login)
        wanted |= set(said)
        assert heard.without(set(asked)) == set(asked) - wanted
