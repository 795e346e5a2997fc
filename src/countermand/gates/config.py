"""A gate's settings: one TOML file → frozen values. Unknown keys are refused with the nearest known one.

``countermand.gates.configure`` writes such a file together with nginx's.
"""

import tomllib
from collections.abc import Callable
from dataclasses import MISSING, dataclass, fields
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from countermand.core.errors import Refused, Where
from countermand.core.instants import DAY, Instant
from countermand.gates.logins import Form, reader
from countermand.lib.addresses import loopback
from countermand.lib.certificates import authorities_until, chain_until
from countermand.lib.keys import BadKeyFile, VerifyKey, load_public, load_secret


@dataclass(frozen=True, slots=True)
class GateConfig:
    """Paths are relative to the file's directory. ``listen``: ``host:port`` or ``unix:PATH``; ``clock``: ``own``, or ``feed``
    for a rehearsal, whose clock can be moved; ``login_header``: lower-case name of a header with an authenticated login, which
    holds what ``login_form`` says (gates.logins), the login under ``login_claim``;
    ``ca_file``: PEM, the only authority that may vouch for the control plane; ``certificate_file`` and ``key_file``: PEM,
    what the gate shows there (both or neither); ``plain_http``: ``allowed`` if the way there is
    safe without TLS.

    Front ends other than nginx have an address each, '' = nobody listens: ``envoy haproxy dovecot authzen``. ``doveadm``: base
    URL of Dovecot's doveadm server, told to end sessions, with the key in ``doveadm_key_file``. ``login_domains``: domains,
    separated by spaces, that logins lose if they end with one (``alice@example.org`` is ``alice``). ``denial``: ``403``, or
    ``activesync`` for a body that says so to phones which speak 14.0 or later (nginx only)."""

    name: str
    listen: str
    control: str  # the control plane's base URL
    token_file: Path
    root_key_file: Path
    secret_file: Path
    state_dir: Path
    ca_file: Path | None = None
    certificate_file: Path | None = None
    key_file: Path | None = None
    stop_file: Path | None = None
    sightings_socket: Path | None = None
    clock: str = "own"
    login_header: str = ""
    login_form: str = Form.NAME
    login_claim: str = ""
    plain_http: str = "no"
    envoy: str = ""
    haproxy: str = ""
    dovecot: str = ""
    authzen: str = ""
    doveadm: str = ""
    doveadm_key_file: Path | None = None
    login_domains: str = ""
    denial: str = "403"

    @property
    def token(self) -> str:
        return self.token_file.read_text().strip()

    @property
    def root(self) -> VerifyKey:
        try:
            return load_public(self.root_key_file)
        except BadKeyFile as bad:
            raise Refused(bad.code, file=str(bad.path)) from None

    @property
    def secret(self) -> bytes:
        try:
            return load_secret(self.secret_file)
        except BadKeyFile as bad:
            raise Refused(bad.code, file=str(bad.path)) from None

    @property
    def shown(self) -> tuple[Path, Path] | None:
        """(certificate, key) that the control plane is shown."""
        return (self.certificate_file, self.key_file) if self.certificate_file and self.key_file else None

    def days_left(self, now: Instant) -> dict[str, float]:
        """By setting: for how many days the certificate that is shown, and the authority that is believed, still hold."""
        shown, trusted = self.certificate_file, self.ca_file
        ends = {
            "certificate_file": None if shown is None else chain_until(shown),
            "ca_file": None if trusted is None else authorities_until(trusted),
        }
        return {name: (until - now) / DAY for name, until in ends.items() if until is not None}

    @property
    def trusted_login(self) -> Callable[[bytes], str] | None:
        """How the login is read from ``login_header``; None if there is no such header, and credentials count."""
        return reader(Form(self.login_form), self.login_claim) if self.login_header else None

    @property
    def stop_path(self) -> Path:
        return self.stop_file or self.state_dir / "stop"


#: Settings of earlier versions: what became of each.
_ONCE = {
    "mail": "is no setting any more: front ends ask the mail server themselves, by the address that gate config --mail gives them"
}
#: Under which the recipes hand on the subject of a client certificate, unless the settings say another.
_SUBJECT_HEADER = "x-client-subject"
_CHOICES = {"login_form": tuple(Form), "clock": ("own", "feed"), "plain_http": ("no", "allowed"), "denial": ("403", "activesync")}


def load(path: Path) -> GateConfig:
    """Read the file. Refused ``gate-config`` with what to mend."""
    path = path.absolute()  # what is printed for nginx from here must not depend on where one stands
    try:
        plain = tomllib.loads(path.read_text())
    except FileNotFoundError:
        raise Refused("gate-config", Where(file=str(path)), why="there is no such file") from None
    except tomllib.TOMLDecodeError as wrong:
        raise Refused("gate-config", Where(file=str(path)), why=str(wrong)) from None
    known = {field.name: field for field in fields(GateConfig)}
    for key, value in plain.items():
        if key not in known:
            raise _wrong(path, key, _ONCE.get(key) or _not_a_setting(key, list(known)))
        if not isinstance(value, str):
            raise _wrong(path, key, "is to be a text in quotes")
    missing = [name for name, field in known.items() if field.default is MISSING and name not in plain]
    if missing:
        raise _wrong(path, missing[0], "is missing")
    for key, choices in _CHOICES.items():
        if key in plain and plain[key] not in choices:
            raise _wrong(path, key, f"is {' or '.join(choices)}")
    _complete(path, plain)
    at = urlsplit(plain["control"])
    if at.scheme != "https" and plain.get("plain_http") != "allowed" and not loopback(at.hostname or ""):
        raise _wrong(path, "control", 'is not this machine and has no TLS: write https://, or plain_http = "allowed"')
    return GateConfig(**{key: _value(path, known[key].type, value) for key, value in plain.items()})


def _not_a_setting(key: str, known: list[str]) -> str:
    import difflib

    return f"is not a setting; nearest: {', '.join(difflib.get_close_matches(key, known, 1) or known)}"


def _complete(path: Path, plain: dict[str, str]) -> None:
    """What is said of the login's header must say something; the subject of a certificate has a header anyway."""
    if ("certificate_file" in plain) != ("key_file" in plain):
        raise _wrong(path, "key_file", "and certificate_file belong together")
    form = plain.get("login_form", Form.NAME)
    if form == Form.SUBJECT:
        plain.setdefault("login_header", _SUBJECT_HEADER)
    if form == Form.NAME and plain.get("login_claim"):
        raise _wrong(path, "login_claim", "means nothing where login_form is name")
    if form != Form.NAME and not plain.get("login_header"):
        raise _wrong(path, "login_header", "is missing: login_form says what it holds")


def _value(path: Path, kind: Any, text: str) -> Any:
    return path.parent / text if kind in (Path, Path | None) else text


def _wrong(path: Path, field: str, why: str) -> Refused:
    return Refused("gate-config", Where(file=str(path), field=field), why=f"{field} {why}")
