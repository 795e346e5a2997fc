"""Checkpoints: what the tree was at a size, signed. C2SP tlog-checkpoint inside a C2SP signed note, Ed25519.

A *verifier line*, ``<name>+<key id, hex>+<base64 of 0x01 and the public key>``, is how an auditor holds the public key.
"""

import base64
import binascii
from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import sha256

from countermand.ledger.errors import LedgerProblem
from countermand.ledger.merkle import HASH_SIZE
from countermand.lib.keys import SigningKey, VerifyKey

_ED25519 = b"\x01"
_DASH = "\N{EM DASH} "
_ID_SIZE = 4
#: More signature lines than any set of witnesses needs; a bound for who reads a stranger's file.
_MOST_SIGNATURES = 64


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """The first ``size`` leaves of the log named ``origin`` have this root (32 bytes)."""

    origin: str
    size: int
    root: bytes

    @property
    def text(self) -> str:
        """The three lines that are signed."""
        return f"{self.origin}\n{self.size}\n{_b64(self.root)}\n"


@dataclass(frozen=True, slots=True)
class Verifier:
    """A public key under the name it signs with, which is the log's origin."""

    name: str
    key: VerifyKey

    @property
    def id(self) -> bytes:
        """The C2SP key id: names a key, proves nothing."""
        return sha256(self.name.encode() + b"\n" + _ED25519 + self.key.raw).digest()[:_ID_SIZE]

    @property
    def line(self) -> str:
        return f"{self.name}+{self.id.hex()}+{_b64(_ED25519 + self.key.raw)}"


def verifier(line: str) -> Verifier:
    """The verifier of a verifier line. LedgerProblem ``ledger-key-unreadable``."""
    name, _, rest = line.strip().partition("+")
    key_id, _, coded = rest.partition("+")
    raw = _unb64(coded)
    if raw is None or len(raw) != 33 or raw[:1] != _ED25519 or not _fit_name(name):
        raise LedgerProblem("ledger-key-unreadable", line=line)
    found = Verifier(name, VerifyKey(raw[1:]))
    if found.id.hex() != key_id:
        raise LedgerProblem("ledger-key-unreadable", line=line)
    return found


def check_origin(origin: str) -> None:
    """LedgerProblem ``ledger-origin-unfit`` for a name that no signature line can carry."""
    if not _fit_name(origin):
        raise LedgerProblem("ledger-origin-unfit", origin=origin)


def sign(checkpoint: Checkpoint, key: SigningKey) -> str:
    """The signed note. LedgerProblem ``ledger-origin-unfit``."""
    check_origin(checkpoint.origin)
    signed = Verifier(checkpoint.origin, key.public).id + key.sign(checkpoint.text.encode())
    return f"{checkpoint.text}\n{_DASH}{checkpoint.origin} {_b64(signed)}\n"


def opened(note: str, verifiers: Sequence[Verifier]) -> Checkpoint:
    """The checkpoint in a note, once one of these keys is seen to have signed it.

    Signatures of other keys (witnesses) are passed over, as the format demands. LedgerProblem ``ledger-checkpoint-malformed``,
    ``ledger-checkpoint-forged`` (a known key's signature is wrong), ``ledger-checkpoint-unsigned`` (no known key's is there).
    """
    checkpoint, signatures = read(note)
    known = {(one.name, one.id): one for one in verifiers if one.name == checkpoint.origin}
    verified = False
    for name, signature in signatures:
        found = known.get((name, signature[:_ID_SIZE]))
        if found is None:
            continue
        if not found.key.verifies(signature[_ID_SIZE:], checkpoint.text.encode()):
            raise LedgerProblem("ledger-checkpoint-forged", size=checkpoint.size)
        verified = True
    if not verified:
        raise LedgerProblem("ledger-checkpoint-unsigned", size=checkpoint.size)
    return checkpoint


def read(note: str) -> tuple[Checkpoint, list[tuple[str, bytes]]]:
    """A note's checkpoint and its (name, key id and signature) lines, nothing verified."""
    text, blank, signed = note.rpartition("\n\n")
    lines = text.split("\n")
    if not blank or len(lines) != 3 or not signed.endswith("\n") or any(one < " " and one != "\n" for one in note):
        raise LedgerProblem("ledger-checkpoint-malformed", why="not a signed note of three lines")
    origin, digits, coded = lines
    root = _unb64(coded)
    if not origin or not digits.isascii() or not digits.isdigit() or str(int(digits)) != digits:
        raise LedgerProblem("ledger-checkpoint-malformed", why="no origin, or no size")
    if root is None or len(root) != HASH_SIZE:
        raise LedgerProblem("ledger-checkpoint-malformed", why="no root hash")
    return Checkpoint(origin, int(digits), root), [_signature(line) for line in _lines(signed)]


def _lines(signed: str) -> list[str]:
    lines = signed.removesuffix("\n").split("\n")
    if len(lines) > _MOST_SIGNATURES:
        raise LedgerProblem("ledger-checkpoint-malformed", why="too many signatures")
    return lines


def _signature(line: str) -> tuple[str, bytes]:
    name, _, coded = line.removeprefix(_DASH).partition(" ")
    raw = _unb64(coded)
    if not line.startswith(_DASH) or not _fit_name(name) or raw is None or len(raw) <= _ID_SIZE:
        raise LedgerProblem("ledger-checkpoint-malformed", why="a signature line cannot be read")
    return name, raw


def _fit_name(name: str) -> bool:
    return bool(name) and "+" not in name and name.isprintable() and not any(one.isspace() for one in name)


def _b64(raw: bytes) -> str:
    return base64.b64encode(raw).decode()


def _unb64(text: str) -> bytes | None:
    """The bytes of standard base64; None if it is anything but the one spelling of them (no change goes unseen)."""
    try:
        raw = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        return None
    return raw if _b64(raw) == text else None
