"""The tree and its proofs: Certificate Transparency's known answers, and laws over every shape of tree."""

from collections.abc import Sequence
from hashlib import sha256

import pytest
from hypothesis import given
from hypothesis import strategies as st

from countermand.ledger.merkle import EMPTY_ROOT, Node, ReadHashes, fold, grow, leaf_hash, node_hash, peaks, root_of
from countermand.ledger.proofs import check_consistency, check_inclusion, prove_consistency, prove_inclusion

# The reference tree of Certificate Transparency.
INPUTS = ["", "00", "10", "2021", "3031", "40414243", "5051525354555657", "606162636465666768696a6b6c6d6e6f"]
LEAVES = [leaf_hash(bytes.fromhex(one)) for one in INPUTS]
ROOTS = [
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
]
INCLUSION = [
    (0, 1, []),
    (
        0,
        8,
        [
            "96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7",
            "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
            "6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4",
        ],
    ),
    (
        5,
        8,
        [
            "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b",
            "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0",
            "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
        ],
    ),
    (2, 3, ["fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125"]),
    (
        1,
        5,
        [
            "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
            "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
            "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b",
        ],
    ),
]
CONSISTENCY = [
    (1, 1, []),
    (
        1,
        8,
        [
            "96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7",
            "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
            "6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4",
        ],
    ),
    (
        6,
        8,
        [
            "0ebc5d3437fbe2db158b9f126a1d118e308181031d0a949f8dededebc558ef6a",
            "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0",
            "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
        ],
    ),
    (
        2,
        5,
        [
            "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
            "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b",
        ],
    ),
]


def leaves_of(size: int) -> list[bytes]:
    return [leaf_hash(str(number).encode()) for number in range(size)]


def reader(leaves: Sequence[bytes]) -> ReadHashes:
    stored = grow(0, {}, leaves)
    return lambda nodes: {node: stored[node] for node in nodes}


def recursive_root(leaves: Sequence[bytes]) -> bytes:
    """RFC 6962 §2.1 word for word: the oracle for the incremental tree."""
    if not leaves:
        return sha256(b"").digest()
    if len(leaves) == 1:
        return leaves[0]
    split = 1
    while split * 2 < len(leaves):
        split *= 2
    return node_hash(recursive_root(leaves[:split]), recursive_root(leaves[split:]))


@pytest.mark.parametrize("size", range(1, 9))
def test_known_roots(size: int) -> None:
    assert root_of(LEAVES[:size]).hex() == ROOTS[size - 1]


def test_the_empty_tree_is_the_hash_of_nothing() -> None:
    assert root_of([]) == EMPTY_ROOT == sha256(b"").digest()


@pytest.mark.parametrize(("index", "size", "path"), INCLUSION)
def test_known_inclusion_proofs(index: int, size: int, path: list[str]) -> None:
    made = prove_inclusion(index, size, reader(LEAVES))
    assert [one.hex() for one in made] == path
    assert check_inclusion(LEAVES[index], index, size, made, bytes.fromhex(ROOTS[size - 1]))


@pytest.mark.parametrize(("first", "second", "path"), CONSISTENCY)
def test_known_consistency_proofs(first: int, second: int, path: list[str]) -> None:
    made = prove_consistency(first, second, reader(LEAVES))
    assert [one.hex() for one in made] == path
    assert check_consistency(first, second, bytes.fromhex(ROOTS[first - 1]), bytes.fromhex(ROOTS[second - 1]), made)


@given(st.integers(0, 70), st.lists(st.integers(0, 20), max_size=6))
def test_growing_in_any_batches_makes_the_tree_of_the_definition(start: int, batches: list[int]) -> None:
    everything = leaves_of(start + sum(batches))
    known: dict[Node, bytes] = grow(0, {}, everything[:start])
    size = start
    for batch in batches:
        known |= grow(size, {node: known[node] for node in peaks(size)}, everything[size : size + batch])
        size += batch
        assert fold(known[node] for node in peaks(size)) == recursive_root(everything[:size])


def test_every_leaf_of_every_size_is_proven_and_proves_nothing_else() -> None:
    everything = leaves_of(20)
    read = reader(everything)
    for size in range(1, 21):
        root = root_of(everything[:size])
        for index in range(size):
            path = prove_inclusion(index, size, read)
            fitting = [
                (other, at)
                for other in range(20)
                for at in range(-1, size + 1)
                if check_inclusion(everything[other], at, size, path, root)
            ]
            assert fitting == [(index, index)]


def test_every_pair_of_sizes_is_proven_and_proves_no_other_roots() -> None:
    everything = leaves_of(16)
    roots = [root_of(everything[:size]) for size in range(17)]
    read = reader(everything)
    for second in range(17):
        for first in range(second + 1):
            path = prove_consistency(first, second, read)
            assert check_consistency(first, second, roots[first], roots[second], path)
            for other in set(range(17)) - {first, second}:
                assert not check_consistency(first, second, roots[other], roots[second], path)
                if first:  # every tree continues the empty one
                    assert not check_consistency(first, second, roots[first], roots[other], path)


@given(st.data())
def test_no_altered_proof_is_believed(data: st.DataObject) -> None:
    size = data.draw(st.integers(2, 200))
    index = data.draw(st.integers(0, size - 1))
    first = data.draw(st.integers(1, size - 1))
    everything = leaves_of(size)
    read, root = reader(everything), root_of(everything)
    for path, holds in (
        (prove_inclusion(index, size, read), lambda path: check_inclusion(everything[index], index, size, path, root)),
        (
            prove_consistency(first, size, read),
            lambda path: check_consistency(first, size, root_of(everything[:first]), root, path),
        ),
    ):
        assert holds(path)
        at = data.draw(st.integers(0, len(path) - 1))
        bit = data.draw(st.integers(0, 255))
        flipped = (int.from_bytes(path[at], "big") ^ 1 << bit).to_bytes(32, "big")
        assert not holds([*path[:at], flipped, *path[at + 1 :]])
        assert not holds([*path[:at], *path[at + 1 :]])
        assert not holds([*path, path[at]])
        assert not holds([*path[:at], path[at][:-1], *path[at + 1 :]])


@pytest.mark.parametrize(("index", "size"), [(0, 0), (-1, 3), (3, 3)])
def test_a_leaf_that_is_not_there_has_no_proof(index: int, size: int) -> None:
    with pytest.raises(ValueError, match="no leaf"):
        prove_inclusion(index, size, reader(LEAVES))


def test_a_smaller_tree_continues_nothing() -> None:
    with pytest.raises(ValueError, match="cannot continue"):
        prove_consistency(5, 4, reader(LEAVES))
    assert not check_consistency(5, 4, b"", b"", [])
