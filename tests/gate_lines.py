"""One connection of a front end to a gate in this process, without an event loop."""

import select
import socket
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

from countermand.gates.http import Answer, Quick
from countermand.gates.lines import Lines


@contextmanager
def opened(answer: Answer, quick: Quick | None = None) -> Iterator[Lines]:
    lines = Lines(answer, quick or no_quick, no_wait)
    try:
        yield lines
    finally:
        lines.close()


def no_quick(asked: Sequence[bytes]) -> list[bytes]:
    return [b""] * len(asked)


def no_wait(seconds: float, then: Callable[[], None]) -> None:
    raise AssertionError("there are descriptors enough")


def settle(lines: Lines) -> None:
    """Let the gate hear and answer all that has come."""
    while select.select([lines], [], [], 0)[0]:
        lines.turn()


def exchanged(lines: Lines, pieces: Sequence[bytes]) -> tuple[bytes, bool]:
    """What was said when these pieces arrived one after the other, and whether the connection was ended."""
    ours, theirs = socket.socketpair()
    lines.take(theirs)
    with ours:
        said, ended = b"", False
        for piece in pieces:
            if ended:
                break
            ours.sendall(piece)
            settle(lines)
            more, ended = _taken(ours)
            said += more
        return said, ended


def _taken(ours: socket.socket) -> tuple[bytes, bool]:
    said = b""
    while True:
        try:
            part = ours.recv(65536, socket.MSG_DONTWAIT)
        except BlockingIOError:
            return said, False
        except ConnectionResetError:
            return said, True
        if not part:
            return said, True
        said += part
