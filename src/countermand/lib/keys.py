"""Ed25519 keys in files: made once, mode 0600, read back whole. Nothing else in the product touches a private key.

A key file is one line: ``ed25519-private <base64 of the 32-byte seed>`` or ``ed25519-public <base64 of 32 bytes>``.
"""

import base64
import binascii
from dataclasses import dataclass, field
from pathlib import Path

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from countermand.lib import drafts


class BadKeyFile(Exception):
    """A key file that cannot be used; ``code`` is one of key-missing, key-damaged, key-readable, key-exists."""

    def __init__(self, code: str, path: Path) -> None:
        self.code = code
        self.path = path
        super().__init__(f"{path}: {code}")


_PRIVATE, _PUBLIC, _SECRET = "ed25519-private", "ed25519-public", "secret"


@dataclass(frozen=True, slots=True)
class VerifyKey:
    """A public key; ``raw`` is its 32 bytes."""

    raw: bytes

    def verifies(self, signature: bytes, message: bytes) -> bool:
        try:
            Ed25519PublicKey.from_public_bytes(self.raw).verify(signature, message)
        except (InvalidSignature, ValueError):
            return False
        return True

    @property
    def text(self) -> str:
        return base64.b64encode(self.raw).decode()


@dataclass(frozen=True, slots=True)
class SigningKey:
    """A private key; it never prints itself."""

    _key: Ed25519PrivateKey = field(repr=False)

    def sign(self, message: bytes) -> bytes:
        """The 64-byte signature over exactly these bytes."""
        return self._key.sign(message)

    @property
    def public(self) -> VerifyKey:
        return VerifyKey(self._key.public_key().public_bytes_raw())

    @property
    def seed(self) -> bytes:
        return self._key.private_bytes_raw()


def from_seed(seed: bytes) -> SigningKey:
    """The key of a 32-byte seed (test vectors, and reading files)."""
    return SigningKey(Ed25519PrivateKey.from_private_bytes(seed))


def public_from_text(text: str) -> VerifyKey:
    """The public key of its base64 text; ValueError if it is not 32 bytes of base64."""
    raw = base64.b64decode(text, validate=True)
    if len(raw) != 32:
        raise ValueError("an Ed25519 public key has 32 bytes")
    return VerifyKey(raw)


def create(path: Path) -> SigningKey:
    """A new key in a new file, and its public half beside it as ``<path>.pub``. BadKeyFile key-exists if there is one."""
    if _public(path).exists():  # of a key that is kept elsewhere, and that somebody trusts
        raise BadKeyFile("key-exists", _public(path))
    key = SigningKey(Ed25519PrivateKey.generate())
    _write_new(path, f"{_PRIVATE} {base64.b64encode(key.seed).decode()}\n", 0o600)
    save_public(_public(path), key.public)
    return key


def save_public(path: Path, key: VerifyKey) -> None:
    """A public half in a new file. BadKeyFile key-exists if there is one."""
    _write_new(path, f"{_PUBLIC} {key.text}\n", 0o644)


def load(path: Path) -> SigningKey:
    """The private key in this file. BadKeyFile if it is missing, damaged, or readable by others."""
    raw = _read(path, _PRIVATE)
    if path.stat().st_mode & 0o077:
        raise BadKeyFile("key-readable", path)
    return from_seed(raw)


def load_public(path: Path) -> VerifyKey:
    """The public key in this file (``<key>.pub``)."""
    return VerifyKey(_read(path, _PUBLIC))


def load_or_create(path: Path) -> SigningKey:
    """The key in this file, made now if there is none. Whoever was killed between its two halves left the private one: the
    public one follows from it."""
    drafts.clear(path.parent)
    if not path.exists():
        return create(path)
    key = load(path)
    if not _public(path).exists():
        save_public(_public(path), key.public)
    return key


def load_or_create_secret(path: Path) -> bytes:
    """32 secret bytes in a file of their own (the hash key of gates), made now if there are none."""
    drafts.clear(path.parent)
    if not path.exists():
        import secrets

        _write_new(path, f"{_SECRET} {base64.b64encode(secrets.token_bytes(32)).decode()}\n", 0o600)
    return load_secret(path)


def load_secret(path: Path) -> bytes:
    return _read(path, _SECRET)


def _public(path: Path) -> Path:
    return path.with_name(path.name + ".pub")


def _write_new(path: Path, text: str, mode: int) -> None:
    """Whole or not at all: an empty file would be a damaged key for ever."""
    drafts.make_folder(path.parent, 0o700)
    try:
        drafts.write(path, text, mode, new=True)
    except FileExistsError:
        raise BadKeyFile("key-exists", path) from None


def _read(path: Path, kind: str) -> bytes:
    try:
        text = path.read_text()
    except FileNotFoundError:
        raise BadKeyFile("key-missing", path) from None
    word, _, coded = text.strip().partition(" ")
    try:
        raw = base64.b64decode(coded, validate=True)
    except binascii.Error:
        raw = b""
    if word != kind or len(raw) != 32:
        raise BadKeyFile("key-damaged", path)
    return raw
