"""People from CSV: every row that is wrong is named, with its place and what to write instead."""

from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from countermand.core.errors import RefusedMany
from countermand.core.people import Person
from countermand.core.table import KEPT, LINE, Problems
from countermand.people import csv

HEADER = "login,email,name,zone,locale,country,groups,employment\n"
GOOD = "alice,alice@example.org,Alice,Europe/Berlin,de,DE,staff;finance,employee\n"


def pieces(text: bytes) -> Iterator[bytes]:
    """A file as flows read it: lines, cut at ``LINE`` bytes."""
    for line in text.splitlines(keepends=True):
        yield from (line[start : start + LINE] for start in range(0, len(line), LINE))


def read(text: str | bytes) -> tuple[list[Person], Problems]:
    problems = Problems("people.csv")
    found = csv.parse(pieces(text if isinstance(text, bytes) else text.encode()), problems)
    return [person for _, person in found], problems


def codes(text: str | bytes) -> list[tuple[str, int | None, str | None]]:
    found = [(one.code, one.where) for one in read(text)[1].found]
    return [(code, where.line if where else None, where.field if where else None) for code, where in found]


def test_a_good_row() -> None:
    expected = Person(
        "alice", "alice@example.org", "Alice", "Europe/Berlin", "de", "DE", "employee", frozenset({"staff", "finance"})
    )
    assert read(HEADER + GOOD)[0] == [expected]


def test_a_manager_is_a_login_and_may_be_left_out() -> None:
    header = HEADER.replace("\n", ",manager\n")
    assert [one.manager for one in read(header + GOOD.replace("\n", ",EXAMPLE\\Bob\n"))[0]] == ["bob"]
    assert [one.manager for one in read(header + GOOD.replace("\n", ",\n"))[0]] == [""]
    assert codes(header + GOOD.replace("\n", ",Bob the boss\n")) == [("csv-value", 2, "manager")]


def test_a_byte_order_mark_other_line_ends_and_another_order_do_no_harm() -> None:
    text = HEADER + GOOD
    assert read(b"\xef\xbb\xbf" + text.encode())[0] == read(text)[0]
    assert read(text.replace("\n", "\r\n"))[0] == read(text)[0]
    turned = "\n".join(",".join(reversed(line.split(","))) for line in text.splitlines())
    assert read(turned)[0] == read(text)[0]


def test_quoted_cells_hold_commas() -> None:
    assert read(HEADER + GOOD.replace(",Alice,", ',"Liddell, Alice",'))[0][0].name == "Liddell, Alice"


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("", ("csv-empty", None, None)),
        ((HEADER + GOOD).replace(",", ";"), ("csv-delimiter", 1, None)),
        ((HEADER + GOOD).replace(",", "\t"), ("csv-delimiter", 1, None)),
        (HEADER.replace(",zone", ""), ("csv-column-missing", 1, "zone")),
        (HEADER.replace("zone", "login"), ("csv-column-twice", 1, "login")),
        (HEADER.replace("zone", "timezone"), ("csv-column-unknown", 1, "timezone")),
        ((HEADER + GOOD).encode("utf-16"), ("csv-encoding", 1, None)),
        (HEADER.encode() + GOOD.replace("Alice", "Ali\xe7e").encode("latin-1"), ("csv-encoding", 2, None)),
        (HEADER + GOOD + GOOD, ("csv-twice", 3, "login")),
        (HEADER + GOOD + GOOD.replace("alice,", "EXAMPLE\\Alice,", 1), ("csv-twice", 3, "login")),
        (HEADER + GOOD.replace("alice,", ",", 1), ("csv-value", 2, "login")),
        (HEADER + GOOD.replace("alice@example.org", "alice"), ("csv-value", 2, "email")),
        (HEADER + GOOD.replace("Europe/Berlin", "Europe/Belrin"), ("csv-value", 2, "zone")),
        (HEADER + GOOD.replace(",DE,", ",EU,"), ("csv-value", 2, "country")),
        (HEADER + GOOD.replace(",de,", ",german!,"), ("csv-value", 2, "locale")),
        (HEADER + GOOD.replace(",Alice,", ",=cmd(),"), ("csv-formula", 2, "name")),
        (HEADER + GOOD.replace(",Alice,", ",Al\x07ice,"), ("csv-control", 2, "name")),
        (HEADER + GOOD.replace(",Alice,", ",Al\0ice,"), ("csv-nul", 2, None)),
        (HEADER + GOOD.replace(",Alice,", ',"Alice,'), ("csv-quote", 2, None)),
        (HEADER + GOOD.replace(",Alice,", f",{'x' * 256},"), ("csv-field-long", 2, "name")),
        (HEADER + GOOD.replace("staff", "x" * 256), ("csv-value", 2, "groups")),
        (HEADER + GOOD.replace("employee", "employee,more"), ("csv-cells", 2, None)),
        (HEADER + GOOD.replace("Alice", "x" * (10 << 20)), ("csv-long", 2, None)),
    ],
)
def test_what_is_wrong_is_named(text: str | bytes, code: tuple[str, int | None, str | None]) -> None:
    assert code in codes(text)


def test_a_wrong_zone_is_answered_with_the_nearest() -> None:
    _, problems = read(HEADER + GOOD.replace("Europe/Berlin", "Europe/Belrin"))
    assert "Europe/Berlin" in str(problems.found[0])


def test_one_bad_row_among_many() -> None:
    rows = "".join(f"u{number},u{number}@example.org,U,,,{'XX' if number == 7_000 else 'DE'},,\n" for number in range(10_000))
    people, problems = read(HEADER + rows)
    assert len(people) == 9_999
    assert [(one.code, one.where.line if one.where else 0) for one in problems.found] == [("csv-value", 7_002)]


def test_a_file_of_nothing_but_problems_stays_readable() -> None:
    _, problems = read(HEADER + "x\n" * 5_000)
    with pytest.raises(RefusedMany) as refused:
        problems.refuse_if_any()
    assert len(refused.value.problems) == KEPT + 1
    assert "4900 more" in str(refused.value)


@given(st.binary(max_size=400))
def test_any_bytes_give_people_or_problems(noise: bytes) -> None:
    people, problems = read(HEADER.encode() + noise)
    assert people or problems.count or not noise.strip()


def nesting(text: str) -> tuple[frozenset[tuple[str, str]], list[str]]:
    problems = Problems("groups.csv")
    found = csv.parse_nesting(pieces(("group,member_of\n" + text).encode()), problems)
    return found, [str(one) for one in problems.found]


def test_groups_within_groups() -> None:
    assert nesting("a,b\nb,c\na,b\n") == (frozenset({("a", "b"), ("b", "c")}), [])


def test_a_cycle_is_refused_by_name() -> None:
    _, problems = nesting("x,a\na,b\nb,c\nc,a\n")
    assert len(problems) == 1
    assert any(f"{way}." in problems[0] for way in ("a → b → c → a", "b → c → a → b", "c → a → b → c"))


def test_a_group_within_itself_is_a_cycle() -> None:
    assert "a → a" in nesting("a,a\n")[1][0]


@given(st.sets(st.tuples(st.integers(0, 9), st.integers(0, 9)).filter(lambda edge: edge[0] < edge[1])))
def test_edges_that_only_lead_upwards_are_no_cycle(edges: set[tuple[int, int]]) -> None:
    assert csv.cycle_in([(str(child), str(parent)) for child, parent in edges]) == []
