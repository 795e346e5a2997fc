"""Looking at the ledger: showing entries, verifying it live or exported, exporting it, proving one entry."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from countermand.access import Act, require
from countermand.core.errors import Refused
from countermand.core.instants import Instant
from countermand.ledger import tiles, verify
from countermand.ledger.checkpoint import Checkpoint, Verifier, read, verifier
from countermand.ledger.entry import Entry, commitment, decode
from countermand.ledger.errors import LedgerProblem
from countermand.ledger.proofs import prove_inclusion
from countermand.ledger.prooftext import Proof
from countermand.lib import keys
from countermand.reads.ledger_walk import walk
from countermand.store import salts, tree
from countermand.store.unit import reading

_PAGE = 500
#: Older entries of these kinds call "version" what is only a row of the database; newer ones have a "version_number".
_BY_ROW = frozenset({"lapsed", "notice-bounced", "notices-handed-over", "verdicts-changed"})


@dataclass(frozen=True, slots=True)
class Verified:
    """What verification saw. ``problem`` is the first thing that does not fit, None if all does.

    ``entries`` are those found good, ``unsealed`` those committed that no checkpoint covers yet (no fault by itself).
    """

    entries: int
    checkpoints: int
    unsealed: int = 0
    problem: Refused | None = None


@dataclass(frozen=True, slots=True)
class Exported:
    entries: int
    files: int
    note: str


@dataclass(frozen=True, slots=True)
class Shown:
    """An entry as people see it. ``leaf`` None = not sealed yet; ``id`` pages through them (``before``)."""

    id: int
    leaf: int | None
    entry: Entry


@dataclass(frozen=True, slots=True)
class Happening:
    """An entry without its subjects and particulars. ``directive``: '' if it is about none."""

    id: int
    leaf: int | None
    at: Instant
    kind: str
    actor: str
    directive: str


def verifier_line(origin: str, public_file: Path) -> str:
    """The line under which an auditor keeps the ledger's public key (``<key>.pub``)."""
    try:
        return Verifier(origin, keys.load_public(public_file)).line
    except keys.BadKeyFile as error:
        raise Refused(error.code, file=error.path) from error


def waiting() -> int:
    """How many committed entries wait for the sealer."""
    return tree.unsealed_count()


def verify_live(act: Act, lines: Sequence[str], kept: Sequence[str] = ()) -> Verified:
    """Recompute everything from the rows: leaves, stored hashes, and every checkpoint's signature and root.

    ``lines``: verifier lines of the keys that may have signed. ``kept``: checkpoints kept elsewhere, which the tree must
    still contain. Refused only for a line that cannot be read; what is wrong with the ledger is in the answer.
    """
    require(act.actor, "audit")
    with _refusing():
        verifiers = [verifier(line) for line in lines]
    with reading():
        seen = walk(verifiers, kept)
        unsealed = tree.unsealed_count()
    problem = seen.problem
    return Verified(seen.entries, seen.checkpoints, unsealed, Refused(problem.code, **problem.params) if problem else None)


def verify_export(directory: Path, lines: Sequence[str], kept: Sequence[str] = ()) -> Verified:
    """The same of an export, from its files alone: no database, no account."""
    with _refusing():
        verifiers = [verifier(line) for line in lines]
    try:
        checkpoint = verify.verify_export(directory, verifiers, kept)
    except LedgerProblem as problem:
        return Verified(0, 0, problem=Refused(problem.code, **problem.params))
    return Verified(checkpoint.size, 1)


def export(act: Act, directory: Path) -> Exported:
    """Write the sealed ledger as a C2SP tlog-tiles directory. Refused ``ledger-empty``, ``ledger-export-occupied``, or
    ``ledger-root-differs`` (then the directory has no checkpoint and is worth nothing)."""
    require(act.actor, "audit")
    with reading(), _refusing():
        note, checkpoint = _latest()
        entries = (row.entry for row in tree.sealed(0, checkpoint.size))
        files = tiles.write(directory, note, checkpoint.size, checkpoint.root, entries)
    return Exported(checkpoint.size, files, note)


def prove(act: Act, index: int) -> str:
    """The ``.tlog-proof`` text of the entry with this leaf index. Refused ``ledger-not-sealed``, ``ledger-leaf-missing``."""
    require(act.actor, "audit")
    return proof(index)


def proof(index: int) -> str:
    """The same for whoever the entry is about anyway: whether they may see it is the caller's to know."""
    with reading(), _refusing():
        note, checkpoint = _latest()
        if not 0 <= index < checkpoint.size:
            raise Refused("ledger-not-sealed", index=index, size=checkpoint.size)
        row = next(tree.sealed(index, index + 1), None)
        if row is None:
            raise Refused("ledger-leaf-missing", index=index)
        try:
            path = prove_inclusion(index, checkpoint.size, tree.hashes)
        except KeyError as error:
            level, at = error.args[0]
            raise Refused("ledger-hash-differs", level=level, index=at) from error
    return Proof(row.entry, index, tuple(path), note).text


def check_proof(text: str, lines: Sequence[str]) -> tuple[int, Entry]:
    """The index and entry that a proof shows to be in the signed ledger, from its text alone. Refused if it does not."""
    with _refusing():
        proof, _ = verify.verify_proof(text, [verifier(line) for line in lines])
        return proof.index, decode(proof.entry)


def entries(
    act: Act,
    *,
    kind: str = "",
    actor: str = "",
    mentions: str = "",
    subject: str = "",
    since: Instant = 0,
    before: int | None = None,
    limit: int = 50,
) -> list[Shown]:
    """Entries, newest first. ``mentions``: a value anywhere in what it is about; ``subject``: "person:<login>" or
    "device:<ordinal>", found as long as its salt is kept, and only where it is named singly (not in a batch)."""
    require(act.actor, "audit")
    wanted = _commitment(subject) if subject else ""
    found: list[Shown] = []
    with reading(), _refusing():
        for row in _newest(before):
            entry = decode(row.entry)
            fits = entry.at >= since and kind in ("", entry.kind) and actor in ("", entry.actor)
            if fits and (not mentions or mentions_in(entry.about, mentions)) and (not subject or wanted in entry.subjects):
                found.append(Shown(row.id, row.leaf, entry))
                if len(found) == limit:
                    break
    return found


def happenings(act: Act, *, kind: str = "", mentions: str = "", before: int | None = None, limit: int = 50) -> list[Happening]:
    """What was done, by which account and about which directive; newest first. Whom it was done to is not in the answer."""
    require(act.actor, "oversee-ledger")
    found: list[Happening] = []
    with reading(), _refusing():
        for row in _newest(before):
            entry = decode(row.entry)
            if kind in ("", entry.kind) and (not mentions or entry.about.get("lineage") == mentions):
                about = entry.about.get("lineage")
                directive = about if isinstance(about, str) else ""
                found.append(Happening(row.id, row.leaf, entry.at, entry.kind, entry.actor, directive))
                if len(found) == limit:
                    break
    return found


def shown_about(entry: Entry) -> dict[str, Any]:
    """The particulars of an entry as people see them: without rows of the database, which nobody knows anything by."""
    return dict(_without_rows(entry.about) if entry.kind in _BY_ROW else entry.about)


def _without_rows(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {key: _without_rows(one) for key, one in value.items() if key != "version"}
    return [_without_rows(one) for one in value] if isinstance(value, list) else value


def _newest(before: int | None) -> Iterator[tree.Row]:
    while page := tree.newest(before, _PAGE):
        yield from page
        before = page[-1].id


def mentions_in(value: object, wanted: str) -> bool:
    """True if ``wanted`` is a value anywhere in it."""
    if isinstance(value, dict):
        return any(mentions_in(one, wanted) for one in value.values())
    if isinstance(value, list):
        return any(mentions_in(one, wanted) for one in value)
    return value == wanted


def _commitment(subject: str) -> str | None:
    salt = salts.load([subject]).get(subject)
    return commitment(salt, subject).hex() if salt else None


def _latest() -> tuple[str, Checkpoint]:
    last = tree.last()
    if last is None:
        raise Refused("ledger-empty")
    return last.note, read(last.note)[0]


@contextmanager
def _refusing() -> Iterator[None]:
    """The ledger's own exceptions, in the product's words."""
    try:
        yield
    except LedgerProblem as problem:
        raise Refused(problem.code, **problem.params) from problem
