"""The stop: while its file exists, or after SIGUSR1, a gate lets everything through. It needs no database, network or login.

SIGUSR2 takes the signal back; the file is taken back by deleting it.
"""

from pathlib import Path


class Stop:
    """``on`` is what decisions read; ``look`` looks at the disk and is called a few times a second, not per request."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._signalled = False
        self.on = path.exists()

    def look(self) -> bool:
        """True if it changed."""
        before = self.on
        self.on = self._signalled or self._path.exists()
        return self.on != before

    def signal(self, on: bool) -> None:
        self._signalled = on
