"""Reading a snapshot: verified once when it is opened, then mapped and looked up in place, a few microseconds each."""

import hashlib
import mmap
import struct
from bisect import bisect_left
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pyroaring import BitMap

from countermand.core.decision import Standing
from countermand.core.errors import Refused
from countermand.core.instants import Instant
from countermand.lib.keys import VerifyKey
from countermand.lib.read_json import read_json
from countermand.snapshot.format import BODY, ENTRY, HEAD_LENGTH, MAGIC, PREFIX_BITS, PREFIX_SHIFT, TABLES
from countermand.snapshot.records import standing_of
from countermand.snapshot.signed import SNAPSHOT, Certificate, certificate, verified

#: lineage → block → [(from, offsets)], earliest first.
Blocks = dict[str, dict[int, list[tuple[Instant, BitMap]]]]


@dataclass(frozen=True, slots=True)
class Header:
    """What the file is, as its signed header says."""

    epoch: int
    n: int
    digest: str
    time: Instant
    hash_key: str
    size: int
    sha256: str
    sections: dict[str, tuple[int, int]]
    certificate: Certificate


class Table:
    """Hash → ordinal, in place: the top 16 bits of a hash lead to a handful of neighbours. ``prefix``, ``hashes`` and
    ``ordinals`` are its three sections (snapshot.format)."""

    __slots__ = ("hashes", "ordinals", "prefix")

    def __init__(self, prefix: memoryview, hashes: memoryview, ordinals: memoryview) -> None:
        self.prefix = prefix.cast("I")
        self.hashes = hashes.cast("Q")
        self.ordinals = ordinals.cast("I")
        if len(self.prefix) != (1 << PREFIX_BITS) + 1 or len(self.hashes) != len(self.ordinals):
            raise ValueError("the parts of a table do not fit together")

    def __len__(self) -> int:
        return len(self.hashes)

    def find(self, number: int) -> int | None:
        """The ordinal of this hash, or None."""
        bucket = number >> PREFIX_SHIFT
        end = self.prefix[bucket + 1]
        place = bisect_left(self.hashes, number, self.prefix[bucket], end)
        return self.ordinals[place] if place < end and self.hashes[place] == number else None


class Snapshot:
    """An open, verified snapshot. ``standings``, ``denials``, ``unregistered`` and ``protected`` are in memory."""

    def __init__(self, path: Path, root: VerifyKey, hash_key: str | None = None) -> None:
        """Open and verify. Refused ``snapshot-damaged``, ``snapshot-forged``, or ``snapshot-foreign`` (another hash key)."""
        self.path = path
        with path.open("rb") as file:
            self.header = read_header(file.read(BODY), root, path)
            if path.stat().st_size != self.header.size or self.header.size < BODY:
                raise _damaged(path, "its size is not the one that was signed")
            self._map = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
        view = memoryview(self._map)
        if hashlib.sha256(view[BODY:]).hexdigest() != self.header.sha256:
            raise _damaged(path, "its contents are not those that were signed")
        if hash_key is not None and self.header.hash_key != hash_key:
            raise Refused("snapshot-foreign", file=str(path))
        try:
            self._read_sections(view)
        except (KeyError, ValueError, struct.error) as wrong:
            raise _damaged(path, f"a part cannot be read: {wrong}") from None

    def _read_sections(self, view: memoryview) -> None:
        parts = {name: view[start : start + length] for name, (start, length) in self.header.sections.items()}
        self.identities, self.logins = (
            Table(parts[f"{name}.prefix"], parts[f"{name}.hashes"], parts[f"{name}.ordinals"]) for name in TABLES
        )
        self.protected = frozenset(parts["protected"].cast("Q"))
        self.standings: list[Standing] = [standing_of(body) for body in read_json(bytes(parts["standings"]))]
        self.denials = _blocks(parts["denials"])
        self.unregistered = _blocks(parts["unregistered"])
        #: language → block of people → who is to be spoken to in it.
        self.spoken: dict[str, dict[int, BitMap]] = {}
        for language, block, _, offsets in _entries(parts.get("spoken", view[:0])):
            self.spoken.setdefault(language, {})[block] = offsets


def read_header(start: bytes, root: VerifyKey, path: Path) -> Header:
    """The verified header from a file's first bytes (at least ``BODY`` of them)."""
    if start[: len(MAGIC)] != MAGIC or len(start) < len(MAGIC) + HEAD_LENGTH.size:
        raise _damaged(path, "it is not a snapshot of this layout")
    (length,) = HEAD_LENGTH.unpack_from(start, len(MAGIC))
    lines = start[len(MAGIC) + HEAD_LENGTH.size :][:length].splitlines(keepends=True)
    if len(lines) != 2:
        raise _damaged(path, "its head is incomplete")
    try:
        vouched = certificate(root, lines[0])
        value = verified(vouched.key, lines[1])
    except Refused as refused:
        code = "snapshot-forged" if refused.code == "feed-forged" else "snapshot-damaged"
        raise Refused(code, file=str(path), why=refused.params["why"]) from None
    if value.get("kind") != SNAPSHOT:
        raise Refused("snapshot-forged", file=str(path), why="its header is signed for something else")
    return _header(value, vouched)


def _header(value: dict[str, Any], vouched: Certificate) -> Header:
    sections = {name: (start, length) for name, (start, length) in value["sections"].items()}
    return Header(
        value["epoch"],
        value["n"],
        value["digest"],
        value["time"],
        value["hash_key"],
        value["size"],
        value["sha256"],
        sections,
        vouched,
    )


def _blocks(view: memoryview) -> Blocks:
    found: Blocks = {}
    for lineage, block, start, offsets in _entries(view):
        found.setdefault(lineage, {}).setdefault(block, []).append((start, offsets))
    for blocks in found.values():
        for entries in blocks.values():
            entries.sort(key=lambda entry: entry[0])
    return found


def _entries(view: memoryview) -> Iterator[tuple[str, int, Instant, BitMap]]:
    place = 0
    while place < len(view):
        block, start, named, length = ENTRY.unpack_from(view, place)
        place += ENTRY.size
        lineage = bytes(view[place : place + named]).decode()
        place += named
        yield lineage, block, start, BitMap.deserialize(bytes(view[place : place + length]))
        place += length


def _damaged(path: Path, why: str) -> Refused:
    return Refused("snapshot-damaged", file=str(path), why=why)
