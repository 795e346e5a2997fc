"""Pages that renew themselves over one open connection each: Server-Sent Events (WHATWG HTML, "Server-sent events").

A view answers ``Events``: pieces of its page by name. It is asked again after something was committed, and every so often
whatever happened; pieces that differ are sent. Each time it finds out anew who asks, so whoever signed out, or whose time is
over, is sent nothing more. Between two looks no thread waits and nothing is asked of the database.
"""

import asyncio
from collections.abc import Callable, Iterable, Mapping

from django.http import HttpResponse
from django.http.response import HttpResponseBase

from countermand.lib import clock
from countermand.web.answers import Receive, Send, answer, gone, part, start
from countermand.web.threads import Threads

#: Open at the same time, in this process; one more is told so, and its page asks by itself.
MOST = 200
_THREADS = 2
#: Milliseconds after which a view is asked although nothing was committed: dues come near, and seats end. Also what keeps
#: whatever stands between from taking the connection for dead.
_BEAT = 15_000
#: Seconds for a browser to take what it is sent; one that does not is gone.
_PATIENCE = 30.0


class Events(HttpResponse):
    """``pieces``: HTML by the name of the event that carries it; ``every``: seconds between two looks at least, and no fewer than
    the view keeps what it shows; ``over``: nothing will change any more."""

    def __init__(self, pieces: Mapping[str, str], every: float, *, over: bool = False) -> None:
        super().__init__(framed(pieces), content_type="text/event-stream")
        self.pieces, self.every, self.over = dict(pieces), every, over


class Streams:
    """``moved`` gives a number that differs once anything was committed, or None if nobody counts: then every look is one."""

    def __init__(self, moved: Callable[[], int | None]) -> None:
        self._moved = moved
        self._threads = Threads(_THREADS, "stream")
        self._open = 0
        self._ending = False

    def end_streams(self) -> None:
        """No more of them: each ends at its next look. May be called from a signal's handler."""
        self._ending = True

    def end(self) -> None:
        self._ending = True
        self._threads.end()

    async def keep(
        self,
        first: Events,
        headers: Iterable[tuple[bytes, bytes]],
        again: Callable[[], HttpResponseBase],
        receive: Receive,
        send: Send,
    ) -> None:
        """Send ``first``, and what ``again`` answers otherwise, until it answers something else, is over, or nobody listens."""
        if self._ending or self._open >= MOST:
            await answer(send, 503, {"code": "too-many-streams"})
            return
        self._open += 1
        leaves = asyncio.create_task(gone(receive))
        try:
            # A proxy in front that collects answers would keep the events to itself.
            await start(send, 200, b"text/event-stream", (b"x-accel-buffering", b"no"), *headers)
            await self._follow(first, again, leaves, send)
            await part(send, b"", more=False)
        except (OSError, TimeoutError):
            return  # nobody is there any more
        finally:
            self._open -= 1
            leaves.cancel()

    async def _follow(
        self, found: Events, again: Callable[[], HttpResponseBase], leaves: "asyncio.Task[None]", send: Send
    ) -> None:
        told: dict[str, str] = {}
        moved: int | None = None
        while True:
            # INVARIANT: after a change it is looked twice. What the view keeps for its readers may be from just before it.
            before, moved, looked = moved, self._moved(), clock.steady()
            changed = {name: piece for name, piece in found.pieces.items() if told.get(name) != piece}
            told |= changed
            async with asyncio.timeout(_PATIENCE):
                await part(send, framed(changed or {"beat": "."}))
            if found.over:
                return
            waits = True
            while waits:
                await asyncio.wait([leaves], timeout=found.every)
                if self._ending or leaves.done():
                    return
                waits = moved is not None and before == moved == self._moved() and clock.steady() - looked < _BEAT
            response = await self._threads.run(again)
            if not isinstance(response, Events):
                # Refused, signed out or at fault: the page asks for itself, and is told which.
                await part(send, framed({"over": "."}))
                return
            found = response


def framed(pieces: Mapping[str, str]) -> bytes:
    """Events as they go over the wire, each of as many lines as its piece has."""
    made = []
    for name, piece in pieces.items():
        lines = piece.replace("\r\n", "\n").replace("\r", "\n").split("\n")
        made.append(f"event: {name}\n" + "".join(f"data: {line}\n" for line in lines) + "\n")
    return "".join(made).encode()
