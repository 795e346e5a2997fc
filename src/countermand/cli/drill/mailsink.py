"""A mail server that delivers nothing: it takes every message and notes who got what, one line of JSON each, for the drill.

``python -m countermand.cli.drill.mailsink --port N --dir D`` writes ``D/mail.ndjson`` with ``message_id in_reply_to kind to
at`` (milliseconds since 1970, real time). It speaks SMTP with pipelining, on loopback only.
"""

import argparse
import asyncio
import json
import signal
from collections.abc import Sequence
from pathlib import Path
from typing import IO

import uvloop

from countermand.lib import clock

FILE = "mail.ndjson"
_MOST = 1 << 20
_NAMES = {b"message-id": "message_id", b"in-reply-to": "in_reply_to", b"x-countermand-kind": "kind"}
_REPLIES = {
    b"MAIL": b"250 2.1.0 ok\r\n",
    b"RSET": b"250 2.0.0 ok\r\n",
    b"NOOP": b"250 2.0.0 ok\r\n",
    b"HELO": b"250 sink\r\n",
    b"EHLO": b"250-sink\r\n250-8BITMIME\r\n250 PIPELINING\r\n",
}


class Session(asyncio.Protocol):
    """One connection. Answers to a pipelined group leave together."""

    def __init__(self, log: IO[str]) -> None:
        self._log = log
        self._buffer = bytearray()
        self._recipient = ""
        self._in_text = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport: asyncio.Transport = transport  # type: ignore[assignment]
        self._transport.write(b"220 sink ESMTP\r\n")

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        answers: list[bytes] = []
        while (answer := self._text() if self._in_text else self._command()) is not None:
            answers.append(answer)
        if answers:
            self._transport.write(b"".join(answers))
        if len(self._buffer) > _MOST:
            self._transport.abort()

    def _command(self) -> bytes | None:
        end = self._buffer.find(b"\r\n")
        if end < 0:
            return None
        line = bytes(self._buffer[:end])
        del self._buffer[: end + 2]
        verb = line[:4].upper()
        if verb == b"RCPT":
            self._recipient = line.partition(b"<")[2].partition(b">")[0].decode("ascii", "replace")
            return b"250 2.1.5 ok\r\n"
        if verb == b"DATA":
            self._in_text = bool(self._recipient)
            return b"354 go on\r\n" if self._in_text else b"554 5.5.1 no recipient\r\n"
        if verb == b"QUIT":
            self._transport.write(b"221 2.0.0 bye\r\n")
            self._transport.close()
            return None
        return _REPLIES.get(verb, b"502 5.5.1 unknown\r\n")

    def _text(self) -> bytes | None:
        end = 0 if self._buffer.startswith(b".\r\n") else self._buffer.find(b"\r\n.\r\n")
        if end < 0:
            return None
        note = _headers(bytes(self._buffer[:end]))
        note |= {"to": self._recipient, "at": clock.now()}
        self._log.write(json.dumps(note) + "\n")
        del self._buffer[: end + (5 if end else 3)]
        self._in_text, self._recipient = False, ""
        return b"250 2.0.0 taken\r\n"


def _headers(text: bytes) -> dict[str, str | int]:
    found: dict[str, str | int] = {"message_id": "", "in_reply_to": "", "kind": ""}
    for line in text.partition(b"\r\n\r\n")[0].split(b"\r\n"):
        name, _, value = line.partition(b":")
        key = _NAMES.get(name.lower())
        if key:
            found[key] = value.strip().decode("utf-8", "replace")
    return found


async def serve(port: int, folder: Path, stop: asyncio.Event) -> None:
    """Listen until ``stop``. What was noted is in the file within a fifth of a second."""
    loop = asyncio.get_running_loop()
    with (folder / FILE).open("a", encoding="utf-8") as log:
        server = await loop.create_server(lambda: Session(log), "127.0.0.1", port)
        async with server:
            while not stop.is_set():
                log.flush()
                try:
                    async with asyncio.timeout(0.2):
                        await stop.wait()
                except TimeoutError:
                    continue


async def _until_signalled(port: int, folder: Path) -> None:
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    await serve(port, folder, stop)


def main(arguments: Sequence[str] | None = None) -> None:
    """Run until a signal."""
    parser = argparse.ArgumentParser(prog="mailsink")
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--dir", type=Path, required=True)
    asked = parser.parse_args(arguments)
    asked.dir.mkdir(parents=True, exist_ok=True)
    uvloop.run(_until_signalled(asked.port, asked.dir))


if __name__ == "__main__":
    main()
