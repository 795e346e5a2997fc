"""What a configuration comes to: each value in force, and the files it names, with who may read them."""

import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields, is_dataclass
from pathlib import Path
from typing import Any

from countermand.config import Config, Postgres

#: Files that may be seen: everything else that the configuration names by ``*_file`` is a secret.
_PUBLIC = ("certificate_file", "ca_file")


@dataclass(frozen=True, slots=True)
class Named:
    """A file or directory that the configuration names. ``wrong``: what is wrong with it; '' if nothing is."""

    key: str
    path: Path
    wrong: str


@dataclass(frozen=True, slots=True)
class Examined:
    """``values``: dotted key → value in force; no secret is among them."""

    values: Mapping[str, str]
    files: tuple[Named, ...]

    @property
    def sound(self) -> bool:
        return not any(one.wrong for one in self.files)


def examine(config: Config) -> Examined:
    """Every value, and what is wrong with the files that they name. Reads no secret."""
    values = dict(_values("", config))
    files = [Named(key, path, _wrong_file(path, secret=not key.endswith(_PUBLIC))) for key, path in _paths("", config)]
    keys = config.state_dir / "keys"
    files += [Named("state_dir", config.state_dir, _wrong_directory(config.state_dir))]
    held = sorted(path for path in keys.iterdir() if not path.name.endswith((".pub", ".certificate"))) if keys.is_dir() else []
    files += [Named(f"keys/{path.name}", path, _wrong_file(path, secret=not path.name.endswith(".tokens"))) for path in held]
    return Examined(values, tuple(files))


def authorities(config: Config) -> list[tuple[str, Path]]:
    """(dotted key, file) of each authority that the configuration says to trust instead of the system's."""
    found = [(key, path) for key, path in _paths("", config) if key.endswith("ca_file")]
    server = config.database.tls.get("sslrootcert") if isinstance(config.database, Postgres) else None
    return found if server is None else [*found, ("database.sslrootcert", Path(server))]


def _values(prefix: str, section: Any) -> Iterator[tuple[str, str]]:
    for one in fields(section):
        value = getattr(section, one.name)
        if is_dataclass(value) and not isinstance(value, Postgres):  # which as text is its address
            yield from _values(f"{prefix}{one.name}.", value)
        else:
            yield f"{prefix}{one.name}", ", ".join(value) if isinstance(value, tuple) else str(value)


def _paths(prefix: str, section: Any) -> Iterator[tuple[str, Path]]:
    for one in fields(section):
        value = getattr(section, one.name)
        if is_dataclass(value):
            yield from _paths(f"{prefix}{one.name}.", value)
        elif isinstance(value, Path) and one.name.endswith("_file"):
            yield f"{prefix}{one.name}", value


def _wrong_file(path: Path, *, secret: bool) -> str:
    try:
        mode = path.stat().st_mode
    except OSError as wrong:
        return f"cannot be read: {wrong.strerror}"
    if not os.access(path, os.R_OK):
        return "cannot be read by this account"
    return "others can read it: chmod 600" if secret and mode & 0o077 else ""


def _wrong_directory(path: Path) -> str:
    if not path.is_dir():
        return "is not there: countermand init makes it"
    if not os.access(path, os.W_OK):
        return "cannot be written by this account"
    return "others can look into it: chmod 700" if path.stat().st_mode & 0o077 else ""
