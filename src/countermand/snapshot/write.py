"""Writing a snapshot: streamed in, sorted bucket by bucket, signed, and moved into place whole. Memory stays bounded.

A hash that would name two ordinals names neither: the odds are 1 in 30 million for a million devices, and to be wrong is
worse than to be late.
"""

import hashlib
import struct
import tempfile
from array import array
from collections.abc import Iterable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from itertools import accumulate, pairwise
from pathlib import Path
from typing import IO

from pyroaring import BitMap

from countermand.core.canonical import canonical
from countermand.core.decision import Standing
from countermand.core.errors import Refused
from countermand.core.instants import Instant
from countermand.lib import drafts
from countermand.lib.keys import SigningKey
from countermand.snapshot.format import BODY, ENTRY, HEAD_LENGTH, MAGIC, PREFIX_BITS, PREFIX_SHIFT
from countermand.snapshot.records import standing_body
from countermand.snapshot.signed import SNAPSHOT, sign

_PAIR = struct.Struct("<QI")
#: Entries are sorted in this many parts, by their top bits; each part must fit in memory.
_BUCKET_BITS = 6
#: Bytes of one part that are kept in memory; more of it goes into a file. A small fleet needs none.
_KEPT = 1 << 18


@dataclass(frozen=True, slots=True)
class Entry:
    """From ``start``, these offsets of the block are denied by the lineage."""

    lineage: str
    block: int
    start: Instant
    offsets: BitMap


@dataclass(frozen=True, slots=True)
class Contents:
    """What goes in. The iterables are read once, in this order, and may be generators over a database cursor."""

    identities: Iterable[tuple[int, int]]  # (hash, device ordinal)
    logins: Iterable[tuple[int, int]]  # (hash, person ordinal)
    protected: Iterable[int]
    standings: Sequence[Standing]
    denials: Iterable[Entry]
    unregistered: Iterable[Entry]
    spoken: Iterable[tuple[str, int, BitMap]] = ()  # (language, block of people, offsets)


@dataclass(frozen=True, slots=True)
class Stamp:
    """As of when the contents are: after record ``n`` of ``epoch``, whose digest is ``digest``, at the control plane's
    ``time``; ``hash_key`` is Hashes.key_id."""

    epoch: int
    n: int
    digest: str
    time: Instant
    hash_key: str


def write(path: Path, stamp: Stamp, contents: Contents, key: SigningKey, certificate: bytes) -> int:
    """Write the file; returns its size in bytes. It appears under its name complete or not at all."""
    with drafts.draft(path) as file:
        body = _Body(file)
        body.table("identities", contents.identities, path.parent)
        body.table("logins", contents.logins, path.parent)
        body.section("protected", [_bytes("Q", sorted(set(contents.protected)))])
        body.section("standings", [canonical([standing_body(standing) for standing in contents.standings])])
        body.section("denials", _coded(contents.denials))
        body.section("unregistered", _coded(contents.unregistered))
        body.section("spoken", _coded(Entry(language, block, 0, offsets) for language, block, offsets in contents.spoken))
        _head(file, stamp, body, key, certificate)
    return body.end


class _Body:
    """The body as it grows: sections one after another, each on a multiple of 8 bytes, and their running SHA-256."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file
        self.end = BODY
        self.sections: dict[str, list[int]] = {}
        self.sha256 = hashlib.sha256()
        file.seek(BODY)

    def section(self, name: str, chunks: Iterable[bytes]) -> None:
        start = self.end
        for chunk in chunks:
            self._put(chunk)
        self.sections[name] = [start, self.end - start]
        self._put(b"\0" * (-self.end % 8))

    def table(self, name: str, pairs: Iterable[tuple[int, int]], scratch: Path) -> None:
        """The three sections of a table of (hash, ordinal)."""
        counts = array("I", bytes(4 * ((1 << PREFIX_BITS) + 1)))
        with tempfile.SpooledTemporaryFile(_KEPT, dir=str(scratch)) as ordinals:

            def hashes() -> Iterator[bytes]:
                for bucket in _sorted_buckets(pairs, scratch):
                    for number, _ in bucket:
                        counts[(number >> PREFIX_SHIFT) + 1] += 1
                    ordinals.write(_bytes("I", [ordinal for _, ordinal in bucket]))
                    yield _bytes("Q", [number for number, _ in bucket])

            self.section(f"{name}.hashes", hashes())
            ordinals.seek(0)
            self.section(f"{name}.ordinals", iter(lambda: ordinals.read(1 << 20), b""))
        self.section(f"{name}.prefix", [array("I", accumulate(counts)).tobytes()])

    def _put(self, chunk: bytes) -> None:
        self._file.write(chunk)
        self.sha256.update(chunk)
        self.end += len(chunk)


def _sorted_buckets(pairs: Iterable[tuple[int, int]], scratch: Path) -> Iterator[list[tuple[int, int]]]:
    """The pairs in ascending order of hash, without those whose hash names two ordinals, part by part."""
    shift = 64 - _BUCKET_BITS
    parts = [bytearray() for _ in range(1 << _BUCKET_BITS)]
    files: dict[int, IO[bytes]] = {}
    with ExitStack() as open_files:
        for number, ordinal in pairs:
            part = parts[number >> shift]
            part += _PAIR.pack(number, ordinal)
            if len(part) >= _KEPT:
                place = number >> shift
                if place not in files:
                    files[place] = open_files.enter_context(tempfile.TemporaryFile(dir=scratch))
                files[place].write(part)
                part.clear()
        for place, part in enumerate(parts):
            if place in files:
                files[place].seek(0)
                part[:0] = files[place].read()
            yield _unambiguous(sorted(set(_PAIR.iter_unpack(part))))
            part.clear()


def _unambiguous(pairs: list[tuple[int, int]]) -> list[tuple[int, int]]:
    twice = {left[0] for left, right in pairwise(pairs) if left[0] == right[0]}
    return [pair for pair in pairs if pair[0] not in twice] if twice else pairs


def _bytes(code: str, numbers: list[int]) -> bytes:
    return struct.pack(f"<{len(numbers)}{code}", *numbers)


def _coded(entries: Iterable[Entry]) -> Iterator[bytes]:
    for entry in entries:
        lineage, bitmap = entry.lineage.encode(), entry.offsets.serialize()
        yield ENTRY.pack(entry.block, entry.start, len(lineage), len(bitmap)) + lineage + bitmap


def _head(file: IO[bytes], stamp: Stamp, body: _Body, key: SigningKey, certificate: bytes) -> None:
    header = {
        "kind": SNAPSHOT,
        "epoch": stamp.epoch,
        "n": stamp.n,
        "digest": stamp.digest,
        "time": stamp.time,
        "hash_key": stamp.hash_key,
        "sha256": body.sha256.hexdigest(),
        "size": body.end,
        "sections": body.sections,
    }
    lines = certificate + sign(key, header)
    head = MAGIC + HEAD_LENGTH.pack(len(lines)) + lines
    if len(head) > BODY:
        raise Refused("snapshot-damaged", file=str(file.name), why="the head is too long")
    file.seek(0)
    file.write(head)
