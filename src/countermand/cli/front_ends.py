"""``countermand gate config check reconcile``: what a mail front end needs to ask a gate, and whether it does. The gate's own
programs do it: they have no database."""

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from countermand.cli.becoming import GATE_FILE, become
from countermand.cli.command import command, group
from countermand.cli.session import Session


class NginxPart(StrEnum):
    """The two includes of nginx."""

    HTTP = "http"
    SERVER = "server"


class HaproxyPart(StrEnum):
    """The two files of HAProxy."""

    WHOLE = "whole"
    SPOE = "spoe"


class Failure(StrEnum):
    """What a front end does while its gate does not answer."""

    KEEP_LAST = "keep-last"
    OPEN = "open"
    CLOSED = "closed"


class FailureWithoutMemory(StrEnum):
    """The same of front ends that keep no answers."""

    OPEN = "open"
    CLOSED = "closed"


Mail = Annotated[
    str,
    typer.Option(metavar="ADDRESS", help="The mail server behind it: host:port, with a /prefix if it wants one (SOGo: /SOGo)."),
]
Listen = Annotated[str, typer.Option(metavar="ADDRESS", help="Where phones ask: host:port.")]
_WHILE_DOWN = "While the gate does not answer: mail flows (open); phones are told to come back (closed)"
OnFailure = Annotated[
    Failure, typer.Option("--failure", help=_WHILE_DOWN + "; or its last answer counts, for five minutes (keep-last).")
]
OnFailureWithoutMemory = Annotated[FailureWithoutMemory, typer.Option("--failure", help=_WHILE_DOWN + ".")]
OfNginx = Annotated[
    NginxPart, typer.Option("--part", help="The include for http { }, or the one for the server { } that phones talk to.")
]
OfHaproxy = Annotated[HaproxyPart, typer.Option("--part", help="haproxy.cfg, or the file of the filter that asks the gate.")]
_MAIL = "127.0.0.1:8080"
_LISTEN = "0.0.0.0:443"


@command("nginx", ["countermand gate config nginx --config gate.toml --part server --mail 127.0.0.1:8080"])
def nginx(session: Session, part: OfNginx = NginxPart.SERVER, mail: Mail = _MAIL, failure: OnFailure = Failure.CLOSED) -> None:
    """Print what nginx needs to ask this gate (auth_request); --config names the gate's file."""
    _print(session, "nginx", "--part", part, "--mail", mail, "--failure", failure)


@command("nginx-lua", ["countermand gate config nginx-lua --config gate.toml --part server --mail 127.0.0.1:8080"])
def nginx_lua(
    session: Session, part: OfNginx = NginxPart.SERVER, mail: Mail = _MAIL, failure: OnFailure = Failure.CLOSED
) -> None:
    """The same with ngx_http_lua_module: what took longer than a second is asked about again before its answer is let out."""
    _print(session, "nginx-lua", "--part", part, "--mail", mail, "--failure", failure)


@command("envoy", ["countermand gate config envoy --config gate.toml --mail 127.0.0.1:8080 --listen 0.0.0.0:443"])
def envoy(
    session: Session,
    mail: Mail = _MAIL,
    listen: Listen = _LISTEN,
    failure: OnFailureWithoutMemory = FailureWithoutMemory.CLOSED,
) -> None:
    """Print a whole configuration of Envoy (ext_authz over HTTP), to be run as it is or taken apart."""
    _print(session, "envoy", "--mail", mail, "--listen", listen, "--failure", failure)


@command("haproxy", ["countermand gate config haproxy --config gate.toml --mail 127.0.0.1:8080 --listen 0.0.0.0:443"])
def haproxy(
    session: Session,
    part: OfHaproxy = HaproxyPart.WHOLE,
    mail: Mail = _MAIL,
    listen: Listen = _LISTEN,
    failure: OnFailure = Failure.CLOSED,
) -> None:
    """Print HAProxy's configuration, or its filter's: an agent is asked over SPOE."""
    _print(session, "haproxy", "--part", part, "--mail", mail, "--listen", listen, "--failure", failure)


@command("dovecot", ["countermand gate config dovecot --config gate.toml"])
def dovecot(session: Session, failure: OnFailureWithoutMemory = FailureWithoutMemory.CLOSED) -> None:
    """Print what Dovecot needs to ask this gate after it checked a password (auth policy), and to end open sessions."""
    _print(session, "dovecot", "--failure", failure)


Url = Annotated[str, typer.Option("--at", metavar="URL", help="Where phones ask: http(s)://host:port.")]
Login = Annotated[str, typer.Option(metavar="LOGIN", help="A login with two devices, one of them denied.")]
Secret = Annotated[Path, typer.Option("--password-file", metavar="FILE", help="Its password, in a file.")]
Allowed = Annotated[str, typer.Option(metavar="ID", help="ActiveSync id of the device that is not denied.")]
Denied = Annotated[str, typer.Option(metavar="ID", help="ActiveSync id of the device that is denied.")]
Pid = Annotated[int | None, typer.Option(metavar="PID", help="The gate's process: it is frozen for one question.")]
Stop = Annotated[str, typer.Option(metavar="COMMAND", help="Ends the gate, for one question.")]
Start = Annotated[str, typer.Option(metavar="COMMAND", help="Brings it back.")]
Authority = Annotated[
    Path | None, typer.Option("--ca", metavar="FILE", help="PEM of the authority of the front end's certificate.")
]
Logs = Annotated[list[Path], typer.Argument(metavar="FILE...", help="Mail servers' logs: nginx or Apache, IIS, Dovecot.")]
Inside = Annotated[
    list[str] | None,
    typer.Option("--front-end", metavar="ADDRESS", help="Address or network of a front end; this machine if none is named."),
]
Asking = Annotated[
    list[str] | None, typer.Option("--asking", metavar="DOOR", help="A door that asks the gate itself, such as IMAP.")
]
_CHECK = "countermand gate check --config gate.toml --at https://mail.example.org --login alice --password-file pw"


@command("check", [f"{_CHECK} --allowed ApplA1 --denied ApplB2 --pid $(pidof countermand-gate)"])
def check(
    session: Session,
    at: Url,
    login: Login,
    password_file: Secret,
    allowed: Allowed,
    denied: Denied,
    failure: OnFailure = Failure.CLOSED,
    ca: Authority = None,
    pid: Pid = None,
    stop: Stop = "",
    start: Start = "",
) -> None:
    """Prove a front end as it runs: who gets mail, what a stranger learns, what happens without a gate. It asks with OPTIONS,
    which mail servers answer without mail, and nine times with a wrong password. Exits with 1 if anything is wrong."""
    words = ["--url", at, "--login", login, "--password-file", str(password_file), "--allowed", allowed, "--denied", denied]
    words += ["--failure", failure, *(["--ca", str(ca)] if ca else []), *(["--pid", str(pid)] if pid else [])]
    _become(session, "check", *words, "--stop", stop, "--start", start)


@command("reconcile", ["countermand gate reconcile /var/log/iis/u_ex200717.log --front-end 10.0.0.5"])
def reconcile(session: Session, files: Logs, front_end: Inside = None, asking: Asking = None) -> None:
    """Compare mail servers' logs of who got in with what the gate says: doors that go past it (EWS, OWA, IMAP), and devices that
    got mail and that it denies now. Exits with 1 if there are any."""
    words = [word for one in front_end or [] for word in ("--front-end", one)]
    words += [word for one in asking or [] for word in ("--asking", one)]
    _become(session, "reconcile", *words, *map(str, files))


def _become(session: Session, program: str, *words: str) -> None:
    more = ["--json"] if session.options.json else []
    become(f"countermand.gates.{program}", session.options.config or GATE_FILE, *more, *words)


def _print(session: Session, *words: str) -> None:
    become("countermand.gates.recipes", session.options.config or GATE_FILE, *words)


FRONT_ENDS = group("config", "What a mail front end needs to ask a gate.", nginx, nginx_lua, envoy, haproxy, dovecot)
