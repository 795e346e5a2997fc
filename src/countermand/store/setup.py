"""Opening a database: Django configured for exactly one, with the settings that make it safe to share.

SQLite: WAL (readers never wait for the writer), IMMEDIATE (a transaction that will write takes its turn at once instead
of failing half-way), and a busy timeout. PostgreSQL: bounds on waiting, so that a stuck session keeps nobody for ever.
"""

import os
from pathlib import Path
from typing import Any

from django.apps import apps
from django.conf import ENVIRONMENT_VARIABLE, settings
from django.db import OperationalError, connection, connections

from countermand.config import Database, Postgres
from countermand.store.faults import unreachable

# The write-ahead log is folded into the file every 16 MB: a page that many transactions touch is written there once.
PRAGMAS = (
    "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA foreign_keys=ON; PRAGMA cache_size=-65536;"
    " PRAGMA wal_autocheckpoint=4096;"
)
#: Seconds that connecting may take; the server is in the same house.
_CONNECT = 10
#: Milliseconds that anything waits for its turn, as SQLite's timeout does; and after which a session that sleeps with locks
#: in its hands is ended by the server.
_TURN, _ASLEEP = 30_000, 300_000


def configure() -> None:
    """Make Django ready, with no database opened yet. Importing ``countermand.store`` calls it, so that whatever imports a
    table finds Django ready; a process that names settings of its own (DJANGO_SETTINGS_MODULE) gets those."""
    if not settings.configured and not os.environ.get(ENVIRONMENT_VARIABLE):
        settings.configure(
            SECRET_KEY="not used: the store signs nothing",  # noqa: S106
            INSTALLED_APPS=["countermand.store"],
            DATABASES={"default": _sqlite(":memory:")},
            DEFAULT_AUTO_FIELD="django.db.models.BigAutoField",
            USE_TZ=True,
        )
    if not apps.ready:
        # Not django.setup(), which also brings logging and URLs: a command that stops an order is not to wait for those.
        apps.populate(settings.INSTALLED_APPS)


def open_store(place: Database) -> None:
    """From now on this process reads and writes the database at ``place``. A SQLite file is made when it is first written;
    a PostgreSQL server must answer: Refused ``database-unreachable``."""
    configure()
    wanted = _postgres(place) if isinstance(place, Postgres) else _sqlite(str(place))
    current = connections.settings["default"]
    if any(current.get(key) != value for key, value in wanted.items()):
        close_store()
        if hasattr(connections._connections, "default"):  # type: ignore[attr-defined]
            del connections["default"]  # made for the engine it was opened with
        current.update(wanted)
    if isinstance(place, Postgres):
        _reach()


def exists(place: Database) -> bool:
    """Whether there may be something to open; a server is asked when it is opened."""
    return isinstance(place, Postgres) or place.is_file()


def make_room(place: Database) -> None:
    """Make the folder of a new file, for this account's eyes only. A database on a server is made by its administrator."""
    if isinstance(place, Path):
        place.parent.mkdir(parents=True, exist_ok=True, mode=0o700)


def close_store() -> None:
    """Close this process's connections; the last one to close folds a SQLite file's write-ahead log into it."""
    connections.close_all()


def tend_store() -> None:
    """Let go of this thread's connections that broke, so that the next question opens another. Threads that live long call it
    between two pieces of work."""
    for one in connections.all(initialized_only=True):
        if one.errors_occurred:
            if not one.is_usable():
                one.close()
            one.errors_occurred = False


def create_tables() -> None:
    """Bring the tables up to this version of the program."""
    from django.core.management import call_command  # a quarter of Django, needed by nobody else

    call_command("migrate", verbosity=0, interactive=False)


def _sqlite(name: str) -> dict[str, Any]:
    options = {"transaction_mode": "IMMEDIATE", "timeout": 30, "init_command": PRAGMAS}
    nothing = dict.fromkeys(("USER", "PASSWORD", "HOST", "PORT"), "")
    return {"ENGINE": "django.db.backends.sqlite3", "NAME": name, "OPTIONS": options, **nothing}


def _postgres(place: Postgres) -> dict[str, Any]:
    bounds = f"-c lock_timeout={_TURN} -c idle_in_transaction_session_timeout={_ASLEEP}"
    options = {"connect_timeout": _CONNECT, "application_name": "countermand", "options": bounds, **place.tls}
    return {
        "ENGINE": "countermand.store.postgresql",
        "NAME": place.name,
        "USER": place.role,
        "PASSWORD": place.password,
        "HOST": place.host,
        "PORT": str(place.port),
        "OPTIONS": options,
    }


def _reach() -> None:
    try:
        connection.ensure_connection()
    except OperationalError as fault:
        raise unreachable(fault) from None
