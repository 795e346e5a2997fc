"""Many rows at once: what is there already is told alike on both databases."""

import pytest
from django.db import IntegrityError

from countermand.store import bulk
from countermand.store.unit import unit


@pytest.mark.usefixtures("store")
def test_a_row_that_is_there_already_is_an_integrity_error() -> None:
    with unit():
        bulk.insert("store_group", ("name",), [("sales",), ("legal",)])
    with pytest.raises(IntegrityError), unit():
        bulk.insert("store_group", ("name",), [("press",), ("legal",)])
    assert bulk.all_rows("SELECT name FROM store_group ORDER BY name") == [("legal",), ("sales",)]


@pytest.mark.usefixtures("store")
def test_one_statement_for_many_rows_gives_back_those_that_are_new() -> None:
    statement = "INSERT INTO store_group (name) VALUES {} ON CONFLICT (name) DO NOTHING RETURNING name"
    with unit():
        assert bulk.given(statement, []) == []
        assert bulk.given(statement, [("b",)]) == [("b",)]
        names = [(f"g{number:04}",) for number in range(2_000)]
        assert bulk.given(statement, [("b",), *names]) == names
        bulk.put("INSERT INTO store_group (name) VALUES {} ON CONFLICT (name) DO NOTHING", [("b",), ("c",)])
    assert bulk.all_rows("SELECT COUNT(*) FROM store_group") == [(2_002,)]


@pytest.mark.usefixtures("store")
def test_a_statement_that_was_asked_often_answers_as_at_first() -> None:
    """PostgreSQL prepares it; numbers of every size and a row that is refused in between are the same to it."""
    query = "SELECT name, block, bitmap FROM store_factset WHERE space = %s AND block IN ({}) ORDER BY block"
    with unit():
        for block in (0, 70_000, 2**31 - 1):
            bulk.write(
                "INSERT INTO store_factset (space, name, block, bitmap) VALUES (%s, %s, %s, %s)", [("d", "é%", block, b"\0")]
            )
    for _ in range(8):
        for block in (0, 70_000, 2**31 - 1):
            assert [(*row[:2], bytes(row[2])) for row in bulk.by_numbers(query, [block, 2**40], ["d"])] == [("é%", block, b"\0")]
        with pytest.raises(IntegrityError), unit():
            bulk.write("INSERT INTO store_factset (space, name, block, bitmap) VALUES (%s, %s, %s, %s)", [("d", "é%", 0, None)])
    assert [row[1] for row in bulk.by_numbers(query, [0, 1, 2**31 - 1, *range(5, 200)], ["d"])] == [0, 2**31 - 1]
