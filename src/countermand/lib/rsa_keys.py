"""RSA keys that others verify signatures with: numbered files in one directory, and what is published of them (RFC 7517).

``NAME-1.pem`` (private) and ``NAME-1.pub`` (public), then ``NAME-2.pem``, ... The highest that has a private half signs. A half
that was destroyed stays as an empty file, so that no backup brings it back.
"""

import base64
import hashlib
import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Any

import jwt
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from countermand.lib import drafts
from countermand.lib.keys import BadKeyFile

_BITS = 2048
_ALGORITHM = "RS256"


@dataclass(frozen=True, slots=True)
class Signer:
    """``number`` of its file; ``kid``: the key's thumbprint (RFC 7638)."""

    number: int
    kid: str
    _key: rsa.RSAPrivateKey = field(repr=False)

    def sign(self, claims: dict[str, Any], typ: str) -> str:
        """A compact JWS of these claims. The same claims are signed to the same bytes."""
        return jwt.encode(claims, self._key, _ALGORITHM, {"typ": typ, "kid": self.kid})


@dataclass(frozen=True, slots=True)
class Published:
    """A public half that whoever verifies can ask for."""

    number: int
    kid: str
    jwk: dict[str, str]


def signer(directory: Path, name: str) -> Signer:
    """The key that signs now, made if there is none. BadKeyFile ``key-damaged``, ``key-readable``."""
    numbers = [number for number, path in _files(directory, name, "pem") if path.stat().st_size]
    if not numbers:
        numbers = [_make(directory, name, 1 + max((number for number, _ in _files(directory, name, "pem")), default=0))]
    path = directory / f"{name}-{numbers[-1]}.pem"
    if path.stat().st_mode & 0o077:
        raise BadKeyFile("key-readable", path)
    key = _private(path, path.stat().st_mtime_ns)
    if not (public := path.with_suffix(".pub")).exists():
        drafts.write(public, _pem(key.public_key()), 0o644)
    return Signer(numbers[-1], _thumbprint(_jwk(key.public_key())), key)


def published(directory: Path, name: str) -> list[Published]:
    """The public halves, the first first; a key is made if there is none."""
    signer(directory, name)
    return known(directory, name)


def known(directory: Path, name: str) -> list[Published]:
    """The same, of the keys that there are."""
    found = []
    for number, path in _files(directory, name, "pub"):
        if path.stat().st_size:
            jwk = _jwk(_public(path, path.stat().st_mtime_ns))
            found.append(Published(number, _thumbprint(jwk), jwk))
    return found


def jwks(keys: list[Published]) -> dict[str, Any]:
    """What stands at a ``jwks_uri``."""
    return {"keys": [{**one.jwk, "kid": one.kid, "use": "sig", "alg": _ALGORITHM} for one in keys]}


def follow(directory: Path, name: str) -> Signer:
    """Another key signs from now on; the private halves of those before it are destroyed."""
    before = signer(directory, name)
    _make(directory, name, before.number + 1)
    for number, path in _files(directory, name, "pem"):
        if number <= before.number and path.stat().st_size:
            drafts.write(path, "", 0o600)
    return signer(directory, name)


def withdraw(directory: Path, name: str, number: int) -> None:
    """Publish this key no longer. Never the one that signs."""
    if number != signer(directory, name).number:
        drafts.write(directory / f"{name}-{number}.pub", "", 0o644)


def made_at(directory: Path, name: str, number: int) -> int:
    """When this key was made, in milliseconds: by the time of its file."""
    return (directory / f"{name}-{number}.pub").stat().st_mtime_ns // 1_000_000


def replaced_at(directory: Path, name: str, number: int) -> int:
    """When the key after this one was made, in real milliseconds, as its file says; 0 if it is not known."""
    path = directory / f"{name}-{number + 1}.pub"
    return path.stat().st_mtime_ns // 1_000_000 if path.exists() else 0


def _files(directory: Path, name: str, suffix: str) -> Iterator[tuple[int, Path]]:
    found = [(path.stem.removeprefix(f"{name}-"), path) for path in directory.glob(f"{name}-*.{suffix}")]
    return iter(sorted((int(number), path) for number, path in found if number.isdigit()))


def _make(directory: Path, name: str, number: int) -> int:
    """The public half first: whoever sees the private one can publish the other."""
    key = rsa.generate_private_key(65537, _BITS)
    plain = serialization.NoEncryption()
    private = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, plain)
    drafts.make_folder(directory, 0o700)
    try:
        drafts.write(directory / f"{name}-{number}.pub", _pem(key.public_key()), 0o644, new=True)
    except FileExistsError:
        # Another process makes it, or died between the two halves: a public half alone verifies nothing that was ever signed.
        if (directory / f"{name}-{number}.pem").exists():
            return number
        return _make(directory, name, number + 1)
    drafts.write(directory / f"{name}-{number}.pem", private.decode(), 0o600, new=True)
    return number


def _pem(key: rsa.RSAPublicKey) -> str:
    return key.public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo).decode()


@lru_cache(maxsize=8)
def _private(path: Path, stamp: int) -> rsa.RSAPrivateKey:
    try:
        found = serialization.load_pem_private_key(path.read_bytes(), None)
    except (ValueError, TypeError):
        found = None
    if not isinstance(found, rsa.RSAPrivateKey) or found.key_size < _BITS:
        raise BadKeyFile("key-damaged", path)
    return found


@lru_cache(maxsize=32)
def _public(path: Path, stamp: int) -> rsa.RSAPublicKey:
    try:
        found = serialization.load_pem_public_key(path.read_bytes())
    except ValueError:
        found = None
    if not isinstance(found, rsa.RSAPublicKey):
        raise BadKeyFile("key-damaged", path)
    return found


def _jwk(key: rsa.RSAPublicKey) -> dict[str, str]:
    numbers = key.public_numbers()
    return {"kty": "RSA", "n": _base64(numbers.n), "e": _base64(numbers.e)}


def _base64(number: int) -> str:
    octets = number.to_bytes((number.bit_length() + 7) // 8, "big")
    return base64.urlsafe_b64encode(octets).rstrip(b"=").decode()


def _thumbprint(jwk: dict[str, str]) -> str:
    plain = json.dumps({name: jwk[name] for name in ("e", "kty", "n")}, separators=(",", ":")).encode()
    return base64.urlsafe_b64encode(hashlib.sha256(plain).digest()).rstrip(b"=").decode()
