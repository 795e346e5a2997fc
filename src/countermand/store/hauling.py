"""Much written in many units, by somebody who goes on where they were: what the disk is asked meanwhile, and who waits for it.

A commit does not wait for the disk. The order of commits is kept: whoever commits beside this, or after it, has everything
written through that came before. So a power cut takes at most the last units of a haul, whole, and nothing that anybody built
on them; the haul goes on from there. A process that is killed loses nothing.

SQLite: another thread writes each unit through, and folds the write-ahead log into the file, while the next units are made; no
unit does either.
"""

import os
import sqlite3
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import closing, contextmanager, suppress
from pathlib import Path

from django.db import connection

#: Units after which the log is folded into the file.
_OFTEN = 4
#: Units by which the disk may be behind.
_BEHIND = 8
#: Pages of a log that is begun anew. That needs a moment in which nothing is written, so it is done between two units.
_LONG = 32_768
_FOLD = "PRAGMA wal_checkpoint(PASSIVE)"  # waits for nobody, and nobody for it
_SHORTEN = "PRAGMA wal_checkpoint(TRUNCATE)"  # of a log that was folded already; not done if anybody is in the way

Settle = Callable[[], None]


@contextmanager
def hauling() -> Iterator[Settle]:
    """Inside, units are written as this file says; afterwards all of them are written through. What it gives is called after
    each."""
    connection.ensure_connection()
    if connection.vendor == "postgresql":
        with _set("SET synchronous_commit = off", f"SET synchronous_commit = {_ask('SHOW synchronous_commit')}"):
            yield lambda: None
        _ask("SELECT pg_logical_emit_message(true, 'countermand', 'so that this is written through')")
        return
    file = Path(connection.settings_dict["NAME"])
    if not file.is_absolute():
        yield lambda: None
        return
    careful = connection.settings_dict["OPTIONS"]["init_command"]
    with (
        _set("PRAGMA synchronous = NORMAL; PRAGMA wal_autocheckpoint = 0", careful),
        closing(sqlite3.connect(file, timeout=0, isolation_level=None, check_same_thread=False)) as beside,
    ):
        beside.execute("PRAGMA synchronous = NORMAL")
        with ThreadPoolExecutor(1) as other:
            folding = _Folding(file, beside, other)
            yield folding.settle
        folding.end()


@contextmanager
def _set(inside: str, after: str) -> Iterator[None]:
    _say(inside)
    try:
        yield
    finally:
        with suppress(Exception):  # a connection that broke is opened with the settings of every other
            _say(after)


def _ask(question: str) -> str:
    with connection.cursor() as cursor:
        cursor.execute(question)
        return str(cursor.fetchone()[0])


def _say(settings: str) -> None:
    with connection.cursor() as cursor:
        for one in filter(None, map(str.strip, settings.split(";"))):
            cursor.execute(one)


class _Folding:
    """One haul into a SQLite file. ``_log``: how many pages its log had when it was last folded."""

    def __init__(self, file: Path, beside: sqlite3.Connection, other: ThreadPoolExecutor) -> None:
        self._log_file, self._beside, self._other = Path(f"{file}-wal"), beside, other
        self._coming: Future[None] | None = None
        self._behind = self._unfolded = self._log = 0

    def settle(self) -> None:
        """A unit was written. Where the disk is still busy with those before it, it is taken with the next."""
        self._behind += 1
        self._unfolded += 1
        if self._coming is not None:
            if not self._coming.done() and self._behind < _BEHIND:
                return
            self._coming.result()
        if self._log >= _LONG:
            self._fold(connection.connection)
            self._log = 0
        fold = self._unfolded >= _OFTEN
        self._unfolded = 0 if fold else self._unfolded
        self._behind = 0
        self._coming = self._other.submit(self._write_through, fold)

    def end(self) -> None:
        """All of it is written through, and the log is short again if nobody is in the way."""
        self._write_through(fold=True)
        with suppress(sqlite3.Error):
            self._beside.execute(_SHORTEN).fetchone()

    def _write_through(self, fold: bool) -> None:
        with suppress(OSError, sqlite3.Error):  # a full disk stops the haul itself, at its next unit
            place = os.open(self._log_file, os.O_RDONLY | os.O_CLOEXEC)
            try:
                os.fdatasync(place)
            finally:
                os.close(place)
            if fold:
                self._fold(self._beside)

    def _fold(self, asked: sqlite3.Connection) -> None:
        _, self._log, _ = asked.execute(_FOLD).fetchone()
