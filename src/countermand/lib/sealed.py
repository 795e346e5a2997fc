"""Short secrets at rest: encrypted under a key that lies in a file, bound to what they are for.

ChaCha20-Poly1305 (RFC 8439) with a random nonce, which stands in front. A database that is copied without its keys says nothing.
"""

import secrets

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305

_NONCE = 12


class Unsealed(Exception):
    """It was sealed under another key, for something else, or is damaged."""


def seal(key: bytes, purpose: str, text: str) -> bytes:
    """``purpose``: what it is for; it opens for nothing else."""
    nonce = secrets.token_bytes(_NONCE)
    return nonce + ChaCha20Poly1305(key).encrypt(nonce, text.encode(), purpose.encode())


def opened(key: bytes, purpose: str, sealed: bytes) -> str:
    """What was sealed. Unsealed."""
    try:
        return ChaCha20Poly1305(key).decrypt(sealed[:_NONCE], sealed[_NONCE:], purpose.encode()).decode()
    except (InvalidTag, ValueError) as wrong:
        raise Unsealed from wrong
