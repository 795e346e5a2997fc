"""The connections of nginx, read and written by hand: those that have something to say are asked together, answered together.

A question of nginx is a few hundred bytes and its answer is ready at once, so what a general-purpose transport does around them
costs as much as the answer. The sockets are watched by an epoll of their own, which the event loop watches in turn. Where there
is none, ``gates.serve`` lets the event loop have the connections.
"""

import os
import select
import socket
import stat
from collections.abc import Callable, Iterable
from contextlib import suppress

from countermand.gates.http import Answer, Connection, Quick

#: A question that is longer than this arrives in pieces.
_PIECE = 16 * 1024
#: So many are answered before anything else of the gate has its turn.
_IN_A_TURN = 64
#: No descriptor is left for a connection: the next is taken after a while, others are answered meanwhile.
_PATIENCE = 0.1
#: Connections that may wait to be taken: a front end that starts again brings all of its at once.
_WAITING = 1024


class Line:
    """One connection; to its ``Connection`` it is a transport. What the other side does not take yet waits in ``unsent``, and
    until it took that nothing more of it is heard."""

    __slots__ = ("_closing", "_socket", "_watch", "connection", "receive", "unsent")

    def __init__(self, of: socket.socket, answer: Answer, watch: Callable[[int, int], None]) -> None:
        self._socket = of
        self._watch = watch
        self._closing = False
        self.unsent = b""
        self.receive = of.recv
        self.connection = Connection(answer, self)

    def write(self, data: bytes) -> None:
        if self._closing:
            return
        if self.unsent:
            self.unsent += data
            return
        try:
            sent = self._socket.send(data)
        except BlockingIOError:
            sent = 0
        except OSError:
            self.end()
            return
        if sent < len(data):
            self.unsent = data[sent:]
            self._watch(self._socket.fileno(), select.EPOLLOUT)

    def go_on(self) -> None:
        """The other side takes something again, or is gone."""
        unsent, self.unsent = self.unsent, b""
        closing, self._closing = self._closing, False
        self.write(unsent)
        if closing:
            self.close()
        elif not self.unsent and not self._closing:
            self._watch(self._socket.fileno(), select.EPOLLIN)

    def is_closing(self) -> bool:
        return self._closing

    def close(self) -> None:
        """What was written still goes out."""
        self._closing = True
        if not self.unsent:
            self.end()

    def end(self) -> None:
        if self._socket.fileno() >= 0:
            self._watch(self._socket.fileno(), 0)
            self._socket.close()
        self._closing, self.unsent = True, b""


class Lines:
    """Connections: those of the sockets that ``listen`` is given. Whoever watches ``fileno`` calls ``turn`` when it is readable.
    ``later``: an event loop's call_later."""

    def __init__(self, answer: Answer, quick: Quick, later: Callable[[float, Callable[[], None]], object]) -> None:
        self._answer = answer
        self._quick = quick
        self._later = later
        self._poll = select.epoll()
        self._lines: dict[int, Line] = {}
        self._listening: dict[int, socket.socket] = {}
        self._deaf = False
        #: An error of ours, of this turn: said when everybody has been answered.
        self._wrong: Exception | None = None

    def fileno(self) -> int:
        return self._poll.fileno()

    def listen(self, sockets: Iterable[socket.socket]) -> None:
        for one in sockets:
            one.setblocking(False)
            self._listening[one.fileno()] = one
        self._hear_of_new()

    def take(self, found: socket.socket) -> None:
        """One more connection."""
        found.setblocking(False)
        if found.family != socket.AF_UNIX:
            found.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._lines[found.fileno()] = Line(found, self._answer, self._watch)
        self._poll.register(found.fileno(), select.EPOLLIN)

    def close(self) -> None:
        for line in list(self._lines.values()):
            line.end()
        for one in self._listening.values():
            one.close()
        self._listening.clear()
        self._poll.close()

    def _hear_of_new(self) -> None:
        self._deaf = False
        for number in self._listening:
            self._poll.register(number, select.EPOLLIN)

    def _watch(self, number: int, what: int) -> None:
        """Hear this of a line from now on; 0: it has ended."""
        if what:
            self._poll.modify(number, what)
        else:
            self._poll.unregister(number)
            del self._lines[number]

    def turn(self) -> None:
        """Hear and answer what has come."""
        answered = 0
        while answered < _IN_A_TURN and (events := self._poll.poll(0)):
            answered += len(events)
            self._hear(events)
        wrong, self._wrong = self._wrong, None
        if wrong is not None:
            raise wrong

    def _hear(self, events: list[tuple[int, int]]) -> None:
        asking: list[Line] = []
        asked: list[bytes] = []
        for number, _ in events:
            line = self._lines.get(number)
            if line is None:
                self._accept(number)
            elif line.unsent:
                line.go_on()
            else:
                try:
                    said = line.receive(_PIECE)
                except BlockingIOError:
                    continue
                except OSError:
                    said = b""
                if said and line.connection.between:
                    asking.append(line)
                    asked.append(said)
                elif said:
                    self._parse(line, said)
                else:
                    line.end()
        if asked:
            self._answer_all(asking, asked)

    def _answer_all(self, asking: list[Line], asked: list[bytes]) -> None:
        try:
            answers = self._quick(asked)
        except Exception as wrong:  # whoever asked is not left waiting
            self._wrong = wrong
            for line in asking:
                line.end()
            return
        for line, said, known in zip(asking, asked, answers, strict=True):
            if known:
                line.write(known)
            else:
                self._parse(line, said)

    def _parse(self, line: Line, said: bytes) -> None:
        try:
            line.connection.hear(said)
        except Exception as wrong:
            self._wrong = wrong
            line.end()

    def _accept(self, number: int) -> None:
        listening = self._listening[number]
        while not self._deaf:
            try:
                found, _ = listening.accept()
            except (BlockingIOError, ConnectionAbortedError):
                return
            except OSError:  # no descriptor is left, or no memory
                self._deaf = True
                for each in self._listening:
                    self._poll.unregister(each)
                self._later(_PATIENCE, self._hear_of_new)
                return
            self.take(found)


def listening(address: str) -> list[socket.socket]:
    """Sockets that listen at ``host:port`` or ``unix:PATH``. OSError if that cannot be."""
    if address.startswith("unix:"):
        path = address.removeprefix("unix:")
        with suppress(FileNotFoundError):
            if stat.S_ISSOCK(os.stat(path).st_mode):
                os.unlink(path)  # of a gate that was killed
        found = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        try:
            found.bind(path)
        except OSError:
            found.close()
            raise
        found.listen(_WAITING)
        return [found]
    host, _, port = address.rpartition(":")
    places = socket.getaddrinfo(host, int(port), type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
    return [socket.create_server(place[:2], family=family, backlog=_WAITING) for family, _, _, _, place in places]
