"""``countermand gate config``: what a mail front end needs to ask a gate. The gate's own program prints it."""

from enum import StrEnum
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


def _print(session: Session, *words: str) -> None:
    become("countermand.gates.recipes", session.options.config or GATE_FILE, *words)


FRONT_ENDS = group("config", "What a mail front end needs to ask a gate.", nginx, nginx_lua, envoy, haproxy, dovecot)
