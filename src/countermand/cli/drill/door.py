"""The mail door of a drill: nginx before a stand-in for mail, the gate it asks, the control plane, the worker, a mail sink."""

import contextlib
import json
import shutil
import subprocess
import urllib.request
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from countermand.cli.drill.house import OPERATOR, House
from countermand.cli.drill.processes import Processes, answers, free_port, healthy, python
from countermand.core.errors import Refused
from countermand.flows.add_gate import NewGate, add_gate

#: The password of every employee of a drill. A drill's mail server holds nothing.
PASSWORD = "let me read my mail"


@dataclass(frozen=True, slots=True)
class Door:
    """``port``: where phones ask; ``sent``: the folder in which the sink notes what it was handed; ``control``: the address of
    the control plane."""

    port: int
    sent: Path
    control: str

    def post(self, path: str, secret: str, body: bytes) -> int:
        """Post what a source knows; the status of the answer."""
        headers = {"Authorization": f"Bearer {secret}", "Content-Type": "application/json"}
        asked = urllib.request.Request(self.control + path, body, headers)  # noqa: S310  # loopback, ours
        with contextlib.suppress(OSError), urllib.request.urlopen(asked, timeout=20) as answer:  # noqa: S310
            return int(answer.status)
        return 0


def open_door(house: House, running: Processes, logins: Iterable[str]) -> Door:
    """Start everything; returns once each is ready. Refused ``needs-nginx`` if nginx is not installed."""
    sent = house.folder / "mail"
    sent.mkdir()
    sink = ["--port", str(house.smtp_port), "--dir", str(sent)]
    running.start("sink", python("countermand.cli.drill.mailsink", *sink), answers(house.smtp_port))
    control = house.config.control
    configured = ["--config", str(house.config_file)]
    running.start("control", python("countermand.web", *configured), answers(int(control.listen.rpartition(":")[2])))
    gate_port, mail_port, port = free_port(), free_port(), free_port()
    _mail_server(house, running, logins, mail_port)
    new = NewGate("drill-gate", f"127.0.0.1:{gate_port}", control.url, rehearsal=True)
    gate_file = add_gate(house.act(OPERATOR), house.config.state_dir, new, house.folder / "gate")
    gate = python("countermand.gates", "--config", str(gate_file))
    running.start("gate", gate, healthy(f"http://127.0.0.1:{gate_port}/readyz"))
    _nginx(house, running, gate_port, mail_port, port)
    running.start("worker", python("countermand.worker", *configured), lambda: True)
    return Door(port, sent, control.url)


def _mail_server(house: House, running: Processes, logins: Iterable[str], port: int) -> None:
    users = house.folder / "passwords.json"
    users.write_text(json.dumps(dict.fromkeys(logins, PASSWORD)))
    command = python("countermand.cli.drill.mailserver", "--listen", f"127.0.0.1:{port}", "--users", str(users))
    running.start("mailserver", command, answers(port))


def _nginx(house: House, running: Processes, gate_port: int, mail_port: int, port: int) -> None:
    nginx = shutil.which("nginx", path="/usr/sbin:/usr/bin:/usr/local/sbin:/usr/local/bin")
    if nginx is None:
        raise Refused("needs-nginx")
    prefix = house.folder / "nginx"
    prefix.mkdir()
    settings = ["--gate", f"127.0.0.1:{gate_port}", "--mail", f"127.0.0.1:{mail_port}", "--listen", f"127.0.0.1:{port}"]
    sightings = ["--sightings", str(house.folder / "gate" / "sightings.sock")]
    written = prefix / "nginx.conf"
    command = python("countermand.gates.configure", "whole", *settings, *sightings, "--prefix", str(prefix))
    written.write_bytes(subprocess.run(command, check=True, capture_output=True, timeout=60).stdout)
    running.start("nginx", [nginx, "-p", str(prefix), "-c", str(written)], answers(port))
