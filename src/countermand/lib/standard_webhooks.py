"""Signatures as https://www.standardwebhooks.com specifies them: HMAC-SHA256 over ``id.timestamp.body``."""

import base64
import binascii
import hashlib
import hmac
import secrets
from collections.abc import Mapping

from countermand.core.instants import MINUTE, SECOND, Instant

_PREFIX = "whsec_"
#: Bytes of a secret: the specification's bounds, and what we make.
_LEAST, _MOST, _MADE = 24, 64, 32
#: How far a sender's clock may be from ours.
_FAR = 5 * MINUTE


def new_secret() -> str:
    return _PREFIX + base64.b64encode(secrets.token_bytes(_MADE)).decode()


def key_of(secret: str) -> bytes:
    """The bytes that sign. ValueError unless it is ``whsec_`` and base64 of 24 to 64 bytes."""
    try:
        key = base64.b64decode(secret.removeprefix(_PREFIX), validate=True)
    except binascii.Error as wrong:
        raise ValueError("not base64") from wrong
    if not secret.startswith(_PREFIX) or not _LEAST <= len(key) <= _MOST:
        raise ValueError(f"not {_PREFIX} and {_LEAST} to {_MOST} bytes")
    return key


def is_secret(text: str) -> bool:
    try:
        key_of(text)
    except ValueError:
        return False
    return True


def signature(key: bytes, message: str, seconds: int, content: bytes) -> str:
    """The value of ``webhook-signature``."""
    made = hmac.new(key, f"{message}.{seconds}.".encode() + content, hashlib.sha256).digest()
    return "v1," + base64.b64encode(made).decode()


def genuine(secret: str, headers: Mapping[str, str], content: bytes, now: Instant) -> bool:
    """Whether somebody who has the secret signed this, within five minutes of ``now``. ``headers`` by names in small letters."""
    stamp = headers.get("webhook-timestamp", "")
    if not (stamp.isascii() and stamp.isdigit() and len(stamp) <= 15) or abs(int(stamp) * SECOND - now) > _FAR:
        return False
    made = signature(key_of(secret), headers.get("webhook-id", ""), int(stamp), content).encode()
    said = headers.get("webhook-signature", "").split()[:10]
    return any(hmac.compare_digest(made, one.encode("utf-8", "replace")) for one in said)
