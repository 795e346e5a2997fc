"""The names under which a gate's tables know logins and devices: keyed 64-bit hashes, so that a stolen file lists nobody.

The key of an epoch is derived from one secret that the control plane and its gates share.
"""

import struct
from hashlib import blake2b

_NUMBER = struct.Struct("<Q").unpack


class Hashes:
    """The hash functions of one epoch. Hashes are unsigned 64-bit numbers."""

    __slots__ = ("_login", "device", "key_id")

    def __init__(self, secret: bytes, epoch: int) -> None:
        key = blake2b(epoch.to_bytes(8, "little"), digest_size=32, key=secret, person=b"countermand-hash").digest()
        #: Names the key without telling it; a snapshot made with another key is refused.
        self.key_id = blake2b(b"id", digest_size=8, key=key).hexdigest()
        # Begun once and copied for each name: taking in the key is half of the work.
        self._login = blake2b(b"login\0", digest_size=8, key=key)
        self.device = blake2b(b"device\0", digest_size=8, key=key)

    def login(self, login: str) -> int:
        """The name of a normalised login."""
        hashed = self._login.copy()
        hashed.update(login.encode("utf-8", "surrogateescape"))
        return _NUMBER(hashed.digest())[0]  # type: ignore[no-any-return]

    def identity(self, login: str, kind: str, value: str) -> int:
        """The name of a device of that login: the same id under another login is another name."""
        hashed = self.device.copy()
        hashed.update(f"{login}\0{kind}\0{value}".encode("utf-8", "surrogateescape"))
        return _NUMBER(hashed.digest())[0]  # type: ignore[no-any-return]
