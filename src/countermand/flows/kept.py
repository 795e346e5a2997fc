"""Checkpoints kept outside the database, and whether the database is as new as they are.

A copy of the database that lacks what was signed before is an older one, or a rewritten one: nothing goes forward from it.
Halting and rescinding ask for none of this.
"""

from pathlib import Path

from countermand.core.errors import Refused
from countermand.core.instants import Instant, to_datetime
from countermand.flows.ledger_keys import signers
from countermand.ledger import kept
from countermand.ledger.checkpoint import Checkpoint, Verifier, opened
from countermand.ledger.errors import LedgerProblem
from countermand.ledger.merkle import fold, peaks
from countermand.store import installation, tree
from countermand.store.unit import reading


def kept_in(state_dir: Path) -> Path:
    """Where this database's checkpoints are kept. A restore opens a new epoch, whose ledger goes on from an earlier place."""
    house = installation.load()
    if house is None:
        raise Refused("no-installation", path=str(state_dir))
    return state_dir / "checkpoints" / str(house.epoch)


def keep(state_dir: Path, note: str, at: Instant) -> None:
    """Keep a checkpoint that was committed."""
    kept.keep(kept_in(state_dir), note, to_datetime(at).strftime("%Y-%m-%d"))


def kept_beside(state_dir: Path) -> list[str]:
    """Every note that was kept there. Refused ``ledger-checkpoint-malformed``."""
    try:
        return kept.notes(kept_in(state_dir))
    except LedgerProblem as problem:
        raise Refused(problem.code, **problem.params) from problem


def require_newest(state_dir: Path) -> None:
    """Refused ``ledger-truncated`` or ``ledger-history-differs`` if the newest checkpoint kept here is not contained in this
    database's ledger, ``ledger-checkpoint-…`` if it is not one that a key of ours signed."""
    try:
        newest = _newest(state_dir)
        if newest is not None:
            _compare(newest)
    except LedgerProblem as problem:
        raise Refused(problem.code, **problem.params) from problem


def older(state_dir: Path) -> Refused | None:
    """Why nothing may go forward from this database; None if all is well."""
    try:
        require_newest(state_dir)
    except Refused as refused:
        return refused
    return None


def _newest(state_dir: Path) -> Checkpoint | None:
    note = kept.newest(kept_in(state_dir))
    if note is None:
        return None
    house = installation.load()
    origin = house.origin if house else ""
    return opened(note, [Verifier(origin, key) for key in signers(state_dir)])


def _compare(checkpoint: Checkpoint) -> None:
    """The stored hashes suffice: inner hashes over whole subtrees never change as a ledger grows."""
    with reading():
        last = tree.last()
        size = last.size if last else 0
        if size < checkpoint.size:
            raise Refused("ledger-truncated", size=size, kept=checkpoint.size)
        nodes = peaks(checkpoint.size)
        known = tree.hashes(nodes)
    if fold(known.get(node, b"") for node in nodes) != checkpoint.root:
        raise Refused("ledger-history-differs", size=checkpoint.size)
