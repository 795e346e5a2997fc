"""The gate's HTTP/1.1: parse with httptools, answer at once, keep the connection. Answers are made without waiting, so
pipelined requests are answered in order by nature.

A front end that asks in always the same few words may bring a ``Quick``: it is shown what arrived before anybody parses it.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Protocol

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
#: What arrived on some connections → for each the bytes to send, if it is exactly one request that is known by heart; b"" for
#: anything else. INVARIANT: the same bytes as parsing and answering the request would give.
Quick = Callable[[Sequence[bytes]], Sequence[bytes]]


class Transport(Protocol):
    """Where a connection's answers go. What was written before ``close`` still goes out."""

    def write(self, data: bytes) -> None: ...
    def close(self) -> None: ...
    def is_closing(self) -> bool: ...


class Connection:
    """The requests of one connection. ``between``: nothing of a request has come yet, or all of it."""

    def __init__(self, answer: Answer, transport: Transport) -> None:
        self._answer = answer
        self._transport = transport
        self._parser = httptools.HttpRequestParser(self)
        self._request = Request()
        self._size = 0
        self.between = True

    def hear(self, data: bytes) -> None:
        """Answer what is complete with this."""
        self._size += len(data)
        try:
            if self._size > _MOST_HEADERS:
                raise httptools.HttpParserError("too long")
            self._parser.feed_data(data)
        except httptools.HttpParserCallbackError:
            raise  # an error of ours, not of who asks
        except (httptools.HttpParserError, httptools.HttpParserUpgrade):
            self._send(Response(400))

    # -- what httptools calls --

    def on_message_begin(self) -> None:
        self.between = False
        self._request = Request()

    def on_url(self, part: bytes) -> None:
        self._request.target += part

    def on_header(self, name: bytes, value: bytes) -> None:
        self._request.headers.setdefault(name.lower(), value)

    def on_message_complete(self) -> None:
        self.between = True
        self._size = 0
        response = self._answer(self._request)
        if self._parser.should_keep_alive() and not self._transport.is_closing():
            self._transport.write(response.kept)
        else:
            self._send(response)

    def _send(self, response: Response) -> None:
        """The last answer on this connection."""
        if not self._transport.is_closing():
            self._transport.write(response.encoded(False))
            self._transport.close()
