"""Tables move forward, one version back, and forward again, with everything in them; other versions' are left alone."""

from pathlib import Path

import house
import pytest
from django.db import connection

from countermand.config import Config, Database
from countermand.core.errors import Refused
from countermand.core.instants import HOUR
from countermand.flows import restore as restoring
from countermand.flows.backup import backup
from countermand.flows.publish import publish
from countermand.flows.speaker import speaker
from countermand.flows.telling import issue_all
from countermand.flows.upgrade import upgrade
from countermand.lib import clock, keys
from countermand.reads.installation import open_installation
from countermand.store import archive, models, upgrades
from countermand.store.setup import close_store, open_store
from countermand.store.unit import reading

TOKEN = "token of otto"


@pytest.fixture
def config(store: Database, tmp_path: Path) -> Config:
    house.open_house()
    fleet = house.move_in(house.staff(10, with_app=3))
    found = house.issued(10)
    issue_all(house.operator(), house.NAME, found.audience)
    house.told(found.version, fleet, list(fleet.people)[:4], house.NOW)
    return Config(tmp_path / "state", store)


def kept() -> dict[str, list[object]]:
    with reading():
        return {table.name: [row for part in archive.rows(table) for row in part] for table in archive.tables()}


def test_forward_back_and_forward_with_everything_in_it(config: Config, store: Database) -> None:
    before = kept()
    newest, older = upgrades.standing().known[-1], upgrades.standing().known[-2]
    assert upgrade(config).steps == ()
    back = upgrade(config, back=True)
    assert (back.steps, back.now, back.done) == ((newest,), older, True)
    with pytest.raises(Refused) as refused:
        open_installation(store)
    assert refused.value.code == "database-older"
    planned = upgrade(config, check=True)
    assert (planned.steps, planned.done) == ((newest,), False)
    assert upgrade(config).now == newest
    open_store(store)
    after = kept()
    moved = {"store_ledgerrow", *changed_by_the_last(newest)}
    assert {name: rows for name, rows in after.items() if name not in moved} == {
        name: rows for name, rows in before.items() if name not in moved
    }
    assert {name: len(rows) for name, rows in after.items()} == {
        name: len(rows) + (2 if name == "store_ledgerrow" else 0) for name, rows in before.items()
    }
    assert house.ledger_kinds()[-2:] == ["upgraded", "upgraded"]


def changed_by_the_last(migration: str) -> set[str]:
    """Tables whose own columns it adds: what was in those is lost on the way back, and nothing else is."""
    from django.db.migrations.loader import MigrationLoader

    steps = MigrationLoader(connection).get_migration("store", migration).operations
    return {f"store_{getattr(step, 'model_name', getattr(step, 'name', '')).lower()}" for step in steps}


def test_every_migration_can_be_taken_back(config: Config) -> None:
    assert upgrades.irreversible(upgrades.standing().known) == []


def test_a_newer_database_is_left_alone(config: Config, store: Database) -> None:
    with connection.cursor() as cursor:
        cursor.execute("INSERT INTO django_migrations (app, name, applied) VALUES ('store', '9999_future', '2030-01-01')")
    for attempt in (lambda: upgrade(config), lambda: upgrade(config, back=True), lambda: open_installation(store)):
        with pytest.raises(Refused) as refused:
            attempt()
        assert refused.value.code == "database-newer"


def test_nobody_may_be_at_work(config: Config) -> None:
    publish(speaker(config.state_dir, clock.now()), "somebody", clock.now(), beat=True)
    models.Lease.objects.update(until=clock.now() + HOUR)  # however slow the machine is
    with pytest.raises(Refused) as refused:
        upgrade(config, back=True)
    assert refused.value.code == "upgrade-while-running"


def test_an_older_backup_is_restored_into_newer_tables(config: Config, store: Database, tmp_path: Path) -> None:
    """Written when the tables were one version older, as that version would have written it."""
    for name in ("feed", "ledger"):
        keys.create(config.state_dir / "keys" / f"{name}.key")
    keys.load_or_create_secret(config.state_dir / "keys" / "notices.secret")
    older = upgrades.standing().known[-2]
    file = backup(house.operator(), config, tmp_path / "new.backup").file
    old = as_of(older, file, tmp_path)
    close_store()
    done = restoring.restore(config, old, TOKEN, replace=True)
    open_store(store)
    assert done.halted == (house.NAME,)
    assert models.Told.objects.count() == 4
    assert upgrades.standing().missing == ()


def as_of(migration: str, file: Path, room: Path) -> Path:
    """The backup with the columns of the tables as they were at ``migration``."""
    import json

    from countermand.lib.archive import Archive, Writing

    found, draft = Archive(file), room / "older.sqlite3"
    close_store()
    open_store(draft)
    upgrades.move_to(migration)
    with connection.cursor() as cursor:
        there = set(connection.introspection.table_names(cursor))
        columns = {
            name: {column.name for column in connection.introspection.get_table_description(cursor, name)} for name in there
        }
    close_store()
    writing, tables = Writing(room / "old.backup"), {}
    for name, about in found.manifest["tables"].items():
        if name not in there:
            continue
        keep = [index for index, (column, _) in enumerate(about["columns"]) if column in columns[name]]
        rows = [[row[index] for index in keep] for line in found.lines(f"tables/{name}") for row in json.loads(line)]
        writing.add(f"tables/{name}", [json.dumps(rows).encode() + b"\n"] if rows else [])
        tables[name] = {"columns": [about["columns"][index] for index in keep], "rows": len(rows)}
    for member in found.digests:
        if member.startswith("keys/"):
            writing.add(member, [found.read(member)])
    known = [name for name in found.manifest["migrations"] if name <= migration]
    writing.finish({**found.manifest, "tables": tables, "migrations": known})
    return room / "old.backup"
