"""Waking listeners: one thread watches the database for commits and tells every stream of gates at once; the console's streams
see by its count whether anything was committed."""

import asyncio
import threading

from countermand.reads import feed

#: A committed record reaches listening gates within about this, in seconds.
_LOOK_EVERY = 0.02


class Waker:
    """``next()`` before looking, wait for it after: nothing that is committed in between is missed. ``moved``: how often
    somebody committed something, of whatever kind, as far as it was noticed."""

    def __init__(self) -> None:
        self.ended = False
        self.moved = 0
        self._loop = asyncio.get_running_loop()
        self._future: asyncio.Future[None] = self._loop.create_future()

    def next(self) -> "asyncio.Future[None]":
        """Done at the next change."""
        return self._future

    def wake(self) -> None:
        done, self._future = self._future, self._loop.create_future()
        done.set_result(None)

    def end(self) -> None:
        """No more streams. May be called from a signal's handler."""
        self.ended = True
        self._loop.call_soon_threadsafe(self.wake)

    def watch(self, stop: threading.Event) -> None:
        """Run in a thread of its own: wake whenever the feed has moved."""
        seen: int | None = None
        newest = feed.newest()
        while not stop.is_set():
            tick = feed.tick()
            if tick is None or tick != seen:
                seen = tick
                self.moved += 1
                now = feed.newest()
                if now != newest:
                    newest = now
                    self._loop.call_soon_threadsafe(self.wake)
            stop.wait(_LOOK_EVERY)
