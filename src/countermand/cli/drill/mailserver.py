"""A mail server's stand-in for rehearsals and tests: ActiveSync's door without the mail behind it.

``python -m countermand.cli.drill.mailserver --listen 127.0.0.1:PORT --users FILE`` where FILE is a JSON object login →
password. It checks Basic passwords, answers OPTIONS and commands, and counts; ``GET /counts`` tells what it counted.
"""

import argparse
import asyncio
import base64
import binascii
import hmac
import json
import signal
import sys
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import cast

import httptools
import uvloop

_PATH = b"/Microsoft-Server-ActiveSync"
_UNAUTHORISED = b"<html><body>This mail server asks for your password.</body></html>\n"
_VERSIONS = b"MS-ASProtocolVersions: 2.5,12.0,12.1,14.0,14.1\r\nMS-Server-ActiveSync: 14.1\r\n"


class Mail:
    """The accounts, and what was asked of them. Each count is of answers: by method and status, and commands by login."""

    def __init__(self, users: Mapping[str, str]) -> None:
        self._users = users
        self.answers: Counter[str] = Counter()
        self.delivered: Counter[str] = Counter()

    def answer(self, method: bytes, path: bytes, authorization: bytes) -> bytes:
        """The whole HTTP response."""
        if path == b"/counts":
            counts = {"answers": dict(self.answers), "delivered": dict(self.delivered)}
            return _response(b"200 OK", json.dumps(counts).encode(), b"application/json")
        if path.lower() != _PATH.lower():
            return _response(b"404 Not Found", b"no such place\n")
        login = self._login(authorization)
        self.answers[f"{method.decode()} {200 if login else 401}"] += 1
        if not login:
            realm = b'WWW-Authenticate: Basic realm="mail"\r\n'
            return _response(b"401 Unauthorized", _UNAUTHORISED, b"text/html", realm)
        if method == b"OPTIONS":
            return _response(b"200 OK", b"", more=_VERSIONS)
        self.delivered[login] += 1
        return _response(b"200 OK", b"mail for " + login.encode() + b"\n", b"application/vnd.ms-sync.wbxml", _VERSIONS)

    def _login(self, authorization: bytes) -> str:
        """Whose credentials these are; '' if they are wrong."""
        try:
            text = base64.b64decode(authorization.partition(b" ")[2]).decode()
        except (binascii.Error, UnicodeDecodeError):
            return ""
        login, _, password = text.partition(":")
        known = self._users.get(login)
        return login if known is not None and hmac.compare_digest(known.encode(), password.encode()) else ""


def _response(status: bytes, body: bytes, kind: bytes = b"text/plain", more: bytes = b"") -> bytes:
    return b"HTTP/1.1 %s\r\nContent-Type: %s\r\nContent-Length: %d\r\n%s\r\n%s" % (status, kind, len(body), more, body)


class _Connection(asyncio.Protocol):
    def __init__(self, mail: Mail) -> None:
        self._mail = mail
        self._parser = httptools.HttpRequestParser(self)
        self._target = b""
        self._authorization = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)

    def data_received(self, data: bytes) -> None:
        try:
            self._parser.feed_data(data)
        except httptools.HttpParserError:
            self._transport.close()

    def on_message_begin(self) -> None:
        self._target = self._authorization = b""

    def on_url(self, part: bytes) -> None:
        self._target += part

    def on_header(self, name: bytes, value: bytes) -> None:
        if name.lower() == b"authorization":
            self._authorization = value

    def on_message_complete(self) -> None:
        path = self._target.partition(b"?")[0]
        self._transport.write(self._mail.answer(self._parser.get_method(), path, self._authorization))
        if not self._parser.should_keep_alive():
            self._transport.close()


async def _serve(mail: Mail, host: str, port: int) -> None:
    loop = asyncio.get_running_loop()
    ended = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, ended.set)
    server = await loop.create_server(lambda: _Connection(mail), host, port)
    await ended.wait()
    server.close()


def main(arguments: list[str] | None = None) -> int:
    """Serve until told to end."""
    parser = argparse.ArgumentParser(description="A mail server's stand-in.")
    parser.add_argument("--listen", required=True, help="host:port")
    parser.add_argument("--users", type=Path, required=True, help="a JSON object: login to password")
    chosen = parser.parse_args(arguments)
    host, _, port = chosen.listen.rpartition(":")
    mail = Mail(json.loads(chosen.users.read_text()))
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(_serve(mail, host, int(port)))
    return 0


if __name__ == "__main__":
    sys.exit(main())
