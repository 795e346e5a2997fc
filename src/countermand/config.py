"""The configuration: one TOML file → frozen values. Every key has a default, an unknown one is an error, and secrets are
never in it: a ``*_file`` key names the file that holds one. A gate has a file of its own (gates.config).
"""

import os
import re
import tomllib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, NoReturn, TypeAlias
from urllib.parse import parse_qsl, quote, unquote, urlencode, urlsplit

from countermand.core import forms
from countermand.core.errors import Refused, Where
from countermand.core.guardrails import Rails
from countermand.core.instants import DAY, MINUTE, SECOND


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


@dataclass(frozen=True, slots=True)
class Smtp:
    """Where notices are handed over, and from whom they come."""

    host: str = "127.0.0.1"
    port: int = 25
    sender: str = "countermand@localhost"
    starttls: bool = False
    username: str = ""
    password_file: Path | None = None

    @property
    def password(self) -> str:
        """The secret itself, read when it is needed and kept nowhere; '' without a file."""
        return "" if self.password_file is None else secret("smtp.password_file", self.password_file)


@dataclass(frozen=True, slots=True)
class Notices:
    """``lease``: how long a claimed notice may take to be handed over, in milliseconds; part of every due it states."""

    lease: int = 10 * MINUTE


@dataclass(frozen=True, slots=True)
class Holdbacks:
    """When a flood, or an absence, waits for a person (DESIGN §5). Shares are of the set's size before.

    ``set_floor``: a report set under this share of the source's last one; ``presence_floor`` and ``presence_factor``: new
    presence beyond the larger of the floor and so many times the source's busiest hour of the last week; ``shrink_floor``
    and ``shrink_share``: an exclusion group or the protected set losing more than the larger of the two.
    """

    set_floor: float = 0.8
    presence_floor: int = 20
    presence_factor: int = 5
    shrink_floor: int = 3
    shrink_share: float = 0.05


@dataclass(frozen=True, slots=True)
class Mail:
    """The ways in to mail: ``doors`` names them all, ``guarded`` those at which a gate is asked. Previews name the rest."""

    doors: tuple[str, ...] = ("ActiveSync", "IMAP", "web mail")
    guarded: tuple[str, ...] = ("ActiveSync",)

    @property
    def uncovered(self) -> tuple[str, ...]:
        return tuple(door for door in self.doors if door not in self.guarded)


@dataclass(frozen=True, slots=True)
class Control:
    """``listen``: host:port on which feed and snapshots are served; ``url``: the base address by which gates reach it.

    ``certificate_file`` and ``key_file``: PEM, for TLS. Without them it listens on loopback only, unless ``plain_http`` says
    that something in front of it does TLS. ``metrics_token_file``: who is not on this machine needs it to read /metrics.
    """

    listen: str = "127.0.0.1:8440"
    url: str = "http://127.0.0.1:8440"
    certificate_file: Path | None = None
    key_file: Path | None = None
    plain_http: bool = False
    metrics_token_file: Path | None = None


@dataclass(frozen=True, slots=True)
class Worker:
    """``listen``: host:port at which the worker says how it is (/healthz, /readyz, /metrics); '' for nowhere."""

    listen: str = ""


@dataclass(frozen=True, slots=True)
class Api:
    """``per_minute``: requests of one token that each web process answers, with so many at once as come in ``burst``;
    ``upload_mb``: the largest file that an import may bring."""

    per_minute: int = 1_200
    burst: int = 200
    upload_mb: int = 2_048


@dataclass(frozen=True, slots=True)
class Client:
    """``url``: the installation that the command line asks over the network, '' for the one on this machine; ``ca_file``:
    the certificates to trust instead of the system's."""

    url: str = ""
    ca_file: Path | None = None


@dataclass(frozen=True, slots=True)
class Publisher:
    """``interval``: between two looks for committed changes; ``heartbeat``: between two heartbeats. Milliseconds."""

    interval: int = SECOND // 50
    heartbeat: int = 10 * SECOND


@dataclass(frozen=True, slots=True)
class Reports:
    """``smallest``: the least number of devices that a report's cell by country or group may show (k-anonymity)."""

    smallest: int = 5


@dataclass(frozen=True, slots=True)
class Retention:
    """``appeal``: how long apps are kept of devices that are not the company's after the order that names them is over, so
    that people can contest what was said of theirs. ``every``: between two looks for what may go. Milliseconds."""

    appeal: int = 30 * DAY
    every: int = DAY


@dataclass(frozen=True, slots=True)
class Config:
    """Paths are absolute; in the file they are relative to it. ``origin`` names this installation in ledger and bundles."""

    state_dir: Path
    database: Database
    origin: str = "localhost"
    smtp: Smtp = Smtp()
    notices: Notices = Notices()
    guard: Rails = field(default_factory=Rails)
    holdbacks: Holdbacks = Holdbacks()
    mail: Mail = Mail()
    control: Control = Control()
    worker: Worker = Worker()
    api: Api = Api()
    client: Client = Client()
    publisher: Publisher = Publisher()
    reports: Reports = Reports()
    retention: Retention = Retention()


def standard(state_dir: Path) -> Config:
    """The configuration of an empty file, with its state in ``state_dir``."""
    return Config(state_dir=state_dir, database=state_dir / "countermand.sqlite3")


def load(path: Path) -> Config:
    """Read the file. Refused ``config-missing``, ``config-broken``, ``config-unknown-key`` or ``config-wrong-value``."""
    try:
        text = path.read_text("utf-8")
        plain = tomllib.loads(text)
    except (OSError, UnicodeDecodeError):
        raise Refused("config-missing", Where(str(path)), path=str(path)) from None
    except tomllib.TOMLDecodeError as error:
        found = re.search(r"line (\d+), column (\d+)", str(error))
        line, column = (int(found[1]), int(found[2])) if found else (len(text.splitlines()), None)
        raise Refused("config-broken", Where(str(path), line, column), problem=str(error)) from None
    return _Reading(path.absolute(), text).config(plain)


def secret(key: str, path: Path) -> str:
    """The one line that a secret's file holds. Refused ``secret-unreadable``."""
    try:
        return path.read_text("utf-8").strip()
    except (OSError, UnicodeDecodeError):
        raise Refused("secret-unreadable", Where(str(path), field=key), key=key, path=str(path)) from None


# -- readers of single values: (what to write instead, reader that raises ValueError or TypeError) --

_Reader = tuple[str, Callable[[Any], Any]]
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
    """A path; or where systemd puts the credential of this name for the unit that runs us."""
    scheme, _, name = str(_of(str)(value)).partition(":")
    if scheme == "credential" and name:
        return Path(os.environ.get("CREDENTIALS_DIRECTORY", "/run/credentials")) / name
    return Path(str(value))


_TLS = frozenset({"sslmode", "sslrootcert"})
_DATABASE: _Reader = (
    'the path of a file, or "postgresql://role@host:port/name" without a password (that is in database_password_file)',
    _database,
)
_TEXT: _Reader = ("a text in quotation marks", _of(str))
_NAMES: _Reader = ('a list of names, ["ActiveSync", "IMAP"]', _names)
_FLAG: _Reader = ("true or false", _of(bool))
_SHARE: _Reader = ('a share, "2%"', lambda value: forms.share(_of(str)(value)))
_DURATION: _Reader = ('a span of time, "10m", "72h", "10s"', _span)
_FILE: _Reader = ('the path of a file, in quotation marks, or "credential:NAME" for what systemd hands in', _file)
_LISTEN: _Reader = ('host and port, "127.0.0.1:8440"', _address)


def _count(least: int, most: int) -> _Reader:
    return f"a whole number from {least} to {most}", _between(least, most)


_SECTIONS: Mapping[str, tuple[type[Any], Mapping[str, _Reader]]] = {
    "smtp": (
        Smtp,
        {
            "host": _TEXT,
            "port": _count(1, 65535),
            "sender": _TEXT,
            "starttls": _FLAG,
            "username": _TEXT,
            "password_file": _FILE,
        },
    ),
    "notices": (Notices, {"lease": _DURATION}),
    "guard": (
        Rails,
        {"approvers": _count(1, 20), "tolerance": _SHARE, "minimum_notice": _DURATION, "new_operator_wait": _DURATION},
    ),
    "holdbacks": (
        Holdbacks,
        {
            "set_floor": _SHARE,
            "presence_floor": _count(0, 1_000_000),
            "presence_factor": _count(1, 1000),
            "shrink_floor": _count(0, 1_000_000),
            "shrink_share": _SHARE,
        },
    ),
    "mail": (Mail, {"doors": _NAMES, "guarded": _NAMES}),
    "control": (
        Control,
        {
            "listen": _LISTEN,
            "url": _TEXT,
            "certificate_file": _FILE,
            "key_file": _FILE,
            "plain_http": _FLAG,
            "metrics_token_file": _FILE,
        },
    ),
    "worker": (Worker, {"listen": _LISTEN}),
    "api": (Api, {"per_minute": _count(1, 1_000_000), "burst": _count(1, 1_000_000), "upload_mb": _count(1, 1_000_000)}),
    "client": (Client, {"url": _TEXT, "ca_file": _FILE}),
    "publisher": (Publisher, {"interval": _DURATION, "heartbeat": _DURATION}),
    "retention": (Retention, {"appeal": _DURATION, "every": _DURATION}),
    "reports": (Reports, {"smallest": _count(1, 1000)}),
}
_TOP: Mapping[str, _Reader] = {
    "state_dir": _FILE,
    "database": _DATABASE,
    "database_password_file": _FILE,
    "origin": _TEXT,
}


@dataclass(frozen=True, slots=True)
class _Reading:
    """One file while it is being read; knows its place and text, for paths and for errors."""

    path: Path
    text: str

    def config(self, plain: Mapping[str, Any]) -> Config:
        sections = {name: self.section(name, plain[name]) for name in plain if name in _SECTIONS}
        rest = {key: value for key, value in plain.items() if key not in _SECTIONS}
        top = self.values("", rest, _TOP, [*_TOP, *_SECTIONS])
        state_dir = top.pop("state_dir", self.path.parent / "state")
        database, password_file = top.pop("database", state_dir / "countermand.sqlite3"), top.pop("database_password_file", None)
        if isinstance(database, Postgres):
            database = replace(database, password_file=password_file)
        return Config(state_dir=state_dir, database=database, **top, **sections)

    def section(self, name: str, plain: Any) -> Any:
        made, readers = _SECTIONS[name]
        if not isinstance(plain, dict):
            self.wrong("", name, plain, f"a section, [{name}]")
        return made(**self.values(name, plain, readers, list(readers)))

    def values(self, section: str, plain: Mapping[str, Any], readers: Mapping[str, _Reader], known: list[str]) -> dict[str, Any]:
        found = {}
        for key, value in plain.items():
            if key not in readers:
                nearest = forms.nearest(key, known) or "nothing is near"
                raise Refused("config-unknown-key", self.where(section, key), key=key, nearest=nearest, known=", ".join(known))
            wanted, read = readers[key]
            try:
                made = read(value)
            except (ValueError, TypeError):
                self.wrong(section, key, value, wanted)
            found[key] = self.path.parent / made if isinstance(made, Path) else made
        return found

    def wrong(self, section: str, key: str, value: Any, wanted: str) -> NoReturn:
        shown = re.sub(r"(://[^@/]*?):[^@]*@", r"\1:…@", repr(value))[:60]  # somebody may have written a password into it
        raise Refused("config-wrong-value", self.where(section, key), value=shown, key=key, wanted=wanted)

    def where(self, section: str, key: str) -> Where:
        """The line on which a key stands, found by reading the text again: tomllib keeps no places."""
        current, name = "", f"{section}.{key}" if section else key
        for number, line in enumerate(self.text.splitlines(), start=1):
            if header := re.match(r"\s*\[+\s*([\w.-]+)\s*\]", line):
                current = header[1]
                if not section and current.split(".")[0] == key:
                    return Where(str(self.path), number, header.start(1) + 1, name)
            elif current == section and (entry := re.match(rf"""\s*["']?{re.escape(key)}["']?\s*[=.]""", line)):
                return Where(str(self.path), number, entry[0].index(key) + 1, name)
        return Where(str(self.path), field=name)
