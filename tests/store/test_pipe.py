"""What goes to PostgreSQL together does what it does one by one, on SQLite; and a report takes few ways there and back."""

import pytest
from django.db import IntegrityError, connection

from control_rows import APP, found_house, give, hire, issue_order
from countermand.access import Act, Actor, Role
from countermand.core.apps import App
from countermand.core.coverage import EVERYTHING, Grade, Report
from countermand.core.devices import Identity, IdentityKind, Platform
from countermand.core.mentions import Mention
from countermand.flows.ingest import ingest
from countermand.store import bulk, models, straight
from countermand.store.pipe import Pipe
from countermand.store.unit import unit

pytestmark = pytest.mark.usefixtures("store")
ON_POSTGRESQL = pytest.mark.parametrize("database", ["postgresql"], indirect=True)
NEW = "INSERT INTO store_salt (subject, salt) VALUES (%s, %s)"
ALL = "SELECT subject FROM store_salt ORDER BY subject"


@pytest.fixture
def ways(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """How many statements went on each way to the server."""
    seen: list[int] = []
    exchange = Pipe._exchange

    def counted(self: Pipe, said: list[object]) -> object:
        seen.append(len(said))
        return exchange(self, said)  # type: ignore[arg-type]

    monkeypatch.setattr(Pipe, "_exchange", counted)
    return seen


def _subjects() -> list[str]:
    return [row[0] for row in bulk.all_rows(ALL)]


def test_what_waits_is_written_before_what_is_asked_next_whoever_asks() -> None:
    with unit():
        straight.write(NEW, [("a", b"1"), ("b", b"2")])
        assert _subjects() == ["a", "b"]
        straight.write(NEW, [("c", b"3")])
        assert models.Salt.objects.filter(subject="c").exists()
        straight.write("UPDATE store_salt SET subject = %s WHERE subject = %s", [("d", "c"), ("e", "d")])
    assert _subjects() == ["a", "b", "e"]


def test_outside_of_a_unit_nothing_waits() -> None:
    straight.write(NEW, [("a", b"1")])
    connection.close()
    assert _subjects() == ["a"]


@pytest.mark.parametrize("asked", [True, False])
def test_a_fault_undoes_the_unit_at_the_next_question_or_at_the_commit(asked: bool) -> None:
    straight.write(NEW, [("a", b"1")])
    with pytest.raises(IntegrityError), unit():  # noqa: PT012  # where it comes is what is tested
        straight.write(NEW, [("b", b"2")])
        straight.write(NEW, [("a", b"3")])
        straight.write(NEW, [("c", b"4")])
        if asked:
            _subjects()
    assert _subjects() == ["a"]
    with unit():
        straight.write(NEW, [("c", b"4")])
    assert _subjects() == ["a", "c"]


def test_many_more_rows_than_wait_and_more_statements_than_are_remembered() -> None:
    with unit():
        straight.write(NEW, [(f"{number:05}", b"x" * 2000) for number in range(2500)])
    assert len(_subjects()) == 2500
    for number in range(250):  # each of them made ready, and let go again
        assert [bulk.all_rows(f"SELECT %s + {number}", [1]) for _ in range(7)] == [[(1 + number,)]] * 7
    assert len(_subjects()) == 2500


def test_a_statement_that_fails_again_and_again_can_be_put_after() -> None:
    for _ in range(9):
        with pytest.raises(IntegrityError), unit():
            straight.write("INSERT INTO store_salt (subject, salt) VALUES (%s, NULL)", [("a",)])
    for number in range(9):
        with unit():
            straight.write(NEW, [(f"{number}", b"1")])
    assert len(_subjects()) == 9


def test_what_was_foreseen_is_what_the_question_gets() -> None:
    """Also after a write to its table, from a question that is put twice, or differently, or after the end of it."""
    with unit():
        one = ("SELECT subject FROM store_salt WHERE subject < %s ORDER BY subject", ["x"])
        with straight.foreseen([one, (ALL, ())]):
            assert straight.rows(*one) == []
            straight.write(NEW, [("a", b"1"), ("y", b"2")])
            assert _subjects() == ["a", "y"]
            assert straight.rows(*one) == [("a",)]
            assert straight.rows(one[0], ["z"]) == [("a",), ("y",)]
        with straight.foreseen([one, (ALL, ())]):
            assert straight.rows("SELECT 1") == [(1,)]
            models.Salt.objects.create(subject="b", salt=b"3")
            assert straight.rows(*one) == [("a",), ("b",)]
        with straight.foreseen([one, (ALL, ())]):
            assert straight.rows(*one) == [("a",), ("b",)]
        straight.write(NEW, [("c", b"4")])
        assert straight.rows(*one) == [("a",), ("b",), ("c",)]


@ON_POSTGRESQL
def test_a_report_goes_to_the_server_and_back_a_few_times(ways: list[int]) -> None:
    found_house()
    issue_order()
    hire(0, "ann")
    give(0, 0, "ann", "E1", app=False)
    models.Enrolled.objects.create(device_id=0, source="mdm", since=0)
    names = (Identity(IdentityKind.EAS, "E1"), Identity(IdentityKind.SERIAL, "S0"))
    act = Act(Actor("mdm", frozenset({Role.OPERATOR})), 10**12)
    ingest(act, "mdm", [Mention(names)])  # the source is known from here on
    shown = frozenset({App(Platform.IOS, "com.zhiliaoapp.musically")})
    ways.clear()
    taken = ingest(act, "mdm", [Mention(names, reports=(Report("mdm", act.now, Grade.INVENTORY, EVERYTHING, shown),))])
    assert taken.reports == taken.moved == 1, APP
    assert len(ways) <= 13, ways
    assert sum(ways) >= 25, "it asks less than it did: it could take fewer ways too"
