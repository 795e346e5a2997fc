"""The gate's HTTP/1.1: parse with httptools, answer at once, keep the connection. Answers are made without waiting, so
pipelined requests are answered in order by nature.

A front end that asks in always the same few words may bring a ``Quick``: it is shown what arrived before anybody parses it.
"""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import cast

import httptools

_PHRASES = {
    200: b"OK",
    204: b"No Content",
    400: b"Bad Request",
    403: b"Forbidden",
    404: b"Not Found",
    503: b"Service Unavailable",
}
#: A front end sends a few hundred bytes; whoever sends more is not one.
_MOST_HEADERS = 64 * 1024


class Request:
    """One request without its body. Header names are lower-case; of repeated headers the first counts."""

    __slots__ = ("headers", "target")

    def __init__(self, target: bytes = b"", headers: dict[bytes, bytes] | None = None) -> None:
        self.target = target
        self.headers: dict[bytes, bytes] = {} if headers is None else headers

    @property
    def path(self) -> bytes:
        return self.target.partition(b"?")[0]


@dataclass(frozen=True)
class Response:
    """One answer. ``kept`` is remembered, because the same few answers are given again and again."""

    status: int
    body: bytes = b""
    kind: bytes = b"text/plain; charset=utf-8"
    headers: tuple[tuple[bytes, bytes], ...] = ()

    @cached_property
    def kept(self) -> bytes:
        """Its bytes on a connection that stays open."""
        return self.encoded(True)

    def encoded(self, keep: bool) -> bytes:
        """Its bytes, saying whether the connection stays open."""
        lines = [b"HTTP/1.1 %d %s" % (self.status, _PHRASES.get(self.status, b"Answer"))]
        if self.status != 204:
            lines += [b"Content-Type: " + self.kind, b"Content-Length: %d" % len(self.body)]
        lines += [b"%s: %s" % header for header in self.headers]
        if not keep:
            lines.append(b"Connection: close")
        return b"\r\n".join(lines) + b"\r\n\r\n" + self.body


Answer = Callable[[Request], Response]
#: What arrived → the bytes to send, if it is exactly one request that it knows by heart; b"" for anything else.
#: INVARIANT: the same bytes as parsing and answering the request would give.
Quick = Callable[[bytes], bytes]


class Connection(asyncio.Protocol):
    """One connection of a front end. ``open_ones`` is the set of all that are open, for an orderly stop."""

    def __init__(self, answer: Answer, open_ones: "set[Connection]", quick: Quick | None = None) -> None:
        self._answer = answer
        self._quick = quick
        self._open_ones = open_ones
        self._transport: asyncio.Transport | None = None
        self._parser = httptools.HttpRequestParser(self)
        self._request = Request()
        self._size = 0
        #: The parser is not in the middle of a request.
        self._between = True

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)
        self._open_ones.add(self)

    def connection_lost(self, exc: Exception | None) -> None:
        self._open_ones.discard(self)

    def data_received(self, data: bytes) -> None:
        if self._between and self._quick and len(data) <= _MOST_HEADERS and (known := self._quick(data)):
            self._transport.write(known)  # type: ignore[union-attr]  # it is there before any data
            return
        self._size += len(data)
        try:
            if self._size > _MOST_HEADERS:
                raise httptools.HttpParserError("too long")
            self._parser.feed_data(data)
        except (httptools.HttpParserError, httptools.HttpParserUpgrade):
            self._send(Response(400))

    # -- what httptools calls --

    def on_message_begin(self) -> None:
        self._between = False
        self._request = Request()

    def on_url(self, part: bytes) -> None:
        self._request.target += part

    def on_header(self, name: bytes, value: bytes) -> None:
        self._request.headers.setdefault(name.lower(), value)

    def on_message_complete(self) -> None:
        self._between = True
        self._size = 0
        response = self._answer(self._request)
        if self._transport is not None and self._parser.should_keep_alive() and not self._transport.is_closing():
            self._transport.write(response.kept)
        else:
            self._send(response)

    def close(self) -> None:
        if self._transport is not None:
            self._transport.close()

    def _send(self, response: Response) -> None:
        """The last answer on this connection."""
        if self._transport is not None and not self._transport.is_closing():
            self._transport.write(response.encoded(False))
            self._transport.close()
