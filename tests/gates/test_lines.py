"""The gate's own reading and writing of nginx's connections: in order, in pieces, at the other side's pace, and never stuck."""

import asyncio
import os
import select
import socket
import stat
from collections.abc import Callable
from pathlib import Path

import httptools
import pytest

from countermand.gates.http import Request, Response
from countermand.gates.lines import Lines, listening
from gate_lines import exchanged, no_quick, no_wait, opened, settle

MUCH = b"#" * 500_000


def echo(request: Request) -> Response:
    return Response(200, request.path)


def heavy(request: Request) -> Response:
    return Response(200, MUCH)


def get(path: str, more: str = "") -> bytes:
    return f"GET {path} HTTP/1.1\r\nHost: x\r\n{more}\r\n".encode()


def test_who_does_not_take_its_answers_gets_them_all_later_and_others_do_not_wait() -> None:
    with opened(heavy) as lines:
        slow, slow_end = socket.socketpair()
        quick, quick_end = socket.socketpair()
        with slow, quick:
            for end in (slow_end, quick_end):
                lines.take(end)
            slow.sendall(get("/1") * 3)
            settle(lines)
            slow.sendall(get("/4"))
            quick.sendall(get("/q"))
            assert _all(quick, lines).count(b"HTTP/1.1 200") == 1
            taken = _all(slow, lines)
            assert taken.count(b"HTTP/1.1 200") == 4
            assert taken.count(b"#") == 4 * len(MUCH)


def test_the_last_answer_goes_out_whole_before_the_connection_ends() -> None:
    with opened(heavy) as lines:
        ours, end = socket.socketpair()
        with ours:
            lines.take(end)
            ours.sendall(get("/", "Connection: close\r\n") + get("/never"))
            settle(lines)
            taken = _all(ours, lines)
            assert (taken.count(b"HTTP/1.1"), taken.count(b"#")) == (1, len(MUCH))
            assert ours.recv(1) == b""


def test_who_hangs_up_is_forgotten() -> None:
    with opened(heavy) as lines:
        for hang_up in (lambda one: one.close(), lambda one: one.shutdown(socket.SHUT_RDWR)):
            ours, end = socket.socketpair()
            lines.take(end)
            ours.sendall(get("/") * 2)
            settle(lines)
            hang_up(ours)
            settle(lines)
            ours.close()
            assert end.fileno() == -1


def test_a_failure_ends_the_connections_that_it_concerns_and_no_other() -> None:
    def fails(request: Request) -> Response:
        if request.path == b"/bad":
            raise ZeroDivisionError
        return Response(200, b"good")

    with opened(fails) as lines:
        ours, end = socket.socketpair()
        other, other_end = socket.socketpair()
        with ours, other:
            lines.take(end)
            lines.take(other_end)
            ours.sendall(get("/bad"))
            other.sendall(get("/same-turn"))
            with pytest.raises(httptools.HttpParserCallbackError):
                settle(lines)
            assert ours.recv(1) == b""
            other.sendall(get("/"))
            settle(lines)
            assert other.recv(1000).count(b"good") == 2


def test_connections_come_over_either_kind_of_socket(tmp_path: Path) -> None:
    path = tmp_path / "gate.sock"
    stale = socket.socket(socket.AF_UNIX)
    stale.bind(str(path))
    stale.close()  # of a gate that was killed: the file is still there
    for address in ("127.0.0.1:0", f"unix:{path}"):
        with opened(echo) as lines:
            sockets = listening(address)
            where = sockets[0].getsockname()
            lines.listen(sockets)
            with socket.socket(sockets[0].family) as ours:
                ours.connect(where)
                settle(lines)
                ours.sendall(get("/one") + get("/two"))
                settle(lines)
                said = ours.recv(10_000)
                assert said.index(b"/one") < said.index(b"/two")
    assert stat.S_ISSOCK(os.stat(path).st_mode)


def test_a_file_that_is_no_socket_is_nobody_s_to_delete(tmp_path: Path) -> None:
    (tmp_path / "notes").write_text("mine")
    with pytest.raises(OSError, match="in use"):
        listening(f"unix:{tmp_path}/notes")
    assert (tmp_path / "notes").read_text() == "mine"


def test_without_a_descriptor_left_those_that_are_there_are_answered_and_the_next_ones_later() -> None:
    postponed: list[Callable[[], None]] = []
    lines = Lines(echo, no_quick, lambda seconds, then: postponed.append(then))
    sockets = listening("127.0.0.1:0")
    full = _Full(sockets[0])
    lines.listen([full])  # type: ignore[list-item]
    try:
        with socket.create_connection(sockets[0].getsockname()) as ours:
            settle(lines)  # or it would turn for ever
            assert len(postponed) == 1
            full.room = True
            postponed[0]()
            ours.sendall(get("/later"))
            settle(lines)
            assert b"/later" in ours.recv(1000)
    finally:
        lines.close()


def test_more_than_a_turn_s_worth_is_left_for_the_next_turn() -> None:
    """An event loop has other things to do as well."""
    with opened(echo) as lines:
        ends = [socket.socketpair() for _ in range(100)]
        for ours, end in ends:
            lines.take(end)
            ours.sendall(get("/") * 3)
        settle(lines)
        assert all(ours.recv(10_000).count(b"200 OK") == 3 for ours, _ in ends)
        for ours, _ in ends:
            ours.close()


def test_an_event_loop_watches_them_all_as_one() -> None:
    async def run() -> bytes:
        lines = Lines(echo, no_quick, no_wait)
        sockets = listening("127.0.0.1:0")
        where = sockets[0].getsockname()
        lines.listen(sockets)
        loop = asyncio.get_running_loop()
        loop.add_reader(lines.fileno(), lines.turn)
        async with asyncio.timeout(20):
            reader, writer = await asyncio.open_connection(*where)
            writer.write(get("/one", "Connection: close\r\n"))
            said = await reader.read()
        writer.close()
        loop.remove_reader(lines.fileno())
        lines.close()
        return said

    assert asyncio.run(run()).endswith(b"/one")


def test_pieces_of_any_size_are_one_request() -> None:
    whole = get("/whole", "X-Long: " + "y" * 40_000 + "\r\n")
    with opened(echo) as lines:
        for size in (1, 7, 16_384, 50_000):
            pieces = [whole[at : at + size] for at in range(0, len(whole), size)] if size > 1 else [whole[:30], whole[30:]]
            said, ended = exchanged(lines, pieces)
            assert said.endswith(b"/whole")
            assert not ended


class _Full:
    """A listening socket in a process that has no descriptor left."""

    def __init__(self, of: socket.socket) -> None:
        self._of = of
        self.room = False
        self.fileno, self.setblocking, self.close = of.fileno, of.setblocking, of.close

    def accept(self) -> tuple[socket.socket, object]:
        if not self.room:
            raise OSError(24, "Too many open files")
        return self._of.accept()


def _all(ours: socket.socket, lines: Lines) -> bytes:
    """Everything that is on its way to us."""
    taken = b""
    settle(lines)
    while select.select([ours], [], [], 0)[0]:
        part = ours.recv(65_536)
        if not part:
            break
        taken += part
        settle(lines)
    return taken
