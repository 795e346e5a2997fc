"""When the database cannot be written: what it is called, and the room that is kept for the stop button.

A SQLite file's disk can fill up at any time. So a reserve stands beside the database, made while there is room: whoever
must stop an order spends it, and the halt, its ledger entry and the record that gates hear still fit.
"""

import contextlib
import os
from pathlib import Path

from django.db import connection

from countermand.core.errors import Refused

_RESERVE = 16 << 20
#: SQLite's primary result codes, and PostgreSQL's states.
_FULL, _READ_ONLY = {13, "53100"}, {8, 10, 14, "25006"}


def refusal(fault: Exception) -> Refused | None:
    """The refusal that a database's fault is, if it is about its disk: ``disk-full`` or ``database-read-only``."""
    cause = fault.__cause__
    number = getattr(cause, "sqlite_errorcode", None)
    found = getattr(cause, "sqlstate", None) if number is None else number & 0xFF
    if found in _FULL:
        return Refused("disk-full")
    return Refused("database-read-only") if found in _READ_ONLY else None


def keep() -> bool:
    """Put the reserve beside the open database, if it is a file and there is no reserve; False if there is no room for it."""
    path = _path()
    if path is None or path.exists():
        return True
    try:
        with path.open("xb") as file:
            os.posix_fallocate(file.fileno(), 0, _RESERVE)
    except OSError:
        path.unlink(missing_ok=True)
        return False
    return True


def spend() -> bool:
    """Give the reserve's room to the database; False if there is none."""
    path = _path()
    if path is not None and path.exists():
        with contextlib.suppress(OSError):
            path.unlink()
            return True
    return False


def _path() -> Path | None:
    if connection.vendor != "sqlite":
        return None
    return Path(f"{connection.settings_dict['NAME']}.reserve")
