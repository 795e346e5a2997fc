"""One file that holds many, each with its digest: what a backup is written into and read from. Knows nothing of the product.

A ZIP (so that anybody can look into it) whose last member, ``manifest.json``, names every other member with its SHA-256.
It is written beside its place, read back whole, and only then given its name: a file of that name is a whole one.
"""

import hashlib
import json
import os
import struct
import zipfile
import zlib
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from countermand.lib.read_json import read_json

MANIFEST = "manifest.json"
_CHUNK = 1 << 20
#: The longest line that is read back; a chunk of rows is far shorter.
_LONGEST_LINE = 1 << 30
#: All that reading a damaged ZIP may raise: an unknown method, a made-up size, a name that is no text, ...
_BROKEN = (zipfile.BadZipFile, zlib.error, struct.error, KeyError, ValueError, TypeError, EOFError, RuntimeError)


class BadArchive(Exception):
    """It cannot be believed; ``why`` says what is wrong with it."""

    def __init__(self, why: str) -> None:
        self.why = why
        super().__init__(why)


@dataclass
class Writing:
    """An archive that is being written. Ends with ``finish``; until then there is only ``<path>.partial``."""

    path: Path
    digests: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        # What an earlier attempt left behind is of no use to anybody. The file holds personal data: nobody else reads it.
        self._partial.unlink(missing_ok=True)
        descriptor = os.open(self._partial, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600)
        self._file = os.fdopen(descriptor, "w+b")
        self._zip = zipfile.ZipFile(self._file, "w", zipfile.ZIP_DEFLATED, compresslevel=1)

    @property
    def _partial(self) -> Path:
        return self.path.with_name(self.path.name + ".partial")

    def add(self, name: str, parts: Iterable[bytes]) -> None:
        """One member, as its bytes come."""
        digest = hashlib.sha256()
        with self._zip.open(name, "w", force_zip64=True) as member:
            for part in parts:
                digest.update(part)
                member.write(part)
        self.digests[name] = digest.hexdigest()

    def finish(self, manifest: Mapping[str, Any]) -> str:
        """Write the manifest, read everything back, give the file its name; returns the SHA-256 of the whole file."""
        whole = {**manifest, "members": self.digests}
        self._zip.writestr(MANIFEST, json.dumps(whole, sort_keys=True, indent=1))
        self._zip.close()
        self._file.flush()
        os.fsync(self._file.fileno())
        self._file.close()
        Archive(self._partial).verify()
        os.rename(self._partial, self.path)
        return digest_of(self.path)

    def abandon(self) -> None:
        """Nothing of it remains."""
        if self._zip.fp is not None:
            with suppress(*_BROKEN, OSError):
                self._zip.close()
        self._file.close()
        self._partial.unlink(missing_ok=True)


class Archive:
    """A finished archive. Every reading raises BadArchive if what is read is not what was written."""

    def __init__(self, path: Path) -> None:
        self.path = path
        try:
            with zipfile.ZipFile(path) as found:
                plain = read_json(found.read(MANIFEST))
                names = set(found.namelist()) - {MANIFEST}
            self.manifest: dict[str, Any] = dict(plain)
            self.digests: dict[str, str] = dict(plain["members"])
        except OSError as wrong:
            raise BadArchive(wrong.strerror or str(wrong)) from wrong
        except _BROKEN as wrong:
            raise BadArchive(f"it is not a whole backup ({wrong})") from wrong
        if names != set(self.digests):
            raise BadArchive("its members are not those that it names")

    def verify(self) -> None:
        """Read every member, to its end, and compare."""
        for name in self.digests:
            for _ in self.parts(name):
                pass

    def parts(self, name: str) -> Iterator[bytes]:
        """A member's bytes; its digest is compared at the end, so whoever acts on them waits until then."""
        digest = hashlib.sha256()
        try:
            with zipfile.ZipFile(self.path) as found, found.open(name) as member:
                while data := member.read(_CHUNK):
                    digest.update(data)
                    yield data
        except (*_BROKEN, OSError) as wrong:
            raise BadArchive(f"{name} is damaged ({wrong})") from wrong
        if digest.hexdigest() != self.digests[name]:
            raise BadArchive(f"{name} is not what was written")

    def lines(self, name: str) -> Iterator[bytes]:
        """A member's lines, without their newlines."""
        rest = b""
        for part in self.parts(name):
            *whole, rest = (rest + part).split(b"\n")
            if len(rest) > _LONGEST_LINE:
                raise BadArchive(f"{name} has a line without an end")
            yield from whole
        if rest:
            raise BadArchive(f"{name} breaks off")

    def read(self, name: str) -> bytes:
        """A small member, whole."""
        return b"".join(self.parts(name))


def digest_of(path: Path) -> str:
    """Hex SHA-256 of a file."""
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while data := file.read(_CHUNK):
            digest.update(data)
    return digest.hexdigest()
