"""How a login is spelled: one way, whatever a directory, a phone or a keyboard made of it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from countermand.core.people import normal_login, normal_logins


@pytest.mark.parametrize(
    ("text", "login"),
    [
        ("alice", "alice"),
        (" ALICE ", "alice"),
        ("CORP\\Alice", "alice"),
        ("Alice@Example.org", "alice@example.org"),
        ("Z\u00fcrich", "z\u00fcrich"),
        ("Zu\u0308rich", "z\u00fcrich"),
        ("STRA\u00dfE", "strasse"),
        ("\u0130", "i\u0307"),
    ],
)
def test_spelled_one_way(text: str, login: str) -> None:
    assert normal_login(text) == login
    assert normal_login(login) == login


@given(cells=st.lists(st.text("aB\\ ß\u0301.@", max_size=4).map(str.strip), max_size=4))
def test_many_at_once_are_spelt_as_each_alone(cells: list[str]) -> None:
    assert list(normal_logins(cells)) == [normal_login(one) for one in cells]
