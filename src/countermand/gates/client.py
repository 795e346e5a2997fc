"""The gate's outgoing HTTP: to its control plane, and where it is told to, to the mail server. asyncio and httptools alone."""

import asyncio
import json
import ssl
from collections.abc import AsyncGenerator, AsyncIterator, Mapping, Sequence
from contextlib import aclosing, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httptools

CONNECT_SECONDS = 5.0
_CHUNK = 1 << 16


class Silent(OSError):
    """The control plane said nothing for too long, or hung up in the middle."""


@dataclass(slots=True)
class Reply:
    """A reply's head, and its body as it comes."""

    status: int
    body: AsyncIterator[bytes]
    headers: list[tuple[bytes, bytes]]


class _Parsed:
    """What httptools found so far."""

    def __init__(self) -> None:
        self.parser = httptools.HttpResponseParser(self)
        self.headed = self.done = False
        self.parts: list[bytes] = []
        self.headers: list[tuple[bytes, bytes]] = []

    def on_header(self, name: bytes, value: bytes) -> None:
        self.headers.append((name, value))

    def on_headers_complete(self) -> None:
        self.headed = True

    def on_body(self, part: bytes) -> None:
        self.parts.append(part)

    def on_message_complete(self) -> None:
        self.done = True


class Peer:
    """Whoever answers at ``url``. ``ca_file``: PEM, the only authority that may vouch for it; ``shown``: (certificate, key) that
    it is shown."""

    def __init__(self, url: str, ca_file: Path | None = None, shown: tuple[Path, Path] | None = None) -> None:
        at = urlsplit(url)
        self._host = at.hostname or "127.0.0.1"
        self._tls = ssl.create_default_context(cafile=str(ca_file) if ca_file else None) if at.scheme == "https" else None
        if self._tls and shown:
            self._tls.load_cert_chain(*shown)
        self._port = at.port or (443 if self._tls else 80)
        self._prefix = at.path.rstrip("/")

    @asynccontextmanager
    async def exchange(
        self, method: str, target: str, headers: Sequence[tuple[str, str]], body: bytes, silence: float
    ) -> AsyncIterator[Reply]:
        """One request on a connection of its own. OSError if there is no answer, ``Silent`` after ``silence`` seconds without
        a byte. Header values must come from a parser or from settings: they are written as they are."""
        async with asyncio.timeout(min(CONNECT_SECONDS, silence)):
            reader, writer = await asyncio.open_connection(self._host, self._port, ssl=self._tls)
        try:
            writer.write(self._head(method, target, headers, len(body)) + body)
            await writer.drain()
            found = _Parsed()
            async with aclosing(_bodies(reader, found, silence)) as bodies:
                while not found.headed:
                    await _more(reader, found, silence)
                yield Reply(found.parser.get_status_code(), bodies, found.headers)
        except httptools.HttpParserError as wrong:
            raise Silent(f"the answer is no HTTP: {wrong}") from None
        finally:
            writer.close()

    def _head(self, method: str, target: str, headers: Sequence[tuple[str, str]], length: int) -> bytes:
        lines = [
            f"{method} {self._prefix}{target} HTTP/1.1",
            f"Host: {self._host}:{self._port}",
            *(f"{name}: {value}" for name, value in headers),
            f"Content-Length: {length}",
            "Connection: close",
        ]
        return "\r\n".join(lines).encode("latin-1") + b"\r\n\r\n"


class Control:
    """The control plane at ``url``, asked with this bearer token; the rest as for ``Peer``."""

    def __init__(self, url: str, token: str, ca_file: Path | None = None, shown: tuple[Path, Path] | None = None) -> None:
        self._peer = Peer(url, ca_file, shown)
        self._headers = (("Authorization", f"Bearer {token}"), ("Content-Type", "application/json"))

    @asynccontextmanager
    async def get(self, target: str, silence: float) -> AsyncIterator[Reply]:
        """A GET; raises OSError if there is no answer, ``Silent`` after ``silence`` seconds without a byte."""
        async with self._peer.exchange("GET", target, self._headers, b"", silence) as reply:
            yield reply

    async def post(self, target: str, value: Mapping[str, Any], silence: float) -> int:
        """POST a JSON value; returns the status."""
        async with self._peer.exchange("POST", target, self._headers, json.dumps(value).encode(), silence) as reply:
            return reply.status


async def _bodies(reader: asyncio.StreamReader, found: _Parsed, silence: float) -> AsyncGenerator[bytes, None]:
    while True:
        parts, found.parts = found.parts, []
        for part in parts:
            yield part
        if found.done:
            return
        await _more(reader, found, silence)


async def _more(reader: asyncio.StreamReader, found: _Parsed, silence: float) -> None:
    try:
        async with asyncio.timeout(silence):
            data = await reader.read(_CHUNK)
    except TimeoutError:
        raise Silent("nothing was heard for too long") from None
    if not data:
        raise Silent("the connection ended in the middle")
    found.parser.feed_data(data)
