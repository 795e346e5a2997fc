"""Sealing: committed ledger rows get their place in the tree, and the tree gets a signature. Nothing else assigns a leaf."""

from dataclasses import dataclass
from pathlib import Path

from countermand.access import Act, require
from countermand.core.errors import Refused
from countermand.core.instants import SECOND, Instant
from countermand.flows import kept
from countermand.ledger import checkpoint as checkpoints
from countermand.ledger.errors import LedgerProblem
from countermand.ledger.merkle import EMPTY_ROOT, fold, grow, leaf_hash, peaks
from countermand.lib import keys
from countermand.store import installation, lease, tree
from countermand.store.unit import aside, reading

#: Entries sealed at a time: a batch is written well within the 200 ms that a transaction may last.
BATCH = 2_000
#: A sealer that dies is followed by another after this long.
_LEASE = 10 * SECOND


@dataclass(frozen=True, slots=True)
class Sealed:
    """A batch that now stands in the tree. ``more`` is True if rows were waiting behind it; ``note`` is the checkpoint."""

    first: int
    size: int
    note: str
    at: Instant
    more: bool

    @property
    def count(self) -> int:
        return self.size - self.first


@dataclass(frozen=True, slots=True)
class _Batch:
    """What was read: the tree's size, root and peaks before, and the rows that follow."""

    before: checkpoints.Checkpoint
    known: dict[tuple[int, int], bytes]
    rows: list[tree.Row]
    more: bool


def seal(act: Act, key_file: Path, batch: int = BATCH, *, state_dir: Path | None = None, holder: str = "") -> Sealed | None:
    """Seal what was committed, oldest first, up to ``batch`` entries; None if there is nothing, or another sealer was first
    or is at it: ``holder`` names this one, and one at a time holds the lease.

    Reads, hashes and signs before its transaction, which then only compares, swaps and writes. It never signs a tree that
    does not continue the last one it signed, nor one that lacks what is kept under ``state_dir``, where the new checkpoint
    goes too. Refused ``ledger-history-differs``, ``ledger-truncated``, ``ledger-origin-unfit``, key-….
    """
    require(act.actor, "seal")
    found = _read(batch)
    if not found.rows:
        return None
    if state_dir is not None:
        kept.require_newest(state_dir)
    known = found.known
    added = grow(found.before.size, known, [leaf_hash(row.entry) for row in found.rows])
    size = found.before.size + len(found.rows)
    root = fold(added[node] if node in added else known[node] for node in peaks(size))
    note = _signed(checkpoints.Checkpoint(found.before.origin, size, root), key_file)
    try:
        with aside():
            if holder and not lease.hold("sealer", holder, lease.real(), _LEASE):
                return None
            tree.extend(found.before.size, [row.id for row in found.rows], added, tree.Signed(size, note, act.now))
    except tree.Overtaken:
        return None
    if state_dir is not None:
        kept.keep(state_dir, note, act.now)
    return Sealed(found.before.size, size, note, act.now, found.more)


def _read(batch: int) -> _Batch:
    with reading():
        home = installation.load()
        if home is None:
            raise Refused("no-installation", path="")
        # The size comes first: should another sealer commit between two of these queries, the swap finds out.
        last = tree.last()
        size = last.size if last else 0
        known = tree.hashes(peaks(size))
        rows = tree.unsealed(batch + 1)
    root = fold(known.get(node, b"") for node in peaks(size))
    signed = checkpoints.read(last.note)[0].root if last else EMPTY_ROOT
    if root != signed:
        raise Refused("ledger-history-differs", size=size)
    return _Batch(checkpoints.Checkpoint(home.origin, size, root), known, rows[:batch], len(rows) > batch)


def _signed(checkpoint: checkpoints.Checkpoint, key_file: Path) -> str:
    try:
        return checkpoints.sign(checkpoint, keys.load(key_file))
    except keys.BadKeyFile as error:
        raise Refused(error.code, file=error.path) from error
    except LedgerProblem as problem:
        raise Refused(problem.code, **problem.params) from problem
