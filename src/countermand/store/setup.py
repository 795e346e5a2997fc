"""Opening a database: Django configured for exactly one, with the settings that make SQLite safe to share.

SQLite: WAL (readers never wait for the writer), IMMEDIATE (a transaction that will write takes its turn at once instead
of failing half-way), and a busy timeout. PostgreSQL arrives under the same function.
"""

from pathlib import Path

import django
from django.conf import settings
from django.core.management import call_command
from django.db import connections

_PRAGMAS = "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA foreign_keys=ON; PRAGMA cache_size=-65536;"


def open_store(path: Path, *, secret_key: str = "", extra_apps: tuple[str, ...] = (), **more: object) -> None:
    """Configure Django for the SQLite database at ``path``. Call once per process, before anything reads or writes."""
    if settings.configured:
        return
    settings.configure(
        SECRET_KEY=secret_key or "not used: the store signs nothing",
        INSTALLED_APPS=["countermand.store", *extra_apps],
        DATABASES={
            "default": {
                "ENGINE": "django.db.backends.sqlite3",
                "NAME": str(path),
                "OPTIONS": {"transaction_mode": "IMMEDIATE", "timeout": 30, "init_command": _PRAGMAS},
            }
        },
        DEFAULT_AUTO_FIELD="django.db.models.BigAutoField",
        USE_TZ=True,
        **more,
    )
    django.setup()


def close_store() -> None:
    """Close this process's connections; the last one to close folds the write-ahead log into the file."""
    connections.close_all()


def create_tables() -> None:
    """Bring the tables up to this version of the program."""
    call_command("migrate", verbosity=0, interactive=False)
