"""Signed lines: what travels to gates. ``<base64 signature> <canonical JSON>\\n``, Ed25519 over exactly the JSON's bytes.

Every signed value names its ``kind``, so that one can never be taken for another. A *certificate* is the root key's word
for a feed key; a *record* changes what a gate knows; a *heartbeat* says which record is the last one, and what time it is.
"""

import base64
import binascii
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from countermand.core.canonical import canonical
from countermand.core.errors import Refused
from countermand.core.instants import Instant, iso
from countermand.lib.keys import SigningKey, VerifyKey, public_from_text
from countermand.lib.read_json import read_json

CERTIFICATE, HEARTBEAT, SNAPSHOT = "certificate", "heartbeat", "snapshot"
#: The digest before the first record of an epoch.
NOTHING_BEFORE = "0" * 64
#: What a certificate may be for.
FEED, LEDGER = "feed", "ledger"


def sign(key: SigningKey, value: Mapping[str, Any]) -> bytes:
    """The signed line of a value, newline included."""
    body = canonical(value)
    return base64.b64encode(key.sign(body)) + b" " + body + b"\n"


def parts(line: bytes) -> tuple[bytes, bytes]:
    """(signature, signed bytes) of a line. Refused ``feed-damaged`` if it is not one."""
    coded, space, body = line.rstrip(b"\n").partition(b" ")
    try:
        signature = base64.b64decode(coded, validate=True)
    except binascii.Error:
        signature = b""
    # One spelling only: base64 has bits that decoding ignores.
    if not space or len(signature) != 64 or base64.b64encode(signature) != coded:
        raise Refused("feed-damaged", why="a line is not signed")
    return signature, body


def verified(key: VerifyKey, line: bytes) -> dict[str, Any]:
    """The value of a line that this key signed. Refused ``feed-forged`` or ``feed-damaged``."""
    signature, body = parts(line)
    if not key.verifies(signature, body):
        raise Refused("feed-forged", why="a signature does not match")
    value = read_json(body)
    if not isinstance(value, dict):
        raise Refused("feed-damaged", why="a signed value is not an object")
    return value


def certify(root: SigningKey, key: VerifyKey, since: Instant, until: Instant, purpose: str = FEED) -> bytes:
    """The root key's line that lets a key speak from ``since`` until ``until``, for this purpose only."""
    return sign(root, {"kind": CERTIFICATE, "purpose": purpose, "key": key.text, "since": since, "until": until})


@dataclass(frozen=True, slots=True)
class Certificate:
    """A key that the pinned root vouches for. ``line`` is the proof."""

    key: VerifyKey
    since: Instant
    until: Instant
    line: bytes


def certificate(root: VerifyKey, line: bytes, now: Instant | None = None, purpose: str = FEED) -> Certificate:
    """The certificate in this line, checked against the pinned root; and, given ``now``, against its time.

    What a gate persisted when it was good stays good, so files are read without ``now``.
    """
    value = verified(root, line)
    if value.get("kind") != CERTIFICATE or value.get("purpose") != purpose:
        raise Refused("feed-forged", why="a certificate is for something else")
    found = Certificate(public_from_text(value["key"]), value["since"], value["until"], line)
    if now is not None and not found.since <= now < found.until:
        raise Refused("feed-key-expired", since=iso(found.since), until=iso(found.until))
    return found


@dataclass(frozen=True, slots=True)
class Heartbeat:
    """Record ``n`` with this digest is the last one, as of the control plane's ``time``."""

    epoch: int
    n: int
    digest: str
    time: Instant


def heartbeat(key: SigningKey, beat: Heartbeat) -> bytes:
    value = {"kind": HEARTBEAT, "epoch": beat.epoch, "n": beat.n, "digest": beat.digest, "time": beat.time}
    return sign(key, value)
