"""The files that put a gate in front of mail: nginx's two includes, a whole nginx.conf for a rehearsal, and the gate's own.

The recipe and its reasons stand in ``http.conf`` and ``server.conf`` beside this file; here only the blanks are filled in.
"""

import argparse
import json
import os
import re
import sys
from dataclasses import dataclass, replace
from enum import StrEnum
from importlib.resources import files
from pathlib import Path
from textwrap import indent


class Failure(StrEnum):
    """What a front end does while its gate does not answer."""

    KEEP_LAST = "keep-last"
    OPEN = "open"
    CLOSED = "closed"


def _recipe(name: str) -> str:
    return files("countermand.gates").joinpath("recipes", name).read_text()


@dataclass(frozen=True, slots=True)
class NginxSettings:
    """``gate`` and ``mail``: ``host:port`` or ``unix:PATH``, as in an upstream; ``prefix``: what the mail server wants before
    the path that phones ask for (SOGo: ``/SOGo``);
    ``mail_keepalive``: connections to it that are kept for further requests. ``failure``: what happens without an answer from
    the gate. ``access_log``: target and format, or None. ``hang`` is a time of nginx's (``300s``), ``retry_after`` seconds.
    ``cache``: directory of the last answers, for ``keep-last``. ``lua``: ask again before the answer to a hanging request is
    let out, and every ``recheck`` seconds while it hangs (ngx_http_lua_module). ``login_header``: as in the gate's settings;
    ``by_certificate``: nginx itself sets it, to the subject of a client certificate that it verified."""

    gate: str
    mail: str
    sightings_socket: Path | None = None
    access_log: str | None = "/var/log/nginx/access.log combined"
    hang: str = "300s"
    retry_after: int = 60
    failure: Failure = Failure.CLOSED
    cache: Path = Path("/var/cache/nginx/countermand")
    lua: bool = False
    recheck: int = 10
    login_header: str = ""
    by_certificate: bool = False
    prefix: str = ""
    mail_keepalive: int = 0

    @property
    def login(self) -> str:
        """nginx's variable with the login."""
        if self.by_certificate:
            return "$countermand_subject"
        return f"$http_{self.login_header.replace('-', '_')}" if self.login_header else "$remote_user"


def http_part(settings: NginxSettings) -> str:
    """The include for ``http { }``."""
    keep = _recipe("nginx-keep-http.conf") if settings.failure is Failure.KEEP_LAST else ""
    alive = f"keepalive {settings.mail_keepalive};" if settings.mail_keepalive else ""
    blanks = {"KEEP": keep, "GATE": settings.gate, "MAIL": settings.mail, "CACHE": str(settings.cache), "LOGIN": settings.login}
    ways = "" if settings.lua else _recipe("nginx-ways-http.conf")
    return _filled("http.conf", blanks | {"KEEPALIVE": alive, "WAYS": ways, "HANG": settings.hang})


def server_part(settings: NginxSettings) -> str:
    """The include for the ``server { }`` that phones talk to."""
    passed = _recipe("nginx-pass.conf")
    blanks = {
        "LOGS": _logs(settings),
        "PASS": _recipe("nginx-lua.conf" if settings.lua else "nginx-way.conf"),
        "WHEN_DOWN": _WHEN_DOWN[settings.failure],
        "PROOF": _recipe("nginx-lua-proof.conf" if settings.lua else "nginx-proof.conf"),
        "REFUSAL": "" if settings.lua else _recipe("nginx-unproven.conf"),
        "PROVE": "" if settings.lua else _recipe("nginx-prove.conf"),
        "PAGE": _recipe("nginx-page.conf"),
        "EMIT": _recipe("nginx-lua-emit.conf"),
        "PASS_PLAIN": passed,
        **{f"PASS_{name}": passed.replace("@HANG@", most) for name, most in _WAYS.items()},
        "PASS_ON": passed.partition("\n")[2],
        "LOGIN_HEADER": f"proxy_set_header {settings.login_header} {settings.login};" if settings.login_header else "",
        "LOGIN_ON": f"proxy_set_header {settings.login_header} {settings.login};" if settings.by_certificate else "",
        "AS_SENT": f"{settings.prefix}$request_uri" if settings.prefix else "",
        "PREFIX": settings.prefix,
        "KEY": f"$request_method|$request_uri|{settings.login}|$countermand_fingerprint",
        "HANG": settings.hang,
        "RETRY_AFTER": str(settings.retry_after),
        "RECHECK": str(settings.recheck),
        "LATER": "Mail is briefly not available. It comes back by itself.",
    }
    more = {Failure.KEEP_LAST: _recipe("nginx-keep.conf"), Failure.OPEN: _OPEN, Failure.CLOSED: ""}[settings.failure]
    return _filled("server.conf", blanks, more + _recipe("nginx-lua-more.conf" if settings.lua else "nginx-ways.conf"))


def whole(settings: NginxSettings, listen: str, prefix: Path) -> str:
    """A complete nginx.conf that keeps to its ``prefix`` directory and speaks plain HTTP: for rehearsals and tests."""
    # As root, nginx would hand its workers to a user who cannot reach a rehearsal's private directory.
    user = "user root;" if os.geteuid() == 0 else ""
    settings = replace(settings, cache=prefix / "last")
    return f"""daemon off;
{_MODULES if settings.lua else ""}
{user}
worker_processes 1;
pid {prefix}/nginx.pid;
error_log {prefix}/error.log warn;
events {{ worker_connections 1024; }}
http {{
    server_tokens off;
    access_log off;
    client_body_temp_path {prefix}/body;
    proxy_temp_path {prefix}/proxy;
    fastcgi_temp_path {prefix}/fastcgi;
    uwsgi_temp_path {prefix}/uwsgi;
    scgi_temp_path {prefix}/scgi;
{http_part(settings)}
    server {{
        listen {listen};
{server_part(settings)}
    }}
}}
"""


#: Where Debian puts them; a whole configuration with a prefix of its own has to say so.
_MODULES = "".join(f"load_module /usr/lib/nginx/modules/{name}.so;\n" for name in ("ndk_http_module", "ngx_http_lua_module"))


def split_mail(address: str) -> tuple[str, str]:
    """``host:port/prefix`` → the address, and the prefix or ''. A Unix socket has none."""
    if address.startswith("unix:"):
        return address, ""
    host, slash, prefix = address.partition("/")
    return host, (slash + prefix).rstrip("/")


def gate_file(values: dict[str, str]) -> str:
    """A gate's TOML file from its settings (gates.config.GateConfig)."""
    # A JSON string of printable characters is a TOML string.
    return "".join(f"{key} = {json.dumps(value)}\n" for key, value in values.items())


def _logs(settings: NginxSettings) -> str:
    """The location's logs: one directive of its own replaces all that it would inherit, and ``off`` would silence the rest."""
    found = [f"access_log {settings.access_log};"] if settings.access_log else []
    if settings.sightings_socket is not None:
        target = f"syslog:server=unix:{settings.sightings_socket},nohostname,tag=countermand"
        found.append(f"access_log {target} countermand_sighting if=$countermand_report;")
    return "\n    ".join(found or ["access_log off;"])


#: How long is waited for an answer when a due comes within five minutes, or within one: no longer than to it, and no less than
#: a mail server may take to refuse a wrong password (app.PATIENCE).
_WAYS = {"MINUTE": "60s", "SECONDS": "8s"}
_OPEN = "location @countermand_open {\n    return 204;\n}\n"
_WHEN_DOWN = {
    Failure.CLOSED: "",
    Failure.OPEN: "error_page 500 502 503 504 = @countermand_open;",
    Failure.KEEP_LAST: _recipe("nginx-keep-decide.conf"),
}


def _filled(name: str, blanks: dict[str, str], more: str = "") -> str:
    """A part with its blanks filled in, a value's lines as far in as its blank; what is filled in may have blanks itself."""
    text = files("countermand.gates").joinpath(name).read_text() + more
    for blank, value in blanks.items():
        alone = re.compile(f"^( *)@{blank}@$", re.MULTILINE)
        while found := alone.search(text):
            text = text[: found.start()] + indent(value, found[1]).rstrip("\n") + text[found.end() :]
        text = text.replace(f"@{blank}@", value)
    return text


def main(arguments: list[str] | None = None) -> int:
    """``python -m countermand.gates.configure http|server|whole --gate A --mail B``: print one of nginx's includes, or all."""
    parser = argparse.ArgumentParser(prog="python -m countermand.gates.configure", description="nginx's part of a gate.")
    parser.add_argument(
        "part", choices=["http", "server", "whole"], help="the include for http { } or server { }, or all of a rehearsal's"
    )
    parser.add_argument("--gate", required=True, help="host:port or unix:PATH of the gate")
    parser.add_argument("--mail", required=True, help="host:port of the mail server")
    parser.add_argument("--sightings", type=Path, help="the gate's sightings_socket")
    parser.add_argument("--listen", default="127.0.0.1:8088", help="whole: where phones ask")
    parser.add_argument("--prefix", type=Path, default=Path(), help="whole: the directory that nginx keeps to")
    chosen = parser.parse_args(arguments)
    settings = NginxSettings(chosen.gate, chosen.mail, chosen.sightings)
    match chosen.part:
        case "http":
            printed = http_part(settings)
        case "server":
            printed = server_part(settings)
        case _:
            prefix = chosen.prefix.absolute()
            printed = whole(replace(settings, access_log=f"{prefix}/access.log combined"), chosen.listen, prefix)
    sys.stdout.write(printed)
    return 0


if __name__ == "__main__":
    sys.exit(main())
