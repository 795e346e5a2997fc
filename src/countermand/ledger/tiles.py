"""The C2SP tlog-tiles directory: where its files are, what is in them, and how they are cut from a growing tree.

``checkpoint``, ``tile/<L>/<N>`` (256 hashes of tree level 8·L), ``tile/entries/<N>`` (256 entries), and for what is not
full yet ``….p/<W>`` with W of them.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from countermand.ledger.errors import LedgerProblem
from countermand.ledger.merkle import fold, leaf_hash, peak_hashes, root_of

WIDTH = 256
CHECKPOINT = "checkpoint"
ROOM = "tile"


@dataclass(frozen=True, slots=True)
class Tile:
    """One file: ``level`` None for a bundle of entries. ``width`` is how many hashes or entries it holds, at most 256."""

    level: int | None
    index: int
    width: int

    @property
    def path(self) -> str:
        """Relative, with forward slashes: ``tile/0/x001/234.p/7``."""
        part = f".p/{self.width}" if self.width < WIDTH else ""
        return f"{ROOM}/{'entries' if self.level is None else self.level}/{_index_path(self.index)}{part}"


def _index_path(index: int) -> str:
    elements = [f"{index % 1000:03}"]
    while index := index // 1000:
        elements.append(f"x{index % 1000:03}")
    return "/".join(reversed(elements))


def layout(size: int) -> Iterator[Tile]:
    """Every file, but the checkpoint, of a tree of ``size`` leaves."""
    yield from _row(None, size)
    level, count = 0, size
    while count:
        yield from _row(level, count)
        level, count = level + 1, count // WIDTH


def _row(level: int | None, count: int) -> Iterator[Tile]:
    full, rest = divmod(count, WIDTH)
    yield from (Tile(level, index, WIDTH) for index in range(full))
    if rest:
        yield Tile(level, full, rest)


def bundle(entries: Sequence[bytes]) -> bytes:
    """Entries, each behind its length in two bytes, big-endian."""
    return b"".join(len(entry).to_bytes(2, "big") + entry for entry in entries)


def unbundle(packed: bytes, width: int) -> list[bytes]:
    """The ``width`` entries of a bundle. LedgerProblem ``ledger-file-damaged`` if there are fewer, or anything follows."""
    entries: list[bytes] = []
    at = 0
    while at + 2 <= len(packed) and len(entries) < width:
        end = at + 2 + int.from_bytes(packed[at : at + 2], "big")
        entries.append(packed[at + 2 : end])
        at = end
    if len(entries) != width or at != len(packed):
        raise LedgerProblem("ledger-file-damaged", file="", why=f"it does not hold exactly {width} entries")
    return entries


class Tiler:
    """A growing tree as its unfinished tiles, one per level: flat memory, whatever the size."""

    def __init__(self) -> None:
        self.size = 0
        self._open: list[list[bytes]] = [[]]

    def add(self, leaf: bytes) -> Iterator[tuple[Tile, bytes]]:
        """Take the next leaf hash; yields each tile that it fills, with the file's content. Must be consumed."""
        level, value = 0, leaf
        self.size += 1
        while True:
            row = self._open[level]
            row.append(value)
            if len(row) < WIDTH:
                return
            self._open[level] = []
            if level + 1 == len(self._open):
                self._open.append([])
            yield Tile(level, (self.size >> 8 * (level + 1)) - 1, WIDTH), b"".join(row)
            level, value = level + 1, root_of(row)

    def partial(self) -> Iterator[tuple[Tile, bytes]]:
        """The tiles that are not full at this size."""
        for level, row in enumerate(self._open):
            if row:
                yield Tile(level, self.size >> 8 * (level + 1), len(row)), b"".join(row)

    def root(self) -> bytes:
        """The root of the tree so far."""
        return fold(value for row in reversed(self._open) for value in peak_hashes(row))


def write(directory: Path, note: str, size: int, root: bytes, entries: Iterable[bytes]) -> int:
    """Write the directory for a checkpoint of ``size`` and ``root``; returns the number of files. One pass, flat memory.

    The checkpoint is written last, so a directory with one is whole. LedgerProblem ``ledger-export-occupied`` if there is
    anything in the directory, ``ledger-root-differs`` (and no checkpoint) if the entries do not make that root.
    """
    if directory.exists() and any(directory.iterdir()):
        raise LedgerProblem("ledger-export-occupied", file=str(directory))
    tiler, source, files = Tiler(), iter(entries), 0
    while part := list(islice(source, WIDTH)):
        files += _put(directory, Tile(None, tiler.size // WIDTH, len(part)), bundle(part))
        for entry in part:
            files += sum(_put(directory, tile, content) for tile, content in tiler.add(leaf_hash(entry)))
    files += sum(_put(directory, tile, content) for tile, content in tiler.partial())
    if tiler.size != size or tiler.root() != root:
        raise LedgerProblem("ledger-root-differs", size=size)
    directory.mkdir(parents=True, exist_ok=True)
    (directory / CHECKPOINT).write_bytes(note.encode())
    return files + 1


def _put(directory: Path, tile: Tile, content: bytes) -> int:
    path = directory / tile.path
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    return 1
