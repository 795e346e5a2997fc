"""The files that put a gate in front of mail: nginx's two includes, a whole nginx.conf for a rehearsal, and the gate's own.

The recipe and its reasons stand in ``http.conf`` and ``server.conf`` beside this file; here only the blanks are filled in.
"""

import argparse
import json
import os
import sys
from dataclasses import dataclass, replace
from importlib.resources import files
from pathlib import Path


@dataclass(frozen=True, slots=True)
class NginxSettings:
    """``gate`` and ``mail``: ``host:port`` or ``unix:PATH``, as in an upstream. ``fail_open``: without an answer from the
    gate, mail flows (otherwise 503 with Retry-After). ``access_log``: target and format, or None. ``hang`` is a time of
    nginx's (``300s``), ``retry_after`` seconds."""

    gate: str
    mail: str
    sightings_socket: Path | None = None
    access_log: str | None = "/var/log/nginx/access.log combined"
    hang: str = "300s"
    retry_after: int = 60
    fail_open: bool = False


def http_part(settings: NginxSettings) -> str:
    """The include for ``http { }``."""
    return _filled("http.conf", {"GATE": settings.gate, "MAIL": settings.mail})


def server_part(settings: NginxSettings) -> str:
    """The include for the ``server { }`` that phones talk to."""
    return _filled(
        "server.conf",
        {
            "LOGS": _logs(settings),
            "HANG": settings.hang,
            "WHEN_DOWN": "error_page 500 502 503 504 = @countermand_open;" if settings.fail_open else "",
            "RETRY_AFTER": str(settings.retry_after),
        },
    ) + ("location @countermand_open {\n    return 204;\n}\n" if settings.fail_open else "")


def whole(settings: NginxSettings, listen: str, prefix: Path) -> str:
    """A complete nginx.conf that keeps to its ``prefix`` directory and speaks plain HTTP: for rehearsals and tests."""
    # As root, nginx would hand its workers to a user who cannot reach a rehearsal's private directory.
    user = "user root;" if os.geteuid() == 0 else ""
    return f"""daemon off;
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


def _filled(name: str, blanks: dict[str, str]) -> str:
    text = files("countermand.gates").joinpath(name).read_text()
    for blank, value in blanks.items():
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
    parser.add_argument("--fail-open", action="store_true", help="let mail flow when the gate does not answer")
    parser.add_argument("--listen", default="127.0.0.1:8088", help="whole: where phones ask")
    parser.add_argument("--prefix", type=Path, default=Path(), help="whole: the directory that nginx keeps to")
    chosen = parser.parse_args(arguments)
    settings = NginxSettings(chosen.gate, chosen.mail, chosen.sightings, fail_open=chosen.fail_open)
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
