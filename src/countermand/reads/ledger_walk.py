"""The walk over the stored ledger that believes nothing stored: leaves, hashes and roots are computed from the entries."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice

from countermand.ledger.checkpoint import Verifier
from countermand.ledger.errors import LedgerProblem
from countermand.ledger.merkle import Node, fold, grow, leaf_hash, peaks
from countermand.ledger.verify import check_root, roots_of
from countermand.store import tree

_PAGE = 1_000


@dataclass(slots=True)
class Walked:
    """How far the walk came: entries and checkpoints found good, and what stopped it."""

    entries: int = 0
    checkpoints: int = 0
    problem: LedgerProblem | None = None


def walk(verifiers: Sequence[Verifier], kept: Sequence[str]) -> Walked:
    """Everything stored, checked, up to the first problem."""
    seen = Walked()
    try:
        signed = _signed(verifiers, seen)
        size = max(signed, default=0)
        for at, root in roots_of(kept, verifiers, size).items():
            signed.setdefault(at, set()).update(root)
        hashes = _climb(signed, seen)
        if seen.entries < size:
            raise LedgerProblem("ledger-leaf-missing", index=seen.entries)
        if seen.entries > size:
            raise LedgerProblem("ledger-tail-unsigned", count=seen.entries - size)
        if (stored := tree.hash_count()) != hashes:
            raise LedgerProblem("ledger-hash-stray", stored=stored, count=hashes)
    except LedgerProblem as problem:
        seen.problem = problem
    return seen


def _signed(verifiers: Sequence[Verifier], seen: Walked) -> dict[int, set[bytes]]:
    """size → root of every stored checkpoint, its signature verified."""
    found: dict[int, set[bytes]] = {}
    for stored in tree.checkpoints():
        roots = roots_of([stored.note], verifiers, stored.size)
        if stored.size not in roots:
            raise LedgerProblem("ledger-checkpoint-malformed", why=f"it is stored as one of {stored.size} entries")
        found |= roots
        seen.checkpoints += 1
    return found


def _climb(signed: Mapping[int, set[bytes]], seen: Walked) -> int:
    """Rebuild the tree page by page; each root that was signed is met on the way, so each checkpoint continues the one
    before. Returns how many hashes the tree has."""
    known: dict[Node, bytes] = {}
    count = 0
    for page in _pages():
        start = seen.entries
        for offset, row in enumerate(page):
            if row.leaf != start + offset:
                raise LedgerProblem("ledger-leaf-missing", index=start + offset)
        added = grow(start, known, [leaf_hash(row.entry) for row in page])
        _compare(added)
        known |= added
        _check_roots(signed, known, seen, start + len(page))
        count += len(added)
        known = {node: known[node] for node in peaks(seen.entries)}
    return count


def _check_roots(signed: Mapping[int, set[bytes]], known: Mapping[Node, bytes], seen: Walked, end: int) -> None:
    """Count the entries up to ``end``, comparing the root wherever one was signed."""
    for size in range(seen.entries + 1, end + 1):
        if size in signed:
            root = fold(known[node] for node in peaks(size))
            check_root(signed, size, root)
        seen.entries = size


def _pages() -> Iterator[list[tree.Row]]:
    rows = tree.sealed()
    while page := list(islice(rows, _PAGE)):
        yield page


def _compare(added: Mapping[Node, bytes]) -> None:
    """The stored hashes of these nodes are those computed; the lowest that differs is named."""
    levels: dict[int, list[int]] = {}
    for level, index in added:
        levels.setdefault(level, []).append(index)
    for level, indexes in sorted(levels.items()):
        stored = tree.hash_row(level, min(indexes), max(indexes) + 1)
        for index in sorted(indexes):
            if stored.get((level, index)) != added[level, index]:
                raise LedgerProblem("ledger-hash-differs", level=level, index=index)
