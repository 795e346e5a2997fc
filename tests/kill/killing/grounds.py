"""The databases that a scene plays on: laid out afresh in an instant, and read as they are, by nobody of ours."""

import hashlib
import shutil
import sqlite3
import time
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Protocol
from urllib.parse import parse_qs, urlsplit


class Ground(Protocol):
    """``address`` is what a configuration names."""

    address: str

    def keep(self) -> None:
        """What is there now is what ``lay`` brings back."""

    def lay(self) -> None: ...

    def acted(self) -> None:
        """Somebody may have written since ``content`` was read."""

    def content(self) -> str:
        """A digest of every committed row, read once the database has recovered from whoever died."""

    def leave(self) -> None:
        """Nothing of what was kept stays in the database."""


def ground(address: str, folder: Path) -> Ground:
    """The database at this address, with its tables made; ``folder`` is for what is kept of it."""
    return Server(address) if address.startswith("postgresql:") else Sqlite(address, folder)


def digest(parts: Iterable[object]) -> str:
    found = hashlib.sha256()
    for part in parts:
        found.update(repr(part).encode())
    return found.hexdigest()


class Sqlite:
    """One file; whoever opens it next recovers it from its write-ahead log."""

    def __init__(self, address: str, folder: Path) -> None:
        self.address = address
        self._file, self._kept = Path(address), folder / "kept.sqlite3"

    def keep(self) -> None:
        shutil.copyfile(self._file, self._kept)

    def lay(self) -> None:
        for beside in self._family():
            shutil.rmtree(beside) if beside.is_dir() else beside.unlink()
        shutil.copyfile(self._kept, self._file)

    def acted(self) -> None:
        pass

    def leave(self) -> None:
        pass

    def _family(self) -> list[Path]:
        """The file, its log, and whatever was made beside it."""
        return [*self._file.parent.glob(f"{self._file.name}*"), *self._file.parent.glob(".restoring-*")]

    def content(self) -> str:
        if not self._file.exists():
            return "no database"
        database = sqlite3.connect(self._file)
        try:
            tables = [name for (name,) in database.execute("SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY name")]
            beside = sorted(path.suffix for path in self._family() if not path.name.endswith(("-wal", "-shm")))
            return digest([beside, *(row for name in tables for row in _rows(database, name))])
        finally:
            database.close()


def _rows(database: sqlite3.Connection, table: str) -> Iterator[object]:
    yield table
    yield from database.execute(f'SELECT * FROM "{table}" ORDER BY rowid')


class Server:
    """A database on a PostgreSQL server. What is kept of it are copies of its tables in a schema beside it, so that laying it
    out costs a few small statements over the tables that differ; numbers are dealt out again from where they stood."""

    def __init__(self, address: str) -> None:
        import psycopg

        self.address = address
        parts = urlsplit(address)
        host = parse_qs(parts.query)["host"][0]
        self._there = psycopg.connect(host=host, user=parts.username, dbname=parts.path[1:], autocommit=True)
        self._ask("SET session_replication_role = replica")  # rows come back in any order of tables
        self._ask("SET search_path = public")
        tables = self._ask("SELECT relname::text FROM pg_class WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace")
        self._tables = sorted(name for (name,) in tables)
        self._kept: dict[str, str] = {}
        self._numbers = ""
        #: What ``content`` found, if nobody has acted since.
        self._found: dict[str, str] | None = None

    def keep(self) -> None:
        self._await_the_dead()
        self._ask("; ".join(["CREATE SCHEMA kept", *(f"CREATE TABLE kept.{name} AS TABLE {name}" for name in self._tables)]))
        self._kept = self._digests()
        numbers = self._ask("SELECT sequencename::text, last_value FROM pg_sequences WHERE schemaname = 'public'")
        self._numbers = ", ".join(f"setval('{name}', {last or 1}, {last is not None})" for name, last in numbers)

    def lay(self) -> None:
        self._await_the_dead()
        now, self._found = self._found or self._digests(), None  # from here on it is what was kept
        apart = [name for name in self._tables if now[name] != self._kept[name]]
        for name in apart:
            self._ask(f"DELETE FROM {name}; INSERT INTO {name} SELECT * FROM kept.{name}")
        self._ask(f"SELECT {self._numbers}")

    def acted(self) -> None:
        self._found = None

    def content(self) -> str:
        self._await_the_dead()
        self._found = self._digests()
        found = digest(sorted(self._found.items()))
        self._ask(f"SELECT {self._numbers}")  # a number dealt out to the dead is gone, and would make the next attempt differ
        return found

    def leave(self) -> None:
        self._await_the_dead()
        self._ask("DROP SCHEMA kept CASCADE")
        self._there.close()

    def _digests(self) -> dict[str, str]:
        """Of each table."""
        each = " UNION ALL ".join(
            f"SELECT '{name}', md5(coalesce(string_agg(t::text, '|' ORDER BY t::text), '')) FROM {name} t"
            for name in self._tables
        )
        return {str(name): str(found) for name, found in self._ask(each)}

    def _await_the_dead(self) -> None:
        """Until the server has noticed that whoever was connected is no more, and has undone what they left open."""
        others = (
            "SELECT count(*) FROM pg_stat_activity "
            "WHERE datname = current_database() AND pid <> pg_backend_pid() AND backend_type = 'client backend'"
        )
        while self._ask(others)[0][0]:
            time.sleep(0.001)

    def _ask(self, sql: str) -> list[tuple]:  # type: ignore[type-arg]
        found = self._there.execute(sql.encode())
        return found.fetchall() if found.description else []
