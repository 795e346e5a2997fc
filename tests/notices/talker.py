"""A scripted SMTP server on loopback: says what the test tells it to, and keeps what it was told."""

import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

#: (verb or "TEXT", how many of that verb so far, line or text) → answer; None hangs up at once.
Script = Callable[[str, int, bytes], bytes | None]

POLITE = {"MAIL": b"250 ok", "RCPT": b"250 ok", "DATA": b"354 go on", "TEXT": b"250 taken", "RSET": b"250 ok", "QUIT": b"221 bye"}


def polite(verb: str, count: int, line: bytes) -> bytes | None:
    return POLITE.get(verb, b"502 what")


@dataclass
class Talker:
    """``texts`` are the messages as they came over the wire, without the end mark."""

    script: Script = polite
    features: tuple[bytes, ...] = (b"PIPELINING",)
    port: int = 0
    connections: int = 0
    texts: list[bytes] = field(default_factory=list)
    lines: list[bytes] = field(default_factory=list)

    def converse(self, plug: socket.socket) -> None:
        counts: dict[str, int] = {}
        with plug, plug.makefile("rb") as heard:
            plug.sendall(b"220 talker\r\n")
            while line := heard.readline():
                self.lines.append(line)
                verb = line[:4].decode("ascii").upper().strip()
                if verb == "EHLO":
                    rows = [b"talker", *self.features]
                    plug.sendall(b"".join(b"250-" + row + b"\r\n" for row in rows[:-1]) + b"250 " + rows[-1] + b"\r\n")
                    continue
                counts[verb] = counts.get(verb, 0) + 1
                answer = self.script(verb, counts[verb], line)
                if answer is None:
                    return
                plug.sendall(answer + b"\r\n")
                if answer.startswith(b"354") and not self._text(plug, heard.readline, counts):
                    return

    def _text(self, plug: socket.socket, readline: Callable[[], bytes], counts: dict[str, int]) -> bool:
        text = b""
        while (line := readline()) not in (b".\r\n", b""):
            text += line
        counts["TEXT"] = counts.get("TEXT", 0) + 1
        answer = self.script("TEXT", counts["TEXT"], text)
        if answer is None:
            return False
        self.texts.append(text)
        plug.sendall(answer + b"\r\n")
        return True


@contextmanager
def talking(talker: Talker) -> Iterator[Talker]:
    """The talker, listening; every conversation has ended when this is left."""
    listener = socket.create_server(("127.0.0.1", 0))
    listener.settimeout(0.1)
    talker.port = listener.getsockname()[1]
    done = threading.Event()
    conversations: list[threading.Thread] = []

    def listen() -> None:
        while not done.is_set():
            try:
                plug, _ = listener.accept()
            except TimeoutError:
                continue
            plug.settimeout(10)
            talker.connections += 1
            conversations.append(threading.Thread(target=_quietly, args=(talker, plug)))
            conversations[-1].start()

    thread = threading.Thread(target=listen)
    thread.start()
    try:
        yield talker
    finally:
        done.set()
        thread.join()
        for conversation in conversations:
            conversation.join()
        listener.close()


def _quietly(talker: Talker, plug: socket.socket) -> None:
    try:
        talker.converse(plug)
    except OSError:
        return  # the other side hung up first
