"""One entry: its canonical bytes (RFC 8785), how it names people and devices, and how it is read back.

An entry is ``{v, kind, at, actor, about, subjects[, batch]}``. Subjects stand in it as salted commitments only: 64 hex
digits each, or, where they are many, one ``batch`` of their count and the RFC 6962 root over their sorted commitments.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any

import rfc8785

from countermand.ledger.errors import LedgerProblem
from countermand.ledger.merkle import leaf_hash, root_of
from countermand.lib.read_json import read_json

VERSION = 1
#: The bundles of C2SP tlog-tiles give an entry's length in two bytes.
MOST_BYTES = 65_535
#: Above this many, subjects are committed to as one batch: 64 hex digits each must leave room for what happened.
MOST_LISTED = 256
SALT_SIZE = 32
_KEYS = frozenset({"v", "kind", "at", "actor", "about", "subjects"})


@dataclass(frozen=True, slots=True)
class Batch:
    """Many subjects as one commitment. ``root`` is hex."""

    count: int
    root: str


@dataclass(frozen=True, slots=True)
class Entry:
    """What happened: ``kind``, when (milliseconds UTC), by whom, ``about`` what (plain JSON), to whom (commitments, hex)."""

    kind: str
    at: int
    actor: str
    about: Mapping[str, Any]
    subjects: tuple[str, ...] = field(default=())
    batch: Batch | None = None


def commitment(salt: bytes, subject: str) -> bytes:
    """SHA-256(salt || subject). The salt has a fixed size, so where it ends is never in doubt."""
    if len(salt) != SALT_SIZE:
        raise ValueError(f"a salt has {SALT_SIZE} bytes, not {len(salt)}")
    return sha256(salt + subject.encode()).digest()


def batch_of(commitments: Sequence[bytes]) -> Batch:
    """One commitment to all of these, whatever their order. Whoever holds them all can prove that one is among them."""
    ordered = sorted(commitments)
    return Batch(len(ordered), root_of([leaf_hash(one) for one in ordered]).hex())


def make(kind: str, at: int, actor: str, about: Mapping[str, Any], commitments: Sequence[bytes]) -> Entry:
    """An entry naming its subjects one by one, sorted so that their order says nothing, or as a batch if they are many."""
    if len(commitments) > MOST_LISTED:
        return Entry(kind, at, actor, about, (), batch_of(commitments))
    return Entry(kind, at, actor, about, tuple(sorted(one.hex() for one in commitments)))


def encode(entry: Entry) -> bytes:
    """The canonical bytes that are hashed. LedgerProblem: ``ledger-entry-unfit`` if it is too long or not plain JSON."""
    plain: dict[str, Any] = {
        "v": VERSION,
        "kind": entry.kind,
        "at": entry.at,
        "actor": entry.actor,
        "about": dict(entry.about),
        "subjects": list(entry.subjects),
    }
    if entry.batch is not None:
        plain["batch"] = {"count": entry.batch.count, "root": entry.batch.root}
    try:
        made = rfc8785.dumps(plain)
    except rfc8785.CanonicalizationError as error:
        raise LedgerProblem("ledger-entry-unfit", kind=entry.kind, why=str(error)) from error
    if len(made) > MOST_BYTES:
        raise LedgerProblem("ledger-entry-unfit", kind=entry.kind, why=f"{len(made)} bytes; an entry has at most {MOST_BYTES}")
    return made


def decode(made: bytes) -> Entry:
    """The entry in these bytes. LedgerProblem ``ledger-entry-unreadable`` unless they are exactly what ``encode`` makes."""
    try:
        plain = read_json(made)
        if not isinstance(plain, dict) or not _KEYS <= plain.keys() <= _KEYS | {"batch"} or plain["v"] != VERSION:
            raise ValueError("not an entry of this version")
        batch = Batch(plain["batch"]["count"], plain["batch"]["root"]) if "batch" in plain else None
        entry = Entry(plain["kind"], plain["at"], plain["actor"], plain["about"], tuple(plain["subjects"]), batch)
        if encode(entry) != made:
            raise ValueError("not in canonical form")
    except (ValueError, TypeError, KeyError, LedgerProblem) as error:
        raise LedgerProblem("ledger-entry-unreadable", why=str(error)) from error
    return entry
