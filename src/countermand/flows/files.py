"""Files that imports read: twice, in bounded pieces, and what an import says of itself.

A file is read twice. The first reading checks every row, and nothing is written if any of them is wrong. The second
writes, in chunks that are each one short transaction, as many rows as this machine can write in a moment, so that the stop
button never waits for an import of a million rows. A crash between two chunks leaves whole rows, sets that agree with them
and a ledger that says how far it came; importing the same file again finishes the work. A file that changed between the
readings is refused.
"""

import hashlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import islice
from pathlib import Path
from typing import BinaryIO, TypeVar

from countermand.core import pace
from countermand.core.errors import Refused
from countermand.core.table import LINE, ColumnMapping, Problems
from countermand.lib import clock

Item = TypeVar("Item")

#: Told how many rows were written since it was last told, for a bar.
Progress = Callable[[int], None]

#: Rows that are read together.
CHUNK = 500


@dataclass(frozen=True, slots=True)
class Brought:
    """Counts of an import, or in a dry run what they would be. ``doubts``: what asks for a second look.

    ``moved``: devices whose sets changed (0 in a dry run); ``surfaced``: watched apps newly seen.
    """

    rows: int = 0
    added: int = 0
    changed: int = 0
    moved: int = 0
    surfaced: int = 0
    doubts: tuple[Refused, ...] = ()


class Lines:
    """A file's lines, read as often as needed; each reading after the first has to give the same bytes. ``mapping``: how they are
    read as ours, if they are another table's."""

    def __init__(self, path: Path, mapping: ColumnMapping | None = None) -> None:
        self.name = path.name
        self.mapping = mapping
        self._path = path
        self._digest = ""

    @property
    def digest(self) -> str:
        """Hex SHA-256 of what was read."""
        return self._digest

    def problems(self) -> Problems:
        """Where what is wrong with the file is collected, told in its own words."""
        return Problems(self.name, names=self.mapping.names if self.mapping else {})

    def read(self) -> Iterator[bytes]:
        """The lines, cut at ``LINE`` bytes. Refused ``file-changed`` at the end if it is not what it was the first time."""
        seen = hashlib.sha256()
        with self._open() as file:
            for piece in iter(partial(file.readline, LINE), b""):
                seen.update(piece)
                yield piece
        if self._digest and seen.hexdigest() != self._digest:
            raise Refused("file-changed")
        self._digest = seen.hexdigest()

    def _open(self) -> BinaryIO:
        try:
            return self._path.open("rb")
        except OSError as wrong:
            raise Refused("unreadable-file", path=str(self._path), why=wrong.strerror or str(wrong)) from wrong


def chunks(items: Iterator[Item], size: int = CHUNK) -> Iterator[list[Item]]:
    """``items`` in lists of at most ``size``."""
    while part := list(islice(items, size)):
        yield part


def paced(items: Iterator[Item], fewest: int = 0, most: int = pace.MOST) -> Iterator[list[Item]]:
    """``items`` in lists of as many as the caller deals with in a short transaction each: what it does with one list is timed,
    and the next is longer or shorter accordingly, between these two."""
    size = max(pace.FIRST, fewest)
    while part := list(islice(items, size)):
        began = clock.steady()
        yield part
        size = pace.next_size(size, clock.steady() - began, max(fewest, pace.LEAST), most)


def silent(steps: int) -> None:
    """No bar."""


def settle_doubts(doubts: Sequence[Refused], *, confirmed: bool) -> None:
    """Refused ``import-held`` when something asks for a second look and nobody gave it."""
    if doubts and not confirmed:
        raise Refused("import-held", why=" ".join(doubt.sentence for doubt in doubts).rstrip("."))
