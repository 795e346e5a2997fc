"""The stop: while its file exists, or after SIGUSR1, a gate lets everything through. It needs no database, network or login.

SIGUSR2 takes the signal back; the file is taken back by deleting it.
"""

from collections.abc import Callable
from pathlib import Path


class Stop:
    """``on`` is what decisions read; ``look`` looks at the disk and is called a few times a second, not per request.
    ``changed`` is told of every change, at once: a gate that is open must not be so quietly."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._signalled = False
        self.on = path.exists()
        self.changed: Callable[[bool], None] = lambda on: None

    def look(self) -> None:
        before = self.on
        self.on = self._signalled or self._path.exists()
        if self.on != before:
            self.changed(self.on)

    def signal(self, on: bool) -> None:
        """SIGUSR1 (on) or SIGUSR2 came: no need to wait for the next look."""
        self._signalled = on
        self.look()
