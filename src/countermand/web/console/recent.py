"""What was read a moment ago, so that a page that many have open does not walk the fleet for each of them."""

import threading
from collections.abc import Callable
from typing import Generic, TypeVar

from countermand.lib import clock

Value = TypeVar("Value")
_MOST = 200


class Recent(Generic[Value]):
    """``kept``: milliseconds. While one reads, others who want the same wait for it."""

    def __init__(self, kept: int) -> None:
        self._kept = kept
        self._found: dict[str, tuple[int, Value]] = {}
        self._turns: dict[str, threading.Lock] = {}
        self._lock = threading.Lock()

    def get(self, name: str, read: Callable[[], Value]) -> Value:
        with self._lock:
            turn = self._turns.setdefault(name, threading.Lock())
        with turn:
            known = self._found.get(name)
            if known is not None and clock.steady() - known[0] < self._kept:
                return known[1]
            value = read()
            with self._lock:
                if len(self._found) > _MOST:
                    self._found.clear()
                self._found[name] = (clock.steady(), value)
            return value

    def forget(self) -> None:
        """What was just changed is read anew."""
        with self._lock:
            self._found.clear()
