"""A front door for live tests: real nginx, the mail stand-in and a gate, all on loopback in one directory."""

import base64
import http.client
import json
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from countermand.config import Database
from countermand.gates.configure import NginxSettings, gate_file, whole
from ports import free_port

EAS = "/Microsoft-Server-ActiveSync"


def wait_for(done: Callable[[], bool], what: str, seconds: float = 120) -> None:
    """Bounded patience: how long it took is never asserted on, only that it happens."""
    end = time.monotonic() + seconds
    while not done():
        if time.monotonic() > end:
            raise AssertionError(f"waited in vain for {what}")
        time.sleep(0.02)


@dataclass
class Answer:
    status: int
    body: str
    headers: dict[str, str]
    pairs: list[tuple[str, str]]

    @property
    def essence(self) -> tuple[int, str, list[tuple[str, str]]]:
        """All that a stranger could tell it by, the order of headers and repeated ones included."""
        return self.status, self.body, [pair for pair in self.pairs if pair[0].lower() != "date"]


class Door:
    """Starts what it is told to, ends only what it started."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self.running: dict[str, subprocess.Popen[bytes]] = {}
        self.gate_port, self.mail_port, self.port = free_port(), free_port(), free_port()
        self.control = "http://127.0.0.1:9"  # nobody is there
        self.gate_config = directory / "gate.toml"
        self.sightings = directory / "sightings.sock"
        self.clock = "own"
        self.web_port = 0

    # -- processes --

    def run(self, name: str, command: list[str], port: int) -> None:
        log = (self.directory / f"{name}.log").open("ab")
        self.running[name] = subprocess.Popen(command, stdout=log, stderr=log)
        log.close()
        wait_for(lambda: _open(port) or self.running[name].poll() is not None, name)
        assert self.running[name].poll() is None, (self.directory / f"{name}.log").read_text()

    def end(self, name: str, number: int = signal.SIGTERM) -> None:
        process = self.running.pop(name)
        process.send_signal(number)
        process.wait(60)

    def close(self) -> None:
        for name in list(self.running):
            self.end(name)
        for log in sorted(self.directory.glob("*.log")):  # pytest shows it if the test failed
            print(f"== {log.name}\n{log.read_text(errors='replace')[-8000:]}")

    def start_mail(self, users: dict[str, str]) -> None:
        (self.directory / "users.json").write_text(json.dumps(users))
        listen = f"127.0.0.1:{self.mail_port}"
        module = "countermand.cli.drill.mailserver"
        command = [sys.executable, "-m", module, "--listen", listen, "--users", str(self.directory / "users.json")]
        self.run("mail", command, self.mail_port)

    def start_nginx(self) -> None:
        prefix = self.directory / "nginx"
        prefix.mkdir(exist_ok=True)
        settings = NginxSettings(
            gate=f"127.0.0.1:{self.gate_port}",
            mail=f"127.0.0.1:{self.mail_port}",
            sightings_socket=self.sightings,
            access_log=None,
        )
        (prefix / "nginx.conf").write_text(whole(settings, f"127.0.0.1:{self.port}", prefix))
        nginx = shutil.which("nginx") or "/usr/sbin/nginx"
        self.run("nginx", [nginx, "-p", str(prefix), "-e", f"{prefix}/error.log", "-c", f"{prefix}/nginx.conf"], self.port)

    def configure_gate(self, root_key: Path, secret: Path, token: str = "gate-token") -> None:
        (self.directory / "token").write_text(token)
        values = {
            "name": "door",
            "listen": f"127.0.0.1:{self.gate_port}",
            "control": self.control,
            "token_file": "token",
            "root_key_file": str(root_key),
            "secret_file": str(secret),
            "state_dir": "state",
            "stop_file": "stop",
            "sightings_socket": "sightings.sock",
            "clock": self.clock,
        }
        self.gate_config.write_text(gate_file(values))
        (self.directory / "state").mkdir(exist_ok=True)

    def start_gate(self, config: Path | None = None) -> None:
        self.gate_config = config or self.gate_config
        command = [sys.executable, "-m", "countermand.gates", "--config", str(self.gate_config)]
        self.run("gate", command, self.gate_port)

    def start_web(self, database: Database, control: str = "") -> None:
        """The control plane over this database; its state is in ``plane``. ``control``: more lines of that section."""
        port = free_port() if self.web_port == 0 else self.web_port
        self.web_port = port
        (self.directory / "plane").mkdir(exist_ok=True)
        text = f'state_dir = "plane"\ndatabase = "{database}"\n[control]\nlisten = "127.0.0.1:{port}"\n{control}'
        (self.directory / "countermand.toml").write_text(text)
        self.run("web", [sys.executable, "-m", "countermand.web", "--config", str(self.directory / "countermand.toml")], port)

    # -- phones --

    def ask(
        self, login: str, query: str = "", password: str = "right", method: str = "POST", path: str = EAS, **headers: str
    ) -> Answer:
        if login:
            credentials = base64.b64encode(f"{login}:{password}".encode()).decode()
            headers["Authorization"] = f"Basic {credentials}"
        return self.fetch(self.port, method, f"{path}?{query}" if query else path, headers, b"\x03\x01\x6a\x00")

    def fetch(self, port: int, method: str, target: str, headers: dict[str, str] | None = None, body: bytes = b"") -> Answer:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
        try:
            connection.request(method, target, body if method == "POST" else None, headers or {})
            found = connection.getresponse()
            return Answer(found.status, found.read().decode(), dict(found.getheaders()), found.getheaders())
        finally:
            connection.close()

    def counts(self) -> dict[str, dict[str, int]]:
        """What the mail server saw so far."""
        found = json.loads(self.fetch(self.mail_port, "GET", "/counts").body)
        return {name: dict(counts) for name, counts in found.items()}

    def metric(self, line: str) -> float:
        """The value of one metric of the gate, 0 if it is not there."""
        for found in self.fetch(self.gate_port, "GET", "/metrics").body.splitlines():
            if found.startswith(line + " "):
                return float(found.rsplit(" ", 1)[1])
        return 0


def _open(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0
