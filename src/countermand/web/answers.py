"""ASGI in the few forms this server needs: read a body with a limit, answer with bytes, stream."""

import json
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]


class TooLong(Exception):
    """A body is longer than anybody honest would send."""


def header(scope: Scope, name: bytes) -> bytes:
    """The first header of this lower-case name, or empty."""
    return next((value for key, value in scope["headers"] if key == name), b"")


async def body_of(receive: Receive, limit: int) -> bytes:
    """The request's whole body; TooLong beyond ``limit`` bytes."""
    parts, size = [], 0
    while True:
        message = await receive()
        part = message.get("body", b"")
        size += len(part)
        if size > limit:
            raise TooLong
        parts.append(part)
        if message["type"] == "http.disconnect" or not message.get("more_body"):
            return b"".join(parts)


async def gone(receive: Receive) -> None:
    """Returns when nobody listens any more; the request's body must have been read."""
    while (await receive())["type"] != "http.disconnect":
        pass


async def start(send: Send, status: int, kind: bytes, *more: tuple[bytes, bytes]) -> None:
    headers = [(b"content-type", kind), (b"cache-control", b"no-store"), *more]
    await send({"type": "http.response.start", "status": status, "headers": headers})


async def part(send: Send, data: bytes, *, more: bool = True) -> None:
    await send({"type": "http.response.body", "body": data, "more_body": more})


async def answer(send: Send, status: int, value: Any = None) -> None:
    """A whole answer: JSON, or nothing for None."""
    data = b"" if value is None else json.dumps(value).encode()
    await start(send, status, b"application/json", (b"content-length", str(len(data)).encode()))
    await part(send, data, more=False)
