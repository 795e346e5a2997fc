"""Threads for work that waits for the database: each keeps a connection of its own, and lets go of it at its end."""

import asyncio
import threading
from collections.abc import Callable
from concurrent.futures import Future
from queue import SimpleQueue
from typing import Any, TypeVar

from countermand.reads import installation

Result = TypeVar("Result")


class Threads:
    """``run`` from the event loop; ``end`` waits for what is under way."""

    def __init__(self, count: int, name: str) -> None:
        self._waiting: SimpleQueue[tuple[Future[Any], Callable[[], Any]] | None] = SimpleQueue()
        self._threads = [threading.Thread(target=self._work, name=f"{name}-{n}", daemon=True) for n in range(count)]
        for thread in self._threads:
            thread.start()

    async def run(self, work: Callable[[], Result]) -> Result:
        """What ``work`` returns or raises, without keeping the event loop waiting."""
        future: Future[Result] = Future()
        self._waiting.put((future, work))
        return await asyncio.wrap_future(future)

    def end(self) -> None:
        for _ in self._threads:
            self._waiting.put(None)
        for thread in self._threads:
            thread.join(10)

    def _work(self) -> None:
        try:
            while (item := self._waiting.get()) is not None:
                future, work = item
                if not future.set_running_or_notify_cancel():
                    continue
                try:
                    future.set_result(work())
                except BaseException as fault:  # the caller's to judge; the thread lives on
                    future.set_exception(fault)
                installation.tend()
        finally:
            installation.close()
