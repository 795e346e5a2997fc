"""Whose device is whose: the mapping between the two ordinals, for counting people and for telling them."""

from array import array
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from pyroaring import BitMap

from countermand.core.facts import BLOCK_SIZE
from countermand.store import bulk

#: Where the packed copy of a block's owners stands beside the sets: four bytes a device, so that a question about a million
#: of them reads seventeen rows.
SPACE, NAME = "o", "owners"


def of(devices: Iterable[int]) -> dict[int, int]:
    """Device ordinal → its owner's ordinal; devices of nobody are left out."""
    query = "SELECT ordinal, owner_id FROM store_device WHERE owner_id IS NOT NULL AND ordinal IN ({})"
    return dict(bulk.by_numbers(query, devices))


@dataclass(frozen=True, slots=True)
class BlockOwners:
    """Offset → owner's ordinal, -1 for nobody, over a whole block."""

    owners: npt.NDArray[np.int32]

    def __call__(self, devices: BitMap) -> BitMap:
        """The owners of these offsets."""
        if not devices:
            return BitMap()
        found = np.sort(self.owners[np.frombuffer(devices.to_array(), np.uint32)])
        return BitMap(array("I", found[np.searchsorted(found, 0) :].astype(np.uint32).tobytes()))


def count(fleet: Sequence[BitMap]) -> list[int]:
    """How many people own the devices of each of these sets of ordinals."""
    devices = [np.frombuffer(one.to_array(), np.uint32) for one in fleet]
    ends = [int(end) // BLOCK_SIZE for one in devices if len(one) for end in (one[0], one[-1])]
    people = [np.zeros(1, np.bool_) for _ in fleet]  # the last one is nobody: index -1
    for block in range(min(ends, default=0), max(ends, default=-1) + 1):
        whose = in_block(block).owners
        most = int(whose.max()) + 2
        for at, one in enumerate(devices):
            low, high = np.searchsorted(one, [block * BLOCK_SIZE, (block + 1) * BLOCK_SIZE])
            if high > low and most > len(people[at]):
                people[at] = np.append(people[at][:-1], np.zeros(most + len(people[at]), np.bool_))
            people[at][whose[one[low:high] % BLOCK_SIZE]] = True
    return [int(np.count_nonzero(one[:-1])) for one in people]


def in_block(block: int) -> BlockOwners:
    """Whose the devices of a block are, from the packed copy if there is one, else from the rows."""
    rows = bulk.all_rows("SELECT bitmap FROM store_factset WHERE space = %s AND block = %s AND name = %s", [SPACE, block, NAME])
    return BlockOwners(np.frombuffer(bytes(rows[0][0]), "<i4") if rows else from_rows(block))


def from_rows(block: int) -> npt.NDArray[np.int32]:
    """The same as the rows of devices say it."""
    owners = np.full(BLOCK_SIZE, -1, "<i4")
    first = block * BLOCK_SIZE
    query = "SELECT ordinal, owner_id FROM store_device WHERE ordinal >= %s AND ordinal < %s AND owner_id IS NOT NULL"
    if rows := bulk.all_rows(query, [first, first + BLOCK_SIZE]):
        ordinals, found = np.array(rows, np.int64).T
        owners[ordinals - first] = found
    return owners


def pack(changes: Mapping[int, int | None]) -> None:
    """Bring the packed copies up to these changes (device → owner), whose rows are written already, in the caller's unit. A
    block without a copy gets one: its rows are read for that, and then never again."""
    blocks: dict[int, dict[int, int]] = {}
    for ordinal, owner in changes.items():
        blocks.setdefault(ordinal // BLOCK_SIZE, {})[ordinal % BLOCK_SIZE] = -1 if owner is None else owner
    for block, members in sorted(blocks.items()):
        owners = in_block(block).owners.copy()
        owners[list(members)] = list(members.values())
        bulk.write(
            "INSERT INTO store_factset (space, name, block, bitmap) VALUES (%s, %s, %s, %s) "
            "ON CONFLICT (space, block, name) DO UPDATE SET bitmap = excluded.bitmap",
            [(SPACE, NAME, block, owners.tobytes())],
        )
