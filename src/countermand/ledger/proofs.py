"""Inclusion and consistency proofs of the RFC 6962 tree: made from stored hashes, checked from the proof alone.

Making follows the recursive definitions of RFC 6962 §2.1.1 and §2.1.2, checking the iterative ones of RFC 9162 §2.1.3.2
and §2.1.4.2, so a mistake in one does not hide in the other.
"""

from collections.abc import Iterator, Sequence

from countermand.ledger.merkle import EMPTY_ROOT, HASH_SIZE, Node, ReadHashes, fold, node_hash, peaks

#: Leaves ``start`` up to, not including, ``end``.
_Span = tuple[int, int]


def prove_inclusion(index: int, size: int, read: ReadHashes) -> list[bytes]:
    """The sibling hashes from the leaf at ``index`` up to the root of the first ``size`` leaves."""
    if not 0 <= index < size:
        raise ValueError(f"no leaf {index} among {size}")
    spans: list[_Span] = []
    start, end = 0, size
    while end - start > 1:
        middle = start + _split(end - start)
        if index < middle:
            spans.append((middle, end))
            end = middle
        else:
            spans.append((start, middle))
            start = middle
    return _hashes(spans[::-1], read)


def prove_consistency(first: int, second: int, read: ReadHashes) -> list[bytes]:
    """Hashes that show the first ``second`` leaves to begin with the first ``first``. Empty for 0 and for equal sizes."""
    if not 0 <= first <= second:
        raise ValueError(f"a tree of {second} cannot continue one of {first}")
    if first in (0, second):
        return []
    spans: list[_Span] = []
    start, end = 0, second
    while first != end:
        middle = start + _split(end - start)
        if first <= middle:
            spans.append((middle, end))
            end = middle
        else:
            spans.append((start, middle))
            start = middle
    if start:  # the old tree is not itself a subtree of the new one, so its last part must be given
        spans.append((start, end))
    return _hashes(spans[::-1], read)


def check_inclusion(leaf: bytes, index: int, size: int, path: Sequence[bytes], root: bytes) -> bool:
    """True if ``path`` leads from this leaf hash at ``index`` to ``root`` in a tree of ``size`` leaves."""
    if not 0 <= index < size or not _well_formed(path):
        return False
    position, last, value = index, size - 1, leaf
    for sibling in path:
        if last == 0:
            return False
        if position & 1 or position == last:
            value = node_hash(sibling, value)
            while not position & 1 and position:
                position, last = position >> 1, last >> 1
        else:
            value = node_hash(value, sibling)
        position, last = position >> 1, last >> 1
    return last == 0 and value == root


def check_consistency(first: int, second: int, old: bytes, new: bytes, path: Sequence[bytes]) -> bool:
    """True if the tree of ``second`` leaves with root ``new`` begins with the tree of ``first`` leaves with root ``old``."""
    if not 0 <= first <= second or not _well_formed(path):
        return False
    if first == second:
        return not path and old == new
    if first == 0:
        return not path and old == EMPTY_ROOT
    steps = iter(path if first & (first - 1) else [old, *path])
    return _climb(first - 1, second - 1, steps) == (old, new)


def _climb(position: int, last: int, steps: Iterator[bytes]) -> tuple[bytes, bytes] | None:
    """The old and the new root to which a consistency proof leads; None if it is too short or too long."""
    while position & 1:
        position, last = position >> 1, last >> 1
    start = next(steps, None)
    if start is None:
        return None
    was = now = start
    for step in steps:
        if last == 0:
            return None
        if position & 1 or position == last:
            was, now = node_hash(step, was), node_hash(step, now)
            while not position & 1 and position:
                position, last = position >> 1, last >> 1
        else:
            now = node_hash(now, step)
        position, last = position >> 1, last >> 1
    return (was, now) if last == 0 else None


def _split(width: int) -> int:
    """The largest power of two smaller than ``width`` (which is more than 1)."""
    return 1 << ((width - 1).bit_length() - 1)


def _nodes(span: _Span) -> list[Node]:
    """The complete subtrees that make up a span; spans of proofs start at a multiple of their largest one."""
    start, end = span
    return [(level, index + (start >> level)) for level, index in peaks(end - start)]


def _hashes(spans: Sequence[_Span], read: ReadHashes) -> list[bytes]:
    """The hash of each span, all stored hashes read at once."""
    parts = [_nodes(span) for span in spans]
    known = read([node for nodes in parts for node in nodes])
    return [fold(known[node] for node in nodes) for nodes in parts]


def _well_formed(path: Sequence[bytes]) -> bool:
    return all(len(one) == HASH_SIZE for one in path)
