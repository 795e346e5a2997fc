"""The RFC 6962 hash tree: leaf and node hashes, roots, and how a tree grows from stored hashes of complete subtrees.

A stored hash is addressed by (level, index): the root of the complete subtree over the leaves
``index * 2**level .. (index + 1) * 2**level - 1``. Whoever has those of a tree can grow it and prove things about it
(ledger.proofs) without reading an entry.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from hashlib import sha256

#: (level, index) of a complete subtree.
Node = tuple[int, int]
#: Reads stored hashes: every node asked for, or it raises.
ReadHashes = Callable[[Sequence[Node]], Mapping[Node, bytes]]
HASH_SIZE = 32
EMPTY_ROOT = sha256(b"").digest()


def leaf_hash(entry: bytes) -> bytes:
    """MTH of one entry (RFC 6962 §2.1): the prefix byte keeps a leaf from ever passing for an inner node."""
    return sha256(b"\x00" + entry).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    return sha256(b"\x01" + left + right).digest()


def root_of(leaves: Sequence[bytes]) -> bytes:
    """The root over these leaf hashes, computed afresh."""
    return fold(peak_hashes(leaves))


def peak_hashes(leaves: Sequence[bytes]) -> list[bytes]:
    """The hashes of ``peaks(len(leaves))``, computed afresh."""
    grown = grow(0, {}, leaves)
    return [grown[node] for node in peaks(len(leaves))]


def peaks(size: int) -> list[Node]:
    """The complete subtrees, largest first, that together are a tree of ``size`` leaves."""
    found: list[Node] = []
    start = 0
    for level in range(size.bit_length() - 1, -1, -1):
        if size >> level & 1:
            found.append((level, start >> level))
            start += 1 << level
    return found


def fold(hashes: Iterable[bytes]) -> bytes:
    """One hash from those of adjoining subtrees, largest first; the empty root if there are none."""
    ordered = list(hashes)
    if not ordered:
        return EMPTY_ROOT
    result = ordered.pop()
    while ordered:
        result = node_hash(ordered.pop(), result)
    return result


def grow(size: int, known: Mapping[Node, bytes], leaves: Sequence[bytes]) -> dict[Node, bytes]:
    """The hashes that appear when ``leaves`` follow a tree of ``size`` leaves; ``known`` must hold ``peaks(size)``."""
    added: dict[Node, bytes] = {}
    for offset, leaf in enumerate(leaves):
        for node, value in _completed(size + offset, leaf, known, added):
            added[node] = value
    return added


def _completed(
    position: int, leaf: bytes, known: Mapping[Node, bytes], added: Mapping[Node, bytes]
) -> Iterator[tuple[Node, bytes]]:
    """The subtrees that the leaf at ``position`` completes, from itself upwards."""
    level, index, value = 0, position, leaf
    yield (level, index), value
    while index & 1:
        left = (level, index - 1)
        value = node_hash(added[left] if left in added else known[left], value)
        level, index = level + 1, index >> 1
        yield (level, index), value
