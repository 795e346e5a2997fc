"""Every kind of secret is used, rightly and wrongly, against the real processes; then everything that they wrote is searched."""

import base64
import contextlib
import hashlib
import hmac
import http.client
import http.server
import json
import signal
import socketserver
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import house
import pytest
from front_door import wait_for

from countermand.access import Role
from countermand.config import Database
from countermand.core.instants import DAY
from countermand.flows.accounts import operator_add
from countermand.flows.connect import source_add
from countermand.flows.passkeys import invite
from countermand.flows.subscribe import subscriber_add
from countermand.flows.telling import issue_all
from countermand.flows.tokens import token_add
from countermand.lib import clock, keys
from countermand.reads import installation
from ports import free_port

pytestmark = [pytest.mark.live, pytest.mark.parametrize("database", ["sqlite"], indirect=True)]
_BAD_EVENT = '{{"devices": [{{"serial": "{0}", "platform": "{0}"}}], "token": "{0}"}}'


class _Grumpy(socketserver.StreamRequestHandler):
    """A mail server that quotes what it was shown, as servers do."""

    def handle(self) -> None:
        self.wfile.write(b"220 mail\r\n")
        with contextlib.suppress(OSError):
            for line in self.rfile:
                word = line.split(b" ")[0].strip().upper()
                said = b"250-mail\r\n250 AUTH PLAIN\r\n" if word == b"EHLO" else b"535 5.7.8 refused: " + line.strip() + b"\r\n"
                self.server.asked.add(word)  # type: ignore[attr-defined]
                self.wfile.write(said)


class _Vendor(http.server.BaseHTTPRequestHandler):
    """Whoever is asked or told over HTTP; refuses, and quotes what it was shown."""

    def do_POST(self) -> None:
        shown = f"{self.path} {self.headers} ".encode() + self.rfile.read(int(self.headers.get("Content-Length") or 0))
        self.server.asked.add(self.path)  # type: ignore[attr-defined]
        self.send_response(401)
        self.send_header("Content-Length", str(len(shown)))
        self.end_headers()
        self.wfile.write(shown)

    do_GET = do_POST

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def vendor() -> Iterator[http.server.ThreadingHTTPServer]:
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), _Vendor) as server:
        server.asked = set()  # type: ignore[attr-defined]
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield server
        server.shutdown()


@pytest.fixture
def mail() -> Iterator[socketserver.ThreadingTCPServer]:
    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), _Grumpy) as server:
        server.daemon_threads = True
        server.asked = set()  # type: ignore[attr-defined]
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield server
        server.shutdown()


def test_no_process_writes_a_secret(
    store: Database, tmp_path: Path, mail: socketserver.ThreadingTCPServer, vendor: http.server.ThreadingHTTPServer
) -> None:
    state, port, watched, told = tmp_path / "state", free_port(), free_port(), vendor.server_address[1]
    secrets = {"mail": "mail-password-7f", "provider": "client-secret-7f", "metrics": "metrics-token-7f", "number": "channel-7f"}
    for name, secret in secrets.items():
        file = tmp_path / f"{name}.secret"
        file.write_text(secret if name != "number" else f"chat json://127.0.0.1:{told}/{secret}/{{login}}\n")
        file.chmod(0o600)
    settings = tmp_path / "countermand.toml"
    settings.write_text(
        f'state_dir = "{state}"\ndatabase = "{store}"\norigin = "example.org"\n'
        f'[smtp]\nport = {mail.server_address[1]}\nsender = "s@example.org"\nusername = "mailer"\n'
        f'password_file = "mail.secret"\n[channels]\npeople_file = "number.secret"\nprivate_hosts = ["127.0.0.1"]\n'
        f'[control]\nlisten = "127.0.0.1:{port}"\nurl = "http://127.0.0.1:{port}"\nmetrics_token_file = "metrics.secret"\n'
        f'[sign_in]\nissuer = "http://127.0.0.1:{told}"\nclient_id = "us"\nclient_secret_file = "provider.secret"\n'
        f'[console]\nissuer = "http://127.0.0.1:{told}"\nclient_id = "us"\nclient_secret_file = "provider.secret"\n'
        f'[sources]\nprivate_hosts = ["127.0.0.1"]\n[signals]\nprivate_hosts = ["127.0.0.1"]\n'
        f'[worker]\nlisten = "127.0.0.1:{watched}"\n'
    )
    secrets |= _settle(state, told)
    logs = {name: tmp_path / f"{name}.log" for name in ("web", "worker")}
    running = [_start(log, name, settings) for name, log in logs.items()]
    try:
        for process, log, at in zip(running, logs.values(), (port, watched), strict=True):
            while _ask(at, "GET", "/healthz") != 200:
                assert process.poll() is None, log.read_text()
                time.sleep(0.1)
        running[0].send_signal(signal.SIGHUP)  # a reload ends nothing, though there is no certificate to load
        statuses = _knock(port, watched, secrets)
        wait_for(lambda: {b"AUTH"} <= mail.asked, "the worker's password")  # type: ignore[attr-defined]
        wait_for(lambda: {"/api/v1/oauth/token", "/path-secret-7f"} <= vendor.asked, "the source and the webhook")  # type: ignore[attr-defined]
        wait_for(lambda: "source-failed" in logs["worker"].read_text(), "the source that refused")
    finally:
        for process in running:
            process.send_signal(signal.SIGTERM)
        for process in running:
            process.wait(60)
    assert {200, 401, 404} <= set(statuses)
    said = "".join(log.read_text() for log in logs.values())
    assert len({json.loads(line)["event"] for line in said.splitlines()}) > 3
    shown = {form for secret in secrets.values() for form in (secret, base64.b64encode(f":{secret}".encode()).decode())}
    assert sorted(form for form in shown if form in said) == []


def _settle(state: Path, told: int) -> dict[str, str]:
    """Accounts, sources and listeners, each with what it shows; and an order whose notices wait."""
    now = clock.now()
    house.open_house(now)
    house.move_in(house.staff(3))
    house.issued(3, house.document(due="2099-07-17T17:00"), now=now)
    issue_all(house.operator(now), house.NAME)
    keys.load_or_create(state / "keys" / "ledger.key")
    ada, otto = house.act("ada", Role.ADMINISTRATOR, now=now), house.operator(now)
    told_at = f"http://127.0.0.1:{told}"
    made = {
        "account": operator_add(ada, "nora", {Role.AUDITOR}, rails=house.RAILS),
        "narrow": token_add(otto, "nightly", ["read"], DAY)[1],
        "source": source_add(ada, state, "posts", "webhook").secret,
        "vendor": "vendor-secret-7f",
        "hook": subscriber_add(ada, state, "siem", "webhook", f"{told_at}/path-secret-7f", begins=0).secret,
        "path": "path-secret-7f",
        "invitation": invite(ada, "anna").secret,
    }
    source_add(ada, state, "jamf", "jamf", {"url": told_at, "client": "c"}, made["vendor"])
    installation.close()
    return made


def _knock(port: int, watched: int, secrets: dict[str, str]) -> list[int]:
    """With each secret where it belongs, where it does not, and slightly wrong. A guess is as secret as what it guesses at."""
    found = []
    for secret in [*secrets.values(), *(f"guess-{name}-7f" for name in ("bearer", "basic"))]:
        basic = base64.b64encode(f":{secret}".encode()).decode()
        bad, mark = _BAD_EVENT.format(secret).encode(), hmac.new(secret.encode(), b"{", hashlib.sha256).hexdigest()
        quoted = "/".join(secret.split())
        for method, path, shown, body in (
            ("GET", "/api/v1/status", f"Bearer {secret}", b""),
            ("POST", "/api/v1/sources/posts/events", f"Bearer {secret}", bad),
            ("POST", "/api/v1/sources/posts/events", f"Basic {basic}", b"not json " + bad),
            ("POST", f"/api/v1/sources/{quoted}/events", "", bad),
            ("GET", f"/api/v1/status?token={quoted}", f"Bearer {secrets['narrow']}", b""),
            ("POST", f"/api/v1/{quoted}", f"Bearer {secrets['narrow']}", bad),
            ("GET", "/scim/v2/Users", f"Bearer {secret}", b""),
            ("GET", f"/console/join/{quoted}/", "", b""),
            ("POST", "/console/sign-in/", f"Basic {basic}", b"answer=" + quoted.encode()),
            ("GET", f"/console/sign-in/back/?code={quoted}&state={quoted}", "", b""),
            ("GET", f"/message/{quoted}/", f"Basic {basic}", b""),
            ("GET", "/metrics", f"Bearer {secret}", b""),
            ("GET", f"/feed?token={quoted}", f"Bearer {secret}", b""),
        ):
            found.append(_ask(port, method, path, shown, body, mark))
        found.append(_ask(watched, "GET", f"/metrics?token={quoted}", f"Bearer {secret}"))
    return found


def _ask(port: int, method: str, path: str, shown: str = "", body: bytes = b"", mark: str = "") -> int:
    headers = {"Cookie": f"seat={shown[-20:]}", "X-Forwarded-For": "192.0.2.1"}
    headers |= {"Authorization": shown} if shown else {}
    headers |= {"X-Hmac-Signature": mark} if mark else {}
    with contextlib.closing(http.client.HTTPConnection("127.0.0.1", port, timeout=60)) as connection:
        try:
            connection.request(method, path, body or None, headers)
            return connection.getresponse().status
        except OSError:
            return 0


def _start(log: Path, name: str, settings: Path) -> "subprocess.Popen[bytes]":
    with log.open("wb") as out:
        command = [sys.executable, "-m", f"countermand.{name}", "--config", str(settings)]
        return subprocess.Popen(command, stdout=out, stderr=out)
