"""Whole HTTP messages, bodies included, and answers that may take a moment: for the front ends that need more than nginx.

``gates.http`` answers nginx, thousands of times a second and at once. Here one connection is one conversation: a request is
read to its end, answered, and only then the next is looked at.
"""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

import httptools

from countermand.gates.http import Response

#: The heads and bodies of questions are small; whoever sends more asks nothing that a gate could answer.
_MOST = 128 * 1024


@dataclass(slots=True)
class Message:
    """One request. Header names are lower-case; a repeated header's values are joined as HTTP joins them, by a comma."""

    method: str = ""
    target: bytes = b""
    headers: dict[bytes, bytes] = field(default_factory=dict)
    body: bytes = b""
    keep: bool = True

    @property
    def path(self) -> bytes:
        return self.target.partition(b"?")[0]


Answer = Callable[[Message], Awaitable[Response]]


class _Incoming:
    """What httptools reads; ``whole`` are the messages that are complete."""

    def __init__(self) -> None:
        self.parser = httptools.HttpRequestParser(self)
        self.whole: list[Message] = []
        self.size = 0
        self._message = Message()

    def on_message_begin(self) -> None:
        self._message = Message()

    def on_url(self, part: bytes) -> None:
        self._message.target += part

    def on_header(self, name: bytes, value: bytes) -> None:
        known = self._message.headers
        name = name.lower()
        known[name] = known[name] + b"," + value if name in known else value

    def on_body(self, part: bytes) -> None:
        self._message.body += part

    def on_message_complete(self) -> None:
        self._message.method = self.parser.get_method().decode("ascii", "replace")
        self._message.keep = self.parser.should_keep_alive()
        self.whole.append(self._message)
        self.size = 0


async def converse(answer: Answer, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Answer one connection's requests in their order until either side has had enough."""
    incoming = _Incoming()
    try:
        while data := await reader.read(65536):
            incoming.size += len(data)
            if incoming.size > _MOST:
                writer.write(Response(400, b"too long\n").encoded(False))
                return
            incoming.parser.feed_data(data)
            messages, incoming.whole = incoming.whole, []
            for message in messages:
                response = await answer(message)
                writer.write(response.encoded(message.keep))
                await writer.drain()
                if not message.keep:
                    return
    except (httptools.HttpParserError, httptools.HttpParserUpgrade):
        writer.write(Response(400).encoded(False))
    except OSError:
        pass  # the front end is gone
    finally:
        writer.close()
