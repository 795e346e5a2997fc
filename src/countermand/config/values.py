"""What a configuration's values may be, each with the words for what to write instead; and where a database is."""

import os
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import time
from pathlib import Path
from typing import Any, TypeAlias
from urllib.parse import parse_qsl, quote, unquote, urlencode, urlsplit

from countermand.core import forms
from countermand.core.errors import Refused, Where
from countermand.core.instants import SECOND
from countermand.core.languages import LANGUAGES
from countermand.core.notices import Kind
from countermand.core.quiet import Quiet


@dataclass(frozen=True, slots=True)
class Postgres:
    """A database on a PostgreSQL server. ``host``: a name, an address, or the directory of its socket; ``tls``: libpq's
    sslmode and sslrootcert, where they are given. As text it is its address, which holds no secret."""

    role: str
    host: str
    port: int
    name: str
    tls: Mapping[str, str] = field(default_factory=dict, hash=False)
    password_file: Path | None = None

    @property
    def password(self) -> str:
        """The secret itself, read when it is needed and kept nowhere; '' without a file."""
        return "" if self.password_file is None else secret("database_password_file", self.password_file)

    def __str__(self) -> str:
        role, name = quote(self.role, safe=""), quote(self.name, safe="")
        host = f"[{self.host}]" if ":" in self.host else self.host
        at, more = f"{host}:{self.port}", dict(self.tls)
        if self.host.startswith("/"):
            at, more = "", {"host": self.host, "port": str(self.port), **self.tls}
        return f"postgresql://{role}@{at}/{name}" + (f"?{urlencode(more, safe='/')}" if more else "")


#: Where a database is: a SQLite file, or a server.
Database: TypeAlias = Path | Postgres


def secret(key: str, path: Path) -> str:
    """The one line that a secret's file holds. Refused ``secret-unreadable``."""
    try:
        return path.read_text("utf-8").strip()
    except (OSError, UnicodeDecodeError):
        raise Refused("secret-unreadable", Where(str(path), field=key), key=key, path=str(path)) from None


# -- readers of single values: (what to write instead, reader that raises ValueError or TypeError) --

Reader = tuple[str, Callable[[Any], Any]]
_SPAN = re.compile(r"([0-9]{1,7})(ms|s)")


def _of(kind: type) -> Callable[[Any], Any]:
    def read(value: Any) -> Any:
        if type(value) is not kind:
            raise TypeError(value)
        return value

    return read


def _span(value: Any) -> int:
    found = _SPAN.fullmatch(_of(str)(value))
    return int(found[1]) * (SECOND if found[2] == "s" else 1) if found else forms.duration(value)


def _between(least: int, most: int) -> Callable[[Any], int]:
    def read(value: Any) -> int:
        if not least <= (number := int(_of(int)(value))) <= most:
            raise ValueError(value)
        return number

    return read


def _names(value: Any) -> tuple[str, ...]:
    return tuple(_of(str)(name) for name in _of(list)(value))


def _roles(value: Any) -> Mapping[str, tuple[str, ...]]:
    found = {group: _names(roles) for group, roles in _of(dict)(value).items()}
    if not all(set(roles) <= PROVIDED for roles in found.values()):
        raise ValueError(value)
    return found


def _kinds(value: Any) -> tuple[str, ...]:
    return tuple(Kind(name).value for name in _names(value))


def _hours(value: Any) -> Quiet:
    begins, dash, ends = _of(str)(value).partition("-")
    if not dash:
        raise ValueError(value)
    return Quiet(time.fromisoformat(begins.strip()), time.fromisoformat(ends.strip()))


def _language(value: Any) -> str:
    if value not in LANGUAGES:
        raise ValueError(value)
    return str(value)


def _page(value: Any) -> str:
    parts = urlsplit(_of(str)(value))
    if parts.scheme not in ("https", "http") or not parts.hostname or parts.username or parts.query or parts.fragment:
        raise ValueError(value)
    return str(value).rstrip("/")


def _return_path(value: Any) -> str:
    local, at, domain = str(_of(str)(value)).partition("@")
    fits = re.fullmatch(r"[A-Za-z0-9.+=_-]*\{tag\}[A-Za-z0-9.+=_-]*", local) and re.fullmatch(r"[A-Za-z0-9.-]+", domain)
    if not (at and fits and len(local) <= 64 - 24 + len("{tag}")):
        raise ValueError(value)
    return str(value)


def _address(value: Any) -> str:
    host, colon, port = _of(str)(value).rpartition(":")
    if not (host and colon and port.isdigit() and int(port) < 65536):
        raise ValueError(value)
    return str(value)


def _database(value: Any) -> Database:
    """A path; or postgresql://role@host:port/name, or postgresql://role@/name?host=/directory/of/the/socket."""
    if not _of(str)(value).startswith(("postgresql:", "postgres:")):
        return Path(value)
    parts = urlsplit(value)
    more = dict(parse_qsl(parts.query, strict_parsing=True)) if parts.query else {}
    host, port = more.pop("host", parts.hostname), int(more.pop("port", parts.port or 5432))
    role, name = unquote(parts.username or ""), unquote(parts.path[1:])
    if not (role and host and name and 0 < port < 65536) or parts.password is not None or more.keys() - _TLS:
        raise ValueError("not the address of a database")  # the value may hold a password: it is not repeated
    return Postgres(role, host, port, name, more)


def _file(value: Any) -> Path:
    """A path; or where systemd puts the credential of this name for the unit that runs us. Outside of a unit it is the file that
    the units have it from (LoadCredential=secrets:…), so that root can halt by hand."""
    scheme, _, name = str(_of(str)(value)).partition(":")
    if scheme == "credential" and name:
        handed_in = os.environ.get("CREDENTIALS_DIRECTORY")
        return Path(handed_in, name) if handed_in else Path("/etc/countermand", *name.split("_", 1))
    return Path(str(value))


#: The roles that an identity provider's groups can give. Never the administrator's: whoever runs the provider does not run this
#: house.
PROVIDED = frozenset({"author", "approver", "operator", "helpdesk", "auditor", "observer"})
_TLS = frozenset({"sslmode", "sslrootcert"})
DATABASE: Reader = (
    'the path of a file, or "postgresql://role@host:port/name" without a password (that is in database_password_file)',
    _database,
)
TEXT: Reader = ("a text in quotation marks", _of(str))
NAMES: Reader = ('a list of names, ["ActiveSync", "IMAP"]', _names)
FLAG: Reader = ("true or false", _of(bool))
SHARE: Reader = ('a share, "2%"', lambda value: forms.share(_of(str)(value)))
KINDS: Reader = ('a list of kinds of notices, ["issued", "denied"]', _kinds)
DURATION: Reader = ('a span of time, "10m", "72h", "10s"', _span)
FILE: Reader = ('the path of a file, in quotation marks, or "credential:NAME" for what systemd hands in', _file)
LISTEN: Reader = ('host and port, "127.0.0.1:8440"', _address)
LANGUAGE: Reader = (f"one of {', '.join(LANGUAGES)}, in quotation marks", _language)
ROLES: Reader = (
    f'groups with their roles, security = ["author"]; roles are {", ".join(sorted(PROVIDED))}',
    _roles,
)
HOURS: Reader = ('hours by the clock on the wall, "22:00-07:00"', _hours)
RETURN_PATH: Reader = ('an address with {tag} before its @, "bounces+{tag}@example.org"', _return_path)
PAGE: Reader = ('the address of a page, "https://intranet.example.org/mail"', _page)


def among(*words: str) -> Reader:
    """One of these words."""

    def chosen(value: Any) -> str:
        if value not in words:
            raise ValueError
        return str(value)

    return f"one of {', '.join(words)}", chosen


def count(least: int, most: int) -> Reader:
    return f"a whole number from {least} to {most}", _between(least, most)
