"""What a process does to the world, counted: at the fatal event it dies as from ``kill -9``, in the middle of doing it.

An event is a moment between two statements, or between two rows of one that is run for many; before and after a transaction
ends; before, amid and after each step of SMTP; before a push and after its answer; before and after a file is
opened, written through, moved or removed. Nobody lists them: they are what happened.

Two events between which the process only read or thought are one moment: whoever dies at the second leaves what whoever dies
at the first leaves. At night it dies at both.
"""

import builtins
import functools
import io
import os
import re
import signal
import socket
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

import pytest

_FILES = ("open", "rename", "replace", "unlink", "remove", "link", "truncate", "mkdir", "rmdir")


class Events:
    """``fatal`` None: only counts, and notes in ``seen`` what there was, and in ``moments`` the numbers of those that come after
    something was done, or may have been."""

    def __init__(self, fatal: int | None = None) -> None:
        self.fatal = fatal
        self.seen: list[str] = []
        self.moments: list[int] = []
        #: From here on every event counts: what is written into an open file is no event.
        self.writing = False
        self._done = True

    def __call__(self, what: str, does: bool = True) -> None:
        """``does``: what follows may change what somebody else can find."""
        self.seen.append(what)
        if self._done:
            self.moments.append(len(self.seen))
        self._done = does or self.writing
        if len(self.seen) == self.fatal:
            os.kill(os.getpid(), signal.SIGKILL)
            signal.pause()  # not a step further

    def elsewhere(self) -> None:
        """Something is done that is no event."""
        self._done = True


def watch(events: Events, folder: Path) -> None:
    """From now on this process tells ``events`` what it does to the database, to mail servers, and to files in ``folder``.
    For the rest of its life: a process that is watched is a child made for it."""
    patch = pytest.MonkeyPatch()
    _watch_database(events)
    _watch_mail(events, patch)
    _watch_pushes(events, patch)
    _watch_files(events, folder, patch)


def _around(events: Events, what: str, does: Callable[..., Any], before: bool = True, after: bool = True) -> Callable[..., Any]:
    """``before``: it may be felt; ``after``: so may what follows it until the next event."""

    @functools.wraps(does)
    def watched(*arguments: Any, **named: Any) -> Any:
        events(f"before {what}", before)
        found = does(*arguments, **named)
        events(f"after {what}", after)
        return found

    return watched


# -- the database --


def _watch_database(events: Events) -> None:
    from django.db import connection
    from django.db.backends.signals import connection_created

    def statement(execute: Callable[..., Any], sql: str, params: Any, many: bool, context: Any) -> Any:
        what = " ".join(sql.split())[:80]
        events(f"before {what}", not _reads(sql))  # and after whatever came before it
        return execute(sql, _row_by_row(events, what, params) if many else params, many, context)

    def opened(*, connection: Any, **_: Any) -> None:
        """Whatever is opened from now on is watched too: a restore writes into a database of its own."""
        if statement in connection.execute_wrappers:
            return
        events.elsewhere()  # its tables may come as one piece
        connection.execute_wrappers.append(statement)
        for name in ("_commit", "_rollback", "_set_autocommit"):
            setattr(connection, name, _around(events, name.strip("_"), getattr(connection, name), after=False))

    connection.ensure_connection()
    opened(connection=connection)
    connection_created.connect(opened, weak=False)


#: Functions that change something in the middle of reading: numbers dealt out, locks of a session.
_FELT = re.compile(r"\b(nextval|setval|pg_\w+|for (no key )?(update|share))\b", re.IGNORECASE)


def _reads(sql: str) -> bool:
    return sql.lstrip().upper().startswith(("SELECT", "BEGIN")) and not _FELT.search(sql)


def _row_by_row(events: Events, what: str, params: Iterable[Any]) -> Iterator[Any]:
    for row in params:
        events(f"a row of {what}")
        yield row


# -- mail --


class _Wire:
    """A socket to a mail server whose every step is an event."""

    def __init__(self, plug: socket.socket, events: Events) -> None:
        self._plug, self._events, self._ahead = plug, events, b""

    def sendall(self, octets: bytes) -> None:
        what = octets[:24].split(b"\r")[0].decode("ascii", "replace")
        self._events(f"before sending {what}")
        middle = len(octets) // 2
        self._plug.sendall(octets[:middle])
        self._events(f"in the middle of sending {what}")
        self._plug.sendall(octets[middle:])
        self._events(f"after sending {what}")

    def recv(self, most: int) -> bytes:
        """One line, however many came together: what is counted must not depend on how the network cut it up."""
        while b"\n" not in self._ahead and (found := self._plug.recv(most)):
            self._ahead += found
        self._events("an answer is there", does=False)
        line, end, self._ahead = self._ahead.partition(b"\n")
        self._events(f"has read {line[:24]!r}", does=False)
        return line + end

    def close(self) -> None:
        self._plug.close()


def _watch_mail(events: Events, patch: pytest.MonkeyPatch) -> None:
    from countermand.notices import mail

    connected = _around(events, "connecting", mail.connected)
    patch.setattr(mail, "connected", lambda server: _Wire(connected(server), events))


# -- what is pushed --


def _watch_pushes(events: Events, patch: pytest.MonkeyPatch) -> None:
    """One after another, so that every attempt comes to the same moments."""
    from countermand.lib.http import Http
    from countermand.signals import push

    patch.setattr(push, "_CONNECTIONS", 1)
    patch.setattr(Http, "send", _around(events, "a push", Http.send))


# -- files --


def _nameless(arguments: tuple[Any, ...], named: dict[str, Any]) -> bool:
    """A file without a name is gone with whoever has it open."""
    return "opener" in named or (
        bool(arguments) and isinstance(arguments[0], int) and arguments[0] & os.O_TMPFILE == os.O_TMPFILE
    )


def _to_read(name: str, arguments: tuple[Any, ...], named: dict[str, Any]) -> bool:
    """Whether a file is opened only to be read."""
    how = named.get("mode", named.get("flags", arguments[0] if arguments else "r"))
    if isinstance(how, int):
        return name == "open" and not how & (os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC)
    return name == "open" and not set(str(how)) & set("wax+")


def _watch_files(events: Events, folder: Path, patch: pytest.MonkeyPatch) -> None:
    inside = f"{folder}/"

    def only_here(name: str, does: Callable[..., Any]) -> Callable[..., Any]:
        watched: dict[str, Callable[..., Any]] = {}

        @functools.wraps(does)
        def perhaps(path: Any, *arguments: Any, **named: Any) -> Any:
            if not isinstance(path, (str, os.PathLike)) or not str(path).startswith(inside) or _nameless(arguments, named):
                return does(path, *arguments, **named)
            felt = not _to_read(name, arguments, named)
            events.writing |= felt
            what = f"{name} {Path(path).name}"
            return watched.setdefault(f"{what} {felt}", _around(events, what, does, felt, felt))(path, *arguments, **named)

        return perhaps

    for name in _FILES:
        patch.setattr(os, name, only_here(name, getattr(os, name)))
    opened = only_here("open", io.open)
    patch.setattr(io, "open", opened)
    patch.setattr(builtins, "open", opened)
    for name in ("fsync", "fdatasync"):
        patch.setattr(os, name, _around(events, name, getattr(os, name)))
