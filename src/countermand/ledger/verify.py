"""Verification with files alone: an export directory, or one entry's proof, against a public key held from elsewhere.

Everything is recomputed from the entries; nothing in the directory is believed but what a known key signed.
"""

from collections.abc import Iterable, Mapping, Sequence
from itertools import takewhile
from pathlib import Path

from countermand.ledger.checkpoint import Checkpoint, Verifier, opened
from countermand.ledger.errors import LedgerProblem
from countermand.ledger.merkle import leaf_hash
from countermand.ledger.proofs import check_inclusion
from countermand.ledger.prooftext import Proof, read
from countermand.ledger.tiles import CHECKPOINT, ROOM, WIDTH, Tile, Tiler, layout, unbundle


def roots_of(notes: Iterable[str], verifiers: Sequence[Verifier], size: int) -> dict[int, set[bytes]]:
    """size → the roots that signed notes state for it. LedgerProblem ``ledger-truncated`` if one is larger than ``size``."""
    found: dict[int, set[bytes]] = {}
    for note in notes:
        checkpoint = opened(note, verifiers)
        if checkpoint.size > size:
            raise LedgerProblem("ledger-truncated", size=size, kept=checkpoint.size)
        found.setdefault(checkpoint.size, set()).add(checkpoint.root)
    return found


def check_root(signed: Mapping[int, set[bytes]], size: int, root: bytes) -> None:
    """LedgerProblem ``ledger-history-differs`` if another root than this was signed for this size."""
    if signed.get(size, {root}) != {root}:
        raise LedgerProblem("ledger-history-differs", size=size)


def verify_export(directory: Path, verifiers: Sequence[Verifier], earlier: Iterable[str] = ()) -> Checkpoint:
    """The checkpoint of a directory in which everything fits. ``earlier``: signed notes that the tree must contain.

    LedgerProblem with the first thing that does not: a ledger-checkpoint-… code, ``ledger-file-missing``,
    ``ledger-file-damaged``, ``ledger-file-stray``, ``ledger-root-differs``, ``ledger-truncated``, ``ledger-history-differs``.
    """
    try:
        note = _content(directory, CHECKPOINT).decode()
    except UnicodeDecodeError as error:
        raise LedgerProblem("ledger-checkpoint-malformed", why="not UTF-8") from error
    checkpoint = opened(note, verifiers)
    _check_files(directory, checkpoint.size)
    tiler = _rebuild(directory, checkpoint.size, roots_of(earlier, verifiers, checkpoint.size))
    for tile, content in tiler.partial():
        _compare(directory, tile, content)
    if tiler.root() != checkpoint.root:
        raise LedgerProblem("ledger-root-differs", size=checkpoint.size)
    return checkpoint


def verify_proof(text: str, verifiers: Sequence[Verifier]) -> tuple[Proof, Checkpoint]:
    """A ``.tlog-proof`` that carries its entry: the entry stands at that index of that signed tree.

    LedgerProblem ``ledger-proof-malformed`` or ``ledger-proof-wrong``, or a ledger-checkpoint-… code.
    """
    proof = read(text)
    checkpoint = opened(proof.note, verifiers)
    if not check_inclusion(leaf_hash(proof.entry), proof.index, checkpoint.size, proof.path, checkpoint.root):
        raise LedgerProblem("ledger-proof-wrong", index=proof.index)
    return proof, checkpoint


def _check_files(directory: Path, size: int) -> None:
    expected = {tile.path for tile in layout(size)}
    present = {path.relative_to(directory).as_posix() for path in (directory / ROOM).rglob("*") if not path.is_dir()}
    for path in sorted(expected - present):
        raise LedgerProblem("ledger-file-missing", file=path)
    for path in sorted(present - expected):
        raise LedgerProblem("ledger-file-stray", file=path)


def _rebuild(directory: Path, size: int, signed: Mapping[int, set[bytes]]) -> Tiler:
    """The tree of the entries, each full tile compared with its file on the way."""
    tiler = Tiler()
    check_root(signed, 0, tiler.root())
    for tile in takewhile(lambda one: one.level is None, layout(size)):
        for entry in _entries(directory, tile):
            for full, content in tiler.add(leaf_hash(entry)):
                _compare(directory, full, content)
            if tiler.size in signed:
                check_root(signed, tiler.size, tiler.root())
    return tiler


def _entries(directory: Path, tile: Tile) -> list[bytes]:
    try:
        return unbundle(_content(directory, tile.path), tile.width)
    except LedgerProblem as problem:
        raise LedgerProblem(problem.code, **{**problem.params, "file": tile.path}) from problem


def _compare(directory: Path, tile: Tile, content: bytes) -> None:
    if _content(directory, tile.path) != content:
        first = tile.index * WIDTH
        raise LedgerProblem(
            "ledger-file-damaged", file=tile.path, why=f"its hashes, from {first} on, are not those of the entries"
        )


def _content(directory: Path, path: str) -> bytes:
    try:
        return (directory / path).read_bytes()
    except OSError as error:
        raise LedgerProblem("ledger-file-missing", file=path) from error
