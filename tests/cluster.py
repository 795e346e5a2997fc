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

from countermand.config import Postgres

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


@dataclass
class Cluster:
    """A running server. Its databases are called by number."""

    folder: Path
    process: subprocess.Popen[bytes]
    made: int = field(default=0)

    def place(self, name: str) -> Postgres:
        return Postgres(ROLE, str(self.folder), 5432, name)

    def clone(self, template: str) -> Postgres:
        """A new database, the same as the template."""
        self.made += 1
        place = self.place(f"test{self.made}")
        self.run(f"CREATE DATABASE {place.name} TEMPLATE {template}")
        return place

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
