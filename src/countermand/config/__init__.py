"""The configuration: one TOML file → frozen values. Every key has a default, an unknown one is an error, and secrets are
never in it: a ``*_file`` key names the file that holds one. A gate has a file of its own (gates.config).
"""

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, NoReturn

from countermand.config import people
from countermand.config.people import Ldap as Ldap
from countermand.config.people import Scim as Scim
from countermand.config.signing_in import (
    Console as Console,
)
from countermand.config.signing_in import (
    SignIn as SignIn,
)
from countermand.config.speaking import SPEAKING, Bounces, Channels, Notices
from countermand.config.speaking import (
    Smtp as Smtp,
)
from countermand.config.values import (
    DATABASE,
    DURATION,
    FILE,
    FLAG,
    LISTEN,
    NAMES,
    PAGE,
    ROLES,
    SHARE,
    TEXT,
    Reader,
    count,
)
from countermand.config.values import (
    Database as Database,
)
from countermand.config.values import (
    Postgres as Postgres,
)
from countermand.config.values import (
    secret as secret,
)
from countermand.core import forms
from countermand.core.errors import Refused, Where
from countermand.core.instants import DAY, HOUR, SECOND
from countermand.core.rails import Rails


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
    that something in front of it does TLS. ``client_ca_file``: PEM; whoever connects must show a certificate of this authority's,
    people's browsers too. ``metrics_token_file``: who is not on this machine needs it to read /metrics.
    """

    listen: str = "127.0.0.1:8440"
    url: str = "http://127.0.0.1:8440"
    certificate_file: Path | None = None
    key_file: Path | None = None
    client_ca_file: Path | None = None
    plain_http: bool = False
    metrics_token_file: Path | None = None


@dataclass(frozen=True, slots=True)
class Worker:
    """``listen``: host:port at which the worker says how it is (/healthz, /readyz, /metrics); '' for nowhere."""

    listen: str = ""


@dataclass(frozen=True, slots=True)
class Api:
    """``per_minute``: requests of one token that all web processes together answer, so many at once as ``burst`` says;
    ``upload_mb``: the largest file that an import may bring."""

    per_minute: int = 1_200
    burst: int = 200
    upload_mb: int = 2_048


@dataclass(frozen=True, slots=True)
class Pages:
    """``url``: the address under which people know their page, '' for the control plane's own. It is the only one that a
    notice may show. ``contact``: the desk that employees are told of. ``answerers``: the operators of whom one answers what an
    employee contests, within ``answer_in``; ``escalate_to``: those of whom one has it then. ``mail_passwords``: people issue
    the mail passwords of their devices themselves; else only whose device has one gets a new one there."""

    url: str = ""
    contact: str = ""
    answerers: tuple[str, ...] = ()
    escalate_to: tuple[str, ...] = ()
    answer_in: int = 24 * HOUR
    mail_passwords: bool = False


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
class Sources:
    """``private_hosts``: exact names of hosts that may be asked at a private address (an MDM in this house); every other one must
    be on the internet. ``ca_file``: the certificates to trust instead of the system's."""

    private_hosts: tuple[str, ...] = ()
    ca_file: Path | None = None


@dataclass(frozen=True, slots=True)
class Signals:
    """``private_hosts`` and ``ca_file`` as of [sources], for whoever is told what happens. ``issuer``: the address by which
    receivers of Shared Signals know this installation, '' for none; what they ask for stands under it."""

    private_hosts: tuple[str, ...] = ()
    ca_file: Path | None = None
    issuer: str = ""


@dataclass(frozen=True, slots=True)
class Levers:
    """``private_hosts`` and ``ca_file`` as of [sources], for whatever enforces beside us."""

    private_hosts: tuple[str, ...] = ()
    ca_file: Path | None = None


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
    smtp: Smtp = field(default_factory=Smtp)
    notices: Notices = field(default_factory=Notices)
    bounces: Bounces = field(default_factory=Bounces)
    channels: Channels = field(default_factory=Channels)
    guard: Rails = field(default_factory=Rails)
    holdbacks: Holdbacks = Holdbacks()
    mail: Mail = Mail()
    control: Control = Control()
    worker: Worker = Worker()
    api: Api = Api()
    pages: Pages = Pages()
    sign_in: SignIn = field(default_factory=SignIn)
    console: Console = field(default_factory=Console)
    client: Client = Client()
    publisher: Publisher = Publisher()
    reports: Reports = Reports()
    retention: Retention = Retention()
    sources: Sources = Sources()
    signals: Signals = Signals()
    levers: Levers = Levers()
    scim: Scim = Scim()  # noqa: RUF009  # frozen
    ldap: Ldap = Ldap()  # noqa: RUF009  # frozen

    @property
    def console_url(self) -> str:
        """Where operators find the console."""
        return f"{(self.console.url or self.control.url).rstrip('/')}/console/"

    def link(self, secret: str) -> str:
        """The address at which whoever has this secret makes a passkey."""
        return f"{self.console_url}join/{secret}/"


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


_SECTIONS: Mapping[str, tuple[type[Any], Mapping[str, Reader]]] = {
    **SPEAKING,
    "guard": (
        Rails,
        {"approvers": count(1, 20), "tolerance": SHARE, "minimum_notice": DURATION, "new_operator_wait": DURATION},
    ),
    "holdbacks": (
        Holdbacks,
        {
            "set_floor": SHARE,
            "presence_floor": count(0, 1_000_000),
            "presence_factor": count(1, 1000),
            "shrink_floor": count(0, 1_000_000),
            "shrink_share": SHARE,
        },
    ),
    "mail": (Mail, {"doors": NAMES, "guarded": NAMES}),
    "control": (
        Control,
        {
            "listen": LISTEN,
            "url": TEXT,
            "certificate_file": FILE,
            "key_file": FILE,
            "client_ca_file": FILE,
            "plain_http": FLAG,
            "metrics_token_file": FILE,
        },
    ),
    "worker": (Worker, {"listen": LISTEN}),
    "api": (Api, {"per_minute": count(1, 1_000_000), "burst": count(1, 1_000_000), "upload_mb": count(1, 1_000_000)}),
    "pages": (
        Pages,
        {
            "url": PAGE,
            "contact": TEXT,
            "answerers": NAMES,
            "escalate_to": NAMES,
            "answer_in": DURATION,
            "mail_passwords": FLAG,
        },
    ),
    "sign_in": (SignIn, {"issuer": PAGE, "client_id": TEXT, "client_secret_file": FILE, "claim": TEXT, "ca_file": FILE}),
    "console": (
        Console,
        {
            "url": PAGE,
            "idle": DURATION,
            "longest": DURATION,
            "issuer": PAGE,
            "client_id": TEXT,
            "client_secret_file": FILE,
            "ca_file": FILE,
            "claim": TEXT,
            "groups": TEXT,
            "roles": ROLES,
        },
    ),
    "client": (Client, {"url": TEXT, "ca_file": FILE}),
    "publisher": (Publisher, {"interval": DURATION, "heartbeat": DURATION}),
    "retention": (Retention, {"appeal": DURATION, "every": DURATION}),
    "sources": (Sources, {"private_hosts": NAMES, "ca_file": FILE}),
    "signals": (Signals, {"private_hosts": NAMES, "ca_file": FILE, "issuer": PAGE}),
    "levers": (Levers, {"private_hosts": NAMES, "ca_file": FILE}),
    "scim": (Scim, people.SCIM),
    "ldap": (Ldap, people.LDAP),
    "reports": (Reports, {"smallest": count(1, 1000)}),
}
_TOP: Mapping[str, Reader] = {
    "state_dir": FILE,
    "database": DATABASE,
    "database_password_file": FILE,
    "origin": TEXT,
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

    def values(self, section: str, plain: Mapping[str, Any], readers: Mapping[str, Reader], known: list[str]) -> dict[str, Any]:
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
