"""Opening a database: Django configured for exactly one, with the settings that make SQLite safe to share.

SQLite: WAL (readers never wait for the writer), IMMEDIATE (a transaction that will write takes its turn at once instead
of failing half-way), and a busy timeout. PostgreSQL arrives under the same function.
"""

import os
from pathlib import Path

import django
from django.apps import apps
from django.conf import ENVIRONMENT_VARIABLE, settings
from django.core.management import call_command
from django.db import connections

_PRAGMAS = "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA foreign_keys=ON; PRAGMA cache_size=-65536;"


def configure() -> None:
    """Make Django ready, with no database opened yet. Importing ``countermand.store`` calls it, so that whatever imports a
    table finds Django ready; a process that names settings of its own (DJANGO_SETTINGS_MODULE) gets those."""
    if not settings.configured and not os.environ.get(ENVIRONMENT_VARIABLE):
        settings.configure(
            SECRET_KEY="not used: the store signs nothing",  # noqa: S106
            INSTALLED_APPS=["countermand.store"],
            DATABASES={
                "default": {
                    "ENGINE": "django.db.backends.sqlite3",
                    "NAME": ":memory:",
                    "OPTIONS": {"transaction_mode": "IMMEDIATE", "timeout": 30, "init_command": _PRAGMAS},
                }
            },
            DEFAULT_AUTO_FIELD="django.db.models.BigAutoField",
            USE_TZ=True,
        )
    if not apps.ready:
        django.setup()


def open_store(path: Path) -> None:
    """From now on this process reads and writes the SQLite database at ``path``."""
    configure()
    database = connections["default"].settings_dict
    if database["NAME"] != str(path):
        close_store()
        database["NAME"] = str(path)


def close_store() -> None:
    """Close this process's connections; the last one to close folds the write-ahead log into the file."""
    connections.close_all()


def create_tables() -> None:
    """Bring the tables up to this version of the program."""
    call_command("migrate", verbosity=0, interactive=False)
