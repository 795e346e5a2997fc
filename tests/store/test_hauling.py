"""A haul commits without waiting for the disk, folds its log beside the units, and leaves everything as it was."""

from contextlib import suppress
from pathlib import Path

import pytest
from django.db import connection

from countermand.config import Database
from countermand.store import bulk, hauling
from countermand.store.unit import unit

_ASKED = {
    "sqlite": ("PRAGMA synchronous", "PRAGMA wal_autocheckpoint", "PRAGMA foreign_keys"),
    "postgresql": ("SHOW synchronous_commit",),
}


def settings() -> list[object]:
    with connection.cursor() as cursor:
        return [cursor.execute(one).fetchone()[0] for one in _ASKED[connection.vendor]]


def write(number: int) -> None:
    with unit():
        bulk.insert("store_group", ("name",), [(f"g{number:05} {part:03} " + "x" * 200,) for part in range(200)])


def count() -> int:
    return int(bulk.all_rows("SELECT COUNT(*) FROM store_group")[0][0])


def log_of(store: Database) -> int:
    return Path(f"{store}-wal").stat().st_size


def test_the_settings_are_another_inside_and_the_same_afterwards(store: Database) -> None:
    with connection.cursor() as cursor:
        if not isinstance(store, Path):
            cursor.execute("SET synchronous_commit = remote_write")
    before = settings()
    with hauling.hauling() as settle:
        inside = settings()
        write(1)
        settle()
    assert inside == ([1, 0, 1] if isinstance(store, Path) else ["off"])
    assert settings() == before != inside
    with suppress(ZeroDivisionError), hauling.hauling():
        raise ZeroDivisionError
    assert settings() == before
    assert count() == 200


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_the_log_is_folded_between_units_and_begun_anew(store: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in (("_LONG", 200), ("_OFTEN", 2), ("_BEHIND", 2)):
        monkeypatch.setattr(hauling, name, value)
    longest, once = 0, 0
    with hauling.hauling() as settle:
        for number in range(60):
            write(number)
            settle()
            once = once or log_of(store)
            longest = max(longest, log_of(store))
    assert longest < 30 * once  # 60 units, each of which wrote as much as the first
    assert log_of(store) == 0
    assert count() == 12_000


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_somebody_who_reads_is_not_waited_for(store: Database) -> None:
    import sqlite3

    write(0)
    reader = sqlite3.connect(str(store), isolation_level=None)
    reader.execute("BEGIN")
    seen = reader.execute("SELECT COUNT(*) FROM store_group").fetchone()
    with hauling.hauling() as settle:
        for number in range(1, 9):
            write(number)
            settle()
    assert log_of(store) > 0
    assert reader.execute("SELECT COUNT(*) FROM store_group").fetchone() == seen == (200,)
    reader.close()
    assert count() == 1_800
