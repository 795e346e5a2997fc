"""A PostgreSQL server of the tests' own: made in a folder of its own, reached by a socket there, ended with the tests."""

import os
import pwd
import shutil
import subprocess
import time
from dataclasses import dataclass, field
from pathlib import Path
from signal import SIGQUIT
from tempfile import mkdtemp
from typing import TYPE_CHECKING, Any

from countermand.config import Postgres

if TYPE_CHECKING:
    import psycopg

ROLE = "countermand"
#: The server's texts are ordered as a dictionary has them, so that a column that forgot to ask for bytes is found out.
_LANGUAGE = ["--encoding=UTF8", "--locale=C.UTF-8", "--locale-provider=icu", "--icu-locale=en"]
#: A test may kill a process but never the power: nothing waits for the disk.
_SETTINGS = {
    "listen_addresses": "",
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
    "autovacuum": "off",
    "max_connections": "60",
    "shared_buffers": "64MB",
}

#: Tests that one database serves before it is made anew.
_USES = 100
_ALONE = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"
#: Every relation and column of ours, and every migration that was run.
_SHAPE = """
SELECT md5(string_agg(c.oid || ' ' || a.attname || ' ' || a.atttypid, ',' ORDER BY c.oid, a.attnum)),
       (SELECT md5(string_agg(id || name, ',' ORDER BY id)) FROM django_migrations)
FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid WHERE c.relnamespace = 'public'::regnamespace AND a.attnum > 0
"""
#: What a fresh clone has: no rows but the migrations', and every counter at its start.
_EMPTY = """
SET session_replication_role = replica;
DO $$
DECLARE name text;
BEGIN
    FOR name IN SELECT tablename FROM pg_tables WHERE schemaname = 'public' AND tablename <> 'django_migrations' LOOP
        EXECUTE format('DELETE FROM %I', name);
    END LOOP;
    PERFORM setval(format('%I', sequencename)::regclass, 1, false) FROM pg_sequences
        WHERE schemaname = 'public' AND last_value IS NOT NULL AND sequencename <> 'django_migrations_id_seq';
END $$
"""


@dataclass
class Cluster:
    """A running server. Its databases are called by number."""

    folder: Path
    process: subprocess.Popen[bytes]
    made: int = field(default=0)
    idle: "list[Lent]" = field(default_factory=list)

    def place(self, name: str) -> Postgres:
        return Postgres(ROLE, str(self.folder), 5432, name)

    def clone(self, template: str) -> Postgres:
        """A new database, the same as the template."""
        self.made += 1
        place = self.place(f"test{self.made}")
        self.run(f"CREATE DATABASE {place.name} TEMPLATE {template}")
        return place

    def lend(self, template: str) -> "Lent":
        """A database that is the same as the template: one that was given back and emptied, or a new one."""
        if self.idle:
            return self.idle.pop()
        place = self.clone(template)
        return Lent(place, self._shape(place))

    def take_back(self, lent: "Lent") -> None:
        """Empty it for the next test, which costs a twentieth of cloning. One whose tables were changed, or that has seen
        many tests (nothing vacuums it), is dropped."""
        lent.uses += 1
        if lent.uses >= _USES or self._emptied(lent) != lent.shape:
            self.drop(lent.place)
        else:
            self.idle.append(lent)

    def _shape(self, place: Postgres) -> str:
        with self._into(place) as connection:
            return str(connection.execute(_SHAPE).fetchone())

    def _emptied(self, lent: "Lent") -> str:
        with self._into(lent.place) as connection:
            connection.execute(_ALONE)
            shape = str(connection.execute(_SHAPE).fetchone())
            if shape == lent.shape:
                connection.execute(_EMPTY)
        return shape

    def _into(self, place: Postgres) -> "psycopg.Connection[Any]":
        import psycopg

        return psycopg.connect(host=str(self.folder), user=ROLE, dbname=place.name, autocommit=True)

    def drop(self, place: Postgres) -> None:
        self.run(f"DROP DATABASE {place.name} WITH (FORCE)")

    def run(self, statement: str) -> None:
        import psycopg

        with psycopg.connect(host=str(self.folder), user=ROLE, dbname="postgres", autocommit=True) as connection:
            connection.execute(statement.encode())

    def end(self) -> None:
        self.process.send_signal(SIGQUIT)  # at once: nothing in it is needed any more
        self.process.wait(60)
        shutil.rmtree(self.folder)


@dataclass
class Lent:
    """A database in a test's hands. ``shape`` names its tables, so that a test that changes them is noticed."""

    place: Postgres
    shape: str
    uses: int = 0


def start() -> Cluster:
    """Make a server and start it. It refuses to run as root, so root runs it as nobody; it ends with this process."""
    folder = Path(mkdtemp(prefix="countermand-postgres-", dir="/tmp"))  # a socket's path must be short
    alone: list[str] = []
    if os.geteuid() == 0:
        nobody = pwd.getpwnam("nobody")
        os.chown(folder, nobody.pw_uid, nobody.pw_gid)
        alone = [f"--reuid={nobody.pw_uid}", f"--regid={nobody.pw_gid}", "--clear-groups"]
    as_somebody = ["setpriv", *alone, "--pdeathsig", "QUIT", "--"]
    data, program = folder / "data", _programs()
    initdb = [str(program / "initdb"), "-D", str(data), "-A", "trust", "-U", ROLE, "--no-sync", *_LANGUAGE]
    subprocess.run([*as_somebody, *initdb], check=True, timeout=120, stdout=subprocess.DEVNULL, cwd="/")
    settings = [word for name, value in _SETTINGS.items() for word in ("-c", f"{name}={value}")]
    with (folder / "log").open("wb") as log:
        server = [str(program / "postgres"), "-D", str(data), "-k", str(folder), *settings]
        process = subprocess.Popen([*as_somebody, *server], stdin=subprocess.DEVNULL, stdout=log, stderr=log, cwd="/")
    _await(folder, process)
    return Cluster(folder, process)


def _programs() -> Path:
    """Debian keeps the server where nobody's PATH looks, one folder per release."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda path: int(path.parts[4]))
    return found[-1].parent if found else Path(shutil.which("initdb") or "initdb").parent


def _await(folder: Path, process: subprocess.Popen[bytes]) -> None:
    """Until it says that it is ready (the eighth line of its pid file)."""
    for _ in range(600):
        said = folder / "data" / "postmaster.pid"
        if said.exists() and said.read_text().split("\n")[7:8] == ["ready   "]:
            return
        if process.poll() is not None:
            break
        time.sleep(0.05)
    raise RuntimeError((folder / "log").read_text(errors="replace"))
