"""Handing messages to a mail server: SMTP with pipelining (RFC 2920), many messages per connection, one answer for each.

The standard library waits for four answers per message; here the end of one message and the envelope of the next travel
together, over a few connections in turn, so that at most one message per connection is in doubt when one breaks.
In a drill nothing leaves the machine: addresses are checked after resolution, and the address checked is the one used.
"""

import base64
import contextlib
import socket
import ssl
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum

from countermand.core.errors import Refused
from countermand.core.instants import Instant
from countermand.lib.addresses import loopback


class Result(StrEnum):
    ACCEPTED = "accepted"
    RETRY = "retry"  # the server asks to try again later, or does not want us as a sender
    REFUSED = "refused"  # it will not take this message for this person
    UNKNOWN = "unknown"  # the connection broke after the text was sent, before the answer
    UNSENT = "unsent"  # never begun


@dataclass(frozen=True, slots=True)
class Letter:
    """``id`` is the caller's; ``text`` the message with CRLF line ends; ``return_path``: where it goes if it cannot be
    delivered, '' for the sender."""

    id: int
    recipient: str
    text: bytes
    return_path: str = ""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a letter; ``answer`` is the server's last words on it, or what went wrong."""

    id: int
    result: Result
    answer: str


@dataclass(frozen=True, slots=True)
class Server:
    """Where to hand over. ``loopback_only``: refuse every address that is not this machine's own (drills)."""

    host: str
    port: int
    sender: str
    loopback_only: bool
    starttls: bool = False
    username: str = ""
    password: str = ""
    connections: int = 2
    timeout: float = 60.0  # seconds that one answer may take


#: Connections that may break one after the other without one answer, before the rest is given back.
_PATIENCE = 3
_LONGEST_LINE = 65536
#: An answer: its code and its text.
_Answer = tuple[int, str]


class _Broken(Exception):
    """The connection is of no more use."""


class Courier:
    """Keeps connections open between batches. Not shared between threads."""

    def __init__(self, server: Server, clock: Callable[[], Instant]) -> None:
        self._server = server
        self._clock = clock  # real time: leases run on it
        self._open: list[_Connection] = []

    def send(self, letters: Sequence[Letter], until: Instant) -> Iterator[Outcome]:
        """Hand the letters over and say of each what became of it, in the order of the answers. None is begun at or after
        ``until`` (real time); those are UNSENT, like all that are left when the server cannot be reached.

        Refused ``drill-stays-home`` before anything is connected to, if the server is elsewhere and must not be.
        """
        queue = deque(letters)
        fruitless = 0
        while queue and self._clock() < until and fruitless < _PATIENCE:
            try:
                self._connect(min(self._server.connections, len(queue)))
            except (OSError, _Broken) as failure:
                yield from (Outcome(letter.id, Result.UNSENT, f"no connection: {failure}") for letter in queue)
                return
            before = len(queue)
            yield from self._drain(queue, until)
            fruitless = fruitless + 1 if len(queue) == before else 0
        why = "the server keeps breaking off" if fruitless else "the claim ran out"
        yield from (Outcome(letter.id, Result.UNSENT, why) for letter in queue)

    def close(self) -> None:
        """Say goodbye."""
        for connection in self._open:
            connection.quit()
        self._open.clear()

    def _connect(self, wanted: int) -> None:
        while len(self._open) < wanted:
            try:
                self._open.append(_Connection(self._server))
            except (OSError, _Broken):
                if not self._open:
                    raise
                return  # a server that allows fewer connections gets fewer

    def _drain(self, queue: deque[Letter], until: Instant) -> Iterator[Outcome]:
        """Turn and turn about, until the queue is empty and every answer is in, or no connection is left."""
        while self._open:
            may_begin = bool(queue) and self._clock() < until
            turns = [connection for connection in self._open if may_begin or connection.busy]
            if not turns:
                return
            for connection in turns:
                letter = queue.popleft() if may_begin and queue else None
                if letter is None and not connection.busy:
                    continue
                try:
                    connection.turn(letter)
                except (OSError, _Broken) as failure:
                    self._open.remove(connection)
                    queue.extendleft(connection.lost(failure, letter))
                yield from connection.outcomes
                connection.outcomes.clear()


class _Connection:
    """One session. ``_asked``: its envelope was sent; ``_told``: its text was sent. Both answers are still awaited."""

    def __init__(self, server: Server) -> None:
        self.outcomes: list[Outcome] = []
        self._server = server
        self._buffer = bytearray()
        self._asked: Letter | None = None
        self._told: Letter | None = None
        self._cancelled: Outcome | None = None  # of ``_told``, when only an empty text was sent to end its transaction
        self._early: deque[_Answer] = deque()  # read ahead of their turn, by a server that wants one command at a time
        self._pipelines = False
        self._socket = connected(server)
        try:
            self._greet()
        except BaseException:
            self._socket.close()
            raise

    @property
    def busy(self) -> bool:
        return self._asked is not None or self._told is not None

    def turn(self, letter: Letter | None) -> None:
        """Read the answers to the last turn; then send the text that was asked for, with the next letter's envelope.

        Earlier letters' ``outcomes`` are added. OSError or _Broken when the session is over: see ``lost``.
        """
        self._read_answers()
        group = self._text()
        if not self._pipelines:
            self._send(group)
            self._read_answers()
            group = b""
        if letter is not None:
            self._asked = letter
            *before, data = self._envelope(letter)
            if not self._pipelines:
                before = [self._ask_early(command) for command in before]
            group += b"".join([*before, data])
        self._send(group)

    def lost(self, failure: Exception, letter: Letter | None) -> list[Letter]:
        """After a failure: what was told and not answered is unknown; returns what can be sent again, latest first."""
        if self._told is not None:
            self.outcomes.append(self._cancelled or Outcome(self._told.id, Result.UNKNOWN, f"connection lost: {failure}"))
        again = [self._asked] if self._asked is not None else []
        if letter is not None and letter is not self._asked:
            again.insert(0, letter)
        self._asked = self._told = None
        self._socket.close()
        return again

    def quit(self) -> None:
        with contextlib.suppress(OSError):
            self._socket.sendall(b"QUIT\r\n")
        self._socket.close()

    # -- one letter --

    def _envelope(self, letter: Letter) -> list[bytes]:
        recipient = letter.recipient.encode("ascii")
        sender = (letter.return_path or self._server.sender).encode("ascii")
        return [b"MAIL FROM:<%s>\r\n" % sender, b"RCPT TO:<%s>\r\n" % recipient, b"DATA\r\n"]

    def _text(self) -> bytes:
        """The text of the letter whose envelope was taken, which from here on is in doubt until it is answered."""
        if self._asked is None:
            return b""
        self._told, self._asked = self._asked, None
        return b".\r\n" if self._cancelled else _stuffed(self._told.text) + b".\r\n"

    def _read_answers(self) -> None:
        if self._told is not None:
            code, text = self._answer()
            self.outcomes.append(self._cancelled or Outcome(self._told.id, _result(code), text))
            self._told = self._cancelled = None
            if code == 421:
                raise _Broken(text)
        if self._asked is not None:
            self._read_envelope_answers(self._asked)

    def _read_envelope_answers(self, letter: Letter) -> None:
        mail, recipient, data = self._answer(), self._answer(), self._answer()
        refused = None
        if mail[0] >= 400:  # it does not want us, which says nothing about the person
            refused = Outcome(letter.id, Result.RETRY, mail[1])
        elif recipient[0] >= 400:
            refused = Outcome(letter.id, _result(recipient[0]), recipient[1])
        elif data[0] != 354:
            refused = Outcome(letter.id, Result.RETRY, data[1])
        if refused is None:
            return
        if data[0] == 354:
            self._cancelled = refused  # it waits for a text all the same: an empty one ends the transaction
            return
        self._asked = None
        self.outcomes.append(refused)
        if 421 in (mail[0], recipient[0], data[0]):
            raise _Broken(refused.answer)
        if mail[0] < 400:  # what it took of the envelope would be in the next one's way
            self._send(b"RSET\r\n")
            self._raw_answer()

    # -- lines --

    def _greet(self) -> None:
        self._expect(220)
        offered = self._hello()
        if self._server.starttls:
            if "STARTTLS" not in offered:
                raise _Broken("the server offers no STARTTLS, which the configuration asks for")
            self._send(b"STARTTLS\r\n")
            self._expect(220)
            self._buffer.clear()  # whatever was sent before the handshake was sent by anybody
            self._socket = ssl.create_default_context().wrap_socket(self._socket, server_hostname=self._server.host)
            offered = self._hello()
        if self._server.username:
            if not self._server.starttls and not loopback(str(self._socket.getpeername()[0])):
                raise _Broken("a password is sent over TLS only: set smtp.starttls")
            plain = base64.b64encode(f"\0{self._server.username}\0{self._server.password}".encode())
            self._send(b"AUTH PLAIN " + plain + b"\r\n")
            self._expect(235)
        self._pipelines = "PIPELINING" in offered

    def _hello(self) -> set[str]:
        self._send(b"EHLO %s\r\n" % self._server.sender.rpartition("@")[2].encode("ascii"))
        return {line.split(" ")[0].upper() for line in self._expect(250).split("\n")[1:]}

    def _expect(self, wanted: int) -> str:
        code, text = self._raw_answer()
        if code != wanted:
            raise _Broken(text)
        return text

    def _ask_early(self, command: bytes) -> bytes:
        self._send(command)
        self._early.append(self._raw_answer())
        return b""

    def _answer(self) -> _Answer:
        return self._early.popleft() if self._early else self._raw_answer()

    def _send(self, octets: bytes) -> None:
        if octets:
            self._socket.sendall(octets)

    def _raw_answer(self) -> _Answer:
        lines: list[str] = []
        while True:
            line = self._line()
            if len(line) < 3 or not line[:3].isdigit():
                raise _Broken(f"not an answer: {line[:80]!r}")
            lines.append(line[4:] if lines else line)
            if line[3:4] != "-":
                return int(line[:3]), "\n".join(lines)

    def _line(self) -> str:
        while True:
            end = self._buffer.find(b"\n")
            if end >= 0:
                line = self._buffer[:end].decode("utf-8", "replace").rstrip("\r")
                del self._buffer[: end + 1]
                return line
            if len(self._buffer) > _LONGEST_LINE:
                raise _Broken("an answer without an end")
            received = self._socket.recv(65536)
            if not received:
                raise _Broken("closed by the server")
            self._buffer += received


def connected(server: Server) -> socket.socket:
    """A socket connected to the server. Refused ``drill-stays-home`` if it must be on this machine and any of its addresses
    is not: the name is resolved once, every address is looked at, and one of those looked at is connected to."""
    found = socket.getaddrinfo(server.host, server.port, type=socket.SOCK_STREAM)
    if server.loopback_only:
        for *_, address in found:
            if not loopback(str(address[0])):
                raise Refused("drill-stays-home", host=server.host, address=address[0])
    failure: OSError | None = None
    for family, kind, protocol, _, address in found:
        plug = socket.socket(family, kind, protocol)
        plug.settimeout(server.timeout)
        try:
            plug.connect(address)
            plug.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        except OSError as error:
            plug.close()
            failure = error
        else:
            return plug
    raise failure or OSError(f"no address for {server.host}")


def _result(code: int) -> Result:
    if 200 <= code < 300:
        return Result.ACCEPTED
    return Result.RETRY if code < 500 else Result.REFUSED


def _stuffed(text: bytes) -> bytes:
    """With every line that begins with a dot protected, and a line end at the end."""
    if b"\r\n." in text or text.startswith(b"."):
        text = (b"\r\n" + text).replace(b"\r\n.", b"\r\n..")[2:]
    return text if text.endswith(b"\r\n") else text + b"\r\n"
