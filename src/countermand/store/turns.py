"""Whose turn it is to begin writing a SQLite file: they stand in line.

SQLite gives its lock to whoever happens to look just when it comes free, and those who wait look less and less often. So work
that begins its next chunk at once would keep a halt out for seconds. Whoever is about to begin holds the turn until it has
begun; meanwhile nobody else does, and the next to begin is whoever came while others worked.
"""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from pathlib import Path
from time import sleep

from django.db import connection

from countermand.core.errors import Refused
from countermand.lib import clock

#: Milliseconds after which a turn is not waited for any longer: somebody who holds it was stopped in the middle.
_PATIENCE = 30_000
#: Seconds between two looks.
_PAUSES = (0.001, 0.002, 0.004, 0.008)
#: Milliseconds that this thread waits at most before it goes without what it wanted to write; None: it does not go without.
_hurry: ContextVar[int | None] = ContextVar("hurry", default=None)


@contextmanager
def hurried(most: int) -> Iterator[None]:
    """Inside, a turn that does not come within so many milliseconds is not taken: Refused ``database-busy``."""
    if connection.vendor != "sqlite":
        yield
        return
    token = _hurry.set(most)
    connection.ensure_connection()
    try:
        _bear(most)
        yield
    finally:
        _hurry.reset(token)
        if connection.connection is not None:  # it may have broken in between
            _bear(int(connection.settings_dict["OPTIONS"]["timeout"] * 1000))


def _bear(most: int) -> None:
    """How long SQLite itself waits for whoever is writing."""
    with connection.cursor() as cursor:
        cursor.execute(f"PRAGMA busy_timeout = {most:d}")


@contextmanager
def in_line() -> Iterator[None]:
    """Inside, the turn is ours. On PostgreSQL, whose locks are queues, there is nothing to do.

    The file's folder is locked (flock), which is let go of by the death of a process, and needs no room on a full disk. Never
    the file itself: closing it would let go of SQLite's own locks.
    """
    folder = _folder()
    try:
        place = None if folder is None else os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    except OSError:
        place = None  # then SQLite itself has to say what is wrong with it
    if place is None:
        yield
        return
    try:
        _wait_for(place)
        yield
    finally:
        os.close(place)


def _folder() -> Path | None:
    name = str(connection.settings_dict["NAME"])
    return Path(name).parent if connection.vendor == "sqlite" and os.path.isabs(name) else None


def _wait_for(place: int) -> None:
    began, looks, hurry = clock.steady(), 0, _hurry.get()
    while clock.steady() - began < (_PATIENCE if hurry is None else hurry):
        try:
            fcntl.flock(place, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            sleep(_PAUSES[min(looks, len(_PAUSES) - 1)])
            looks += 1
        except OSError:
            return  # a file system without such locks
        else:
            return
    if hurry is not None:
        raise Refused("database-busy")
