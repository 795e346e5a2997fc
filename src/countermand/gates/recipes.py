"""What a mail front end needs to ask a gate, printed: a complete commented configuration with its failure mode in words.

The recipes and their reasons stand in ``recipes/``; here only the blanks are filled in. nginx's own are filled in ``configure``.
"""

import argparse
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from importlib.resources import files
from pathlib import Path

from countermand.core.errors import Refused
from countermand.gates.config import GateConfig, load
from countermand.gates.configure import Failure, NginxSettings, http_part, server_part, split_mail
from countermand.gates.logins import Form

SAID = {
    Failure.KEEP_LAST: "the last answer about the same login and request is used, if it is younger than {keep} s; else 503",
    Failure.OPEN: "OPEN, mail flows, also to devices that are denied",
    Failure.CLOSED: "CLOSED, phones are told 503 with Retry-After, and come back by themselves",
}


@dataclass(frozen=True, slots=True)
class Asked:
    """What to print. ``listen``: ``host:port``; ``mail``: the same, or with a ``/prefix`` (configure.split_mail); ``keep`` and
    ``retry_after`` in seconds."""

    config: GateConfig
    mail: str
    listen: str
    failure: Failure
    part: str = ""
    keep: int = 300
    retry_after: int = 60
    spoe_file: str = "/etc/haproxy/countermand-spoe.cfg"
    installed: str = ""


@dataclass(frozen=True, slots=True)
class Recipe:
    """``print``: the whole text but for what every front end's has at its head. ``proved``: the version series that the tests
    run against; ``command`` says which is installed here. ``parts``: the first is printed if none is asked for. ``timing`` and
    ``hanging``: what strangers can tell by time, and what becomes of a request that hangs."""

    print: Callable[[Asked, str], str]
    proved: str
    command: tuple[str, ...]
    failures: tuple[Failure, ...]
    parts: tuple[str, ...] = ("whole",)
    timing: str = ""
    hanging: str = ""


def render(kind: str, asked: Asked) -> str:
    """The text. Refused ``gate-config`` if the gate's settings or this front end cannot do what is asked."""
    recipe = RECIPES[kind]
    if asked.failure not in recipe.failures:
        choices = " or ".join(recipe.failures)
        raise Refused("gate-config", why=f"{kind} cannot be {asked.failure.value}; it keeps no answers: choose {choices}")
    part = asked.part or recipe.parts[0]
    if part not in recipe.parts:
        raise Refused("gate-config", why=f"{kind} has no part {part}; it has {', '.join(recipe.parts)}")
    text = recipe.print(asked, part)
    known = {
        "FAILURE": SAID[asked.failure].format(keep=asked.keep),
        "PROVED": _proved(recipe, asked.installed),
        "STRANGERS": _NGINX_ASKS if recipe.command[0] == "nginx" else _MAIL_ANSWERS,
        "TIMING": recipe.timing,
        "HANGING": recipe.hanging,
        "RETRY_AFTER": str(asked.retry_after),
        "KEEP_SECONDS": str(asked.keep),
    }
    return re.sub(r"\n( *\n){2,}", "\n\n", _filled(text, known))


def _filled(text: str, blanks: Mapping[str, str]) -> str:
    for blank, value in blanks.items():
        text = text.replace(f"@{blank}@", value)
    return text


def _template(name: str) -> str:
    return files("countermand.gates").joinpath("recipes", name).read_text()


def _proved(recipe: Recipe, installed: str) -> str:
    if not installed:
        return f"Proved with version {recipe.proved}; none is installed on this machine."
    if installed == recipe.proved or installed.startswith(recipe.proved + "."):
        return f"Proved with version {recipe.proved}; {installed} is installed here."
    return f"CAUTION: proved with version {recipe.proved}; {installed} is installed here. Try it with `countermand gate check`."


def installed(command: tuple[str, ...]) -> str:
    """The version that a program says it has, '' if it is not there."""
    program = shutil.which(command[0], path="/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin")
    if program is None:
        return ""
    said = subprocess.run([program, *command[1:]], capture_output=True, text=True, timeout=20, check=False)
    found = re.search(r"\d+\.\d+(\.\d+)*", said.stdout + said.stderr)
    return found[0] if found else ""


def _needed(config: GateConfig, name: str, example: str) -> str:
    """The address at which the gate answers this front end."""
    address = str(getattr(config, name))
    if not address:
        why = f'the gate listens to no {name} yet: add `{name} = "{example}"` to its settings, and start it anew'
        raise Refused("gate-config", why=why)
    return address


_NGINX_HEAD = """# @PROVED@
# While the gate does not answer: @FAILURE@.
# @STRANGERS@
# @TIMING@
# @HANGING@
"""
_NGINX_ASKS = """Strangers learn nothing by status, headers or size: before a denial is shown, nginx asks the mail server whether
# the password is right."""
_MAIL_ANSWERS = """Strangers learn nothing by status, headers or size: in place of what a denied device asks, the mail server is
# asked an OPTIONS with the same credentials. Its refusal is what is seen, and a denial only by whom it lets in."""
#: What is not promised says NOT.
_BY_TIME = """By time they can: this does NOT promise that a wrong password is refused as soon on a denied device as on another.
# The mail server is asked once more there. nginx-lua, envoy, haproxy and dovecot promise it."""
_NOT_BY_TIME = """Nor by time: the mail server is asked once, whoever asks, and its answer is what is shown. What is left is the
# gate's own time: under a tenth of a millisecond more about a device that it does not know."""
_ENDS = """A Sync or Ping that hangs when its device comes to be denied is ended, at its due or within ten seconds; what the mail
# server answers then goes nowhere."""
_BOUNDED = """A Sync or Ping that hangs ends before its device's due, or within eight seconds of it: the gate knows of it when the
# phone comes. One whose denial nobody could foresee (an app is seen after the due) is NOT ended: mail that comes within
# proxy_read_timeout still gets to the phone. Choose nginx-lua, envoy or haproxy if it may not."""
_KEPT_BACK = """A Sync or Ping that hangs ends at its device's due, or within eight seconds of it, and brings nothing: the gate
# knows of it when the phone comes. One whose denial nobody could foresee (an app is seen after the due) brings nothing
# either: its answer is kept back. It is NOT ended before the mail server answers, within the phone's heartbeat (an hour at
# most). Choose nginx-lua if it must be."""


def _nginx(asked: Asked, part: str, *, lua: bool = False) -> str:
    config = asked.config
    mail, prefix = split_mail(asked.mail)
    settings = NginxSettings(
        config.listen,
        mail,
        config.sightings_socket,
        retry_after=asked.retry_after,
        failure=asked.failure,
        lua=lua,
        login_header=config.login_header,
        by_certificate=config.login_form == Form.SUBJECT,
        prefix=prefix,
    )
    return _NGINX_HEAD + (http_part(settings) if part == "http" else server_part(settings))


def _envoy(asked: Asked, part: str) -> str:
    by_certificate = asked.config.login_form == Form.SUBJECT
    listen_host, _, listen_port = asked.listen.rpartition(":")
    header = asked.config.login_header
    mail, prefix = split_mail(asked.mail)
    blanks = {
        "REWRITE": f', prefix_rewrite: "{prefix}/"' if prefix else "",
        "ADMIN_PORT": "9901",
        "LISTEN_HOST": listen_host or "0.0.0.0",  # noqa: S104 (phones come from everywhere)
        "LISTEN_PORT": listen_port,
        "FAIL_OPEN": "true" if asked.failure is Failure.OPEN else "false",
        "TIMEOUT": "1s",
        "LOGIN_HEADER": f", {{ exact: {header} }}" if header and not by_certificate else "",
        "LOGIN_HEADER_LUA": f', "{header}"' if header and not by_certificate else "",
        "SUBJECT": "\n                set_current_client_cert_details: { subject: true }" if by_certificate else "",
        "GATE": _envoy_address(_needed(asked.config, "envoy", "127.0.0.1:8451")),
        "MAIL": _envoy_address(mail),
    }
    return _filled(_template("envoy.yaml"), blanks)


def _envoy_address(address: str) -> str:
    if address.startswith("unix:"):
        return f'{{ pipe: {{ path: "{address.removeprefix("unix:")}" }} }}'
    host, _, port = address.rpartition(":")
    return f'{{ socket_address: {{ address: "{host}", port_value: {port} }} }}'


def _haproxy(asked: Asked, part: str) -> str:
    gate = _needed(asked.config, "haproxy", "127.0.0.1:8452").replace("unix:", "unix@")
    if part == "spoe":
        return _template("haproxy-spoe.cfg")
    keep = asked.failure is Failure.KEEP_LAST
    mail, prefix = split_mail(asked.mail)
    blanks = {
        "REWRITE": f"http-request set-path {prefix}%[path]" if prefix else "",
        "KEEP": _template("haproxy-keep.cfg") if keep else "",
        "TABLE": _TABLE if keep else "",
        "DOWN": "" if asked.failure is Failure.OPEN else _template("haproxy-closed.cfg"),
        "LOGIN_HEADER": _haproxy_login(asked.config),
        "SPOE_FILE": asked.spoe_file,
        "LISTEN": asked.listen,
        "MAIL": mail,
        "GATE": gate,
    }
    return _filled(_template("haproxy.cfg"), blanks)


def _haproxy_login(config: GateConfig) -> str:
    """Where the login comes from, if not from credentials."""
    header = config.login_header
    if config.login_form != Form.SUBJECT:
        return f"http-request set-var(txn.login) req.fhdr({header})" if header else ""
    return _SUBJECT.replace("@HEADER@", header)


def _dovecot(asked: Asked, part: str) -> str:
    config = asked.config
    blanks = {
        "DOVEADM": _template("dovecot-doveadm.conf") if config.doveadm else _NO_KICK,
        "PASSWORDS": _template("dovecot-passwords.conf"),
        "GATE": _needed(config, "dovecot", "127.0.0.1:8453"),
        "FAILURE": _OF_LOGINS[asked.failure],
        "REJECT": "no" if asked.failure is Failure.OPEN else "yes",
        "DOVEADM_PORT": config.doveadm.rpartition(":")[2].strip("/"),
        "DOVEADM_KEY": str(config.doveadm_key_file or ""),
    }
    return _filled(_template("dovecot.conf"), blanks)


#: What a client says under this name is taken away; the mail server is told what was verified.
_SUBJECT = """http-request del-header @HEADER@
    http-request set-var(txn.login) ssl_c_s_dn(,0,rfc2253) if { ssl_c_used } { ssl_c_verify 0 }
    http-request set-header @HEADER@ %[var(txn.login)] if { var(txn.login) -m found }"""
_TABLE = """
backend countermand_last
    stick-table type string len 40 size 1m expire 1d store gpt(2)"""
_OF_LOGINS = {
    Failure.OPEN: "OPEN, whoever has the right password gets in, on denied devices too",
    Failure.CLOSED: "CLOSED, logins are refused after half a second",
}
_NO_KICK = """# Sessions that are open when a device comes to be denied stay open: to end them, give the gate `doveadm` and
# `doveadm_key_file` in its settings, and print this anew.
"""
_BOTH = (Failure.CLOSED, Failure.OPEN)
_EVERY = (*_BOTH, Failure.KEEP_LAST)
RECIPES = {
    "nginx": Recipe(_nginx, "1.22", ("nginx", "-v"), _EVERY, ("server", "http"), _BY_TIME, _BOUNDED),
    "nginx-lua": Recipe(partial(_nginx, lua=True), "1.22", ("nginx", "-v"), _EVERY, ("server", "http"), _NOT_BY_TIME, _ENDS),
    "envoy": Recipe(_envoy, "1.40", ("envoy", "--version"), _BOTH, timing=_NOT_BY_TIME, hanging=_KEPT_BACK),
    "haproxy": Recipe(_haproxy, "2.6", ("haproxy", "-v"), _EVERY, ("whole", "spoe"), _NOT_BY_TIME, _KEPT_BACK),
    "dovecot": Recipe(_dovecot, "2.3", ("dovecot", "--version"), _BOTH),
}


def main(arguments: list[str] | None = None) -> int:
    """``python -m countermand.gates.recipes --config FILE nginx|nginx-lua|envoy|haproxy|dovecot``: print it."""
    parser = argparse.ArgumentParser(prog="python -m countermand.gates.recipes", description="A front end's part of a gate.")
    parser.add_argument("kind", choices=sorted(RECIPES))
    parser.add_argument("--config", type=Path, required=True, help="the gate's TOML file")
    parser.add_argument("--mail", default="127.0.0.1:8080", help="the mail server, host:port")
    parser.add_argument("--listen", default="0.0.0.0:443", help="where phones ask")
    parser.add_argument("--failure", type=Failure, default=Failure.CLOSED, choices=list(Failure))
    parser.add_argument("--part", default="", help="nginx: http or server; haproxy: whole or spoe")
    given = parser.parse_args(arguments)
    try:
        found = installed(RECIPES[given.kind].command)
        asked = Asked(load(given.config), given.mail, given.listen, given.failure, given.part, installed=found)
        sys.stdout.write(render(given.kind, asked))
    except Refused as refused:
        print(refused, file=sys.stderr)
        return refused.entry.exit
    return 0


if __name__ == "__main__":
    sys.exit(main())
