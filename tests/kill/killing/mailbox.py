"""A mail server in a process of its own, which outlives whoever it talks with: it notes what it takes before it says so.

One line of JSON per message taken: ``to message_id in_reply_to kind``. ``settled`` waits until every other conversation
has ended, so that what is noted then is all that was handed over.
"""

import json
import os
import selectors
import socket
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

_ANSWERS = {b"MAIL": b"250 ok\r\n", b"RSET": b"250 ok\r\n", b"EHLO": b"250-box\r\n250 PIPELINING\r\n"}
_HEADERS = {b"message-id": "message_id", b"in-reply-to": "in_reply_to", b"x-countermand-kind": "kind"}


@dataclass(frozen=True)
class Noted:
    """A message that the server took."""

    to: str
    message_id: str
    kind: str


@dataclass(frozen=True)
class Mailbox:
    """Where it listens, and where it notes."""

    port: int
    file: Path

    def settled(self) -> list[Noted]:
        """Everything taken so far, once nobody else is connected."""
        with socket.create_connection(("127.0.0.1", self.port), timeout=30) as plug:
            plug.sendall(b"WAIT\r\n")
            plug.recv(100)
        return self.noted()

    def noted(self) -> list[Noted]:
        if not self.file.exists():
            return []
        return [Noted(**json.loads(line)) for line in self.file.read_text().splitlines()]


@contextmanager
def open_mailbox(file: Path) -> Iterator[Mailbox]:
    """The server as a child process; it ends with this, or with whoever called."""
    listener = socket.create_server(("127.0.0.1", 0))
    ours, theirs = os.pipe()
    pid = os.fork()
    if pid == 0:
        os.close(theirs)
        _Server(listener, ours, file).run()
        os._exit(0)
    os.close(ours)
    os.set_inheritable(theirs, False)
    port = listener.getsockname()[1]
    listener.close()
    try:
        yield Mailbox(port, file)
    finally:
        os.kill(pid, 9)
        os.close(theirs)
        os.waitpid(pid, 0)


@dataclass
class _Guest:
    plug: socket.socket
    heard: bytearray = field(default_factory=bytearray)
    to: str = ""
    in_text: bool = False
    waits: bool = False


class _Server:
    def __init__(self, listener: socket.socket, end: int, file: Path) -> None:
        self._file = file
        self._listener, self._end = listener, end
        self._guests: dict[int, _Guest] = {}
        self._selector = selectors.DefaultSelector()
        self._selector.register(listener, selectors.EVENT_READ)
        self._selector.register(end, selectors.EVENT_READ)

    def run(self) -> None:
        while True:
            ready = {key.fd for key, _ in self._selector.select()}
            if self._end in ready:
                return
            for number in ready & self._guests.keys():
                self._hear(self._guests[number])
            if self._listener.fileno() in ready:
                self._let_in()
            elif all(guest.waits for guest in self._guests.values()):
                for guest in list(self._guests.values()):
                    guest.plug.sendall(b"250 alone\r\n")
                    self._let_out(guest)

    def _let_in(self) -> None:
        plug, _ = self._listener.accept()
        self._guests[plug.fileno()] = _Guest(plug)
        self._selector.register(plug, selectors.EVENT_READ)
        plug.sendall(b"220 box\r\n")

    def _let_out(self, guest: _Guest) -> None:
        self._selector.unregister(guest.plug)
        del self._guests[guest.plug.fileno()]
        guest.plug.close()

    def _hear(self, guest: _Guest) -> None:
        try:
            heard = guest.plug.recv(1 << 16)
            guest.heard += heard
            while heard and (answer := self._answer(guest)) is not None:
                guest.plug.sendall(answer)
        except OSError:
            heard = b""  # it died
        if not heard:
            self._let_out(guest)

    def _answer(self, guest: _Guest) -> bytes | None:
        if guest.in_text:
            return self._take(guest)
        end = guest.heard.find(b"\r\n")
        if end < 0:
            return None
        line = bytes(guest.heard[:end])
        del guest.heard[: end + 2]
        if line == b"WAIT":
            guest.waits = True
            return None
        if line.startswith(b"RCPT"):
            guest.to = line.partition(b"<")[2].partition(b">")[0].decode()
            return b"250 ok\r\n"
        if line == b"DATA":
            guest.in_text = True
            return b"354 go on\r\n"
        return _ANSWERS.get(line[:4], b"502 what\r\n")

    def _take(self, guest: _Guest) -> bytes | None:
        end = guest.heard.find(b"\r\n.\r\n")
        if end < 0:
            return None
        note = {"to": guest.to, "message_id": "", "kind": ""} | _headers(bytes(guest.heard[:end]))
        del guest.heard[: end + 5]
        guest.in_text = False
        note.pop("in_reply_to", None)
        with self._file.open("a") as file:
            file.write(json.dumps(note) + "\n")
        return b"250 taken\r\n"


def _headers(text: bytes) -> dict[str, str]:
    rows = [line.partition(b":") for line in text.partition(b"\r\n\r\n")[0].split(b"\r\n")]
    return {_HEADERS[name.lower()]: value.strip().decode() for name, _, value in rows if name.lower() in _HEADERS}


def counted(noted: list[Noted]) -> Counter[str]:
    """How often each Message-ID was taken."""
    return Counter(one.message_id for one in noted)
