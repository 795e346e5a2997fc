"""The real NanoMDM, phones of our own that speak Apple's MDM protocol with it, and the road between it and us, which can fail."""

import http.client
import os
import plistlib
import shutil
import socket
import subprocess
import tempfile
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import quote

from authority import Authority
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

VERSION = "v0.9.0"
API_KEY = "nanomdm s3cret"
_INSTALLING = 240  # seconds


class Missing(Exception):
    """It cannot be had here, and why."""


def binary() -> Path:
    """NanoMDM's program: built once per machine, outside of this tree. Missing."""
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "countermand-tests"
    found = cache / f"nanomdm-{VERSION}"
    if found.is_file():
        return found
    go = shutil.which("go", path=f"{os.environ.get('PATH', '')}:/usr/local/go/bin")
    if go is None:
        raise Missing(f"NanoMDM {VERSION} is built with Go, and there is no go on this machine")
    cache.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=cache) as made:
        command = [go, "install", f"github.com/micromdm/nanomdm/cmd/nanomdm@{VERSION}"]
        environment = {**os.environ, "GOBIN": made, "CGO_ENABLED": "0"}
        try:
            done = subprocess.run(command, env=environment, cwd=made, capture_output=True, text=True, timeout=_INSTALLING)
        except subprocess.TimeoutExpired as late:
            raise Missing(f"go install of NanoMDM {VERSION} took more than {_INSTALLING} seconds") from late
        if done.returncode:
            raise Missing(f"go install of NanoMDM {VERSION} failed: {done.stderr.strip()[-300:]}")
        (Path(made) / "nanomdm").replace(found)
    return found


def command(program: Path, folder: Path, port: int, webhook: str, secret: str) -> list[str]:
    """How it is run: its data in ``folder``, where also the authority of its phones' certificates is."""
    said = {
        "listen": f"127.0.0.1:{port}", "api": API_KEY, "ca": str(folder / "phones" / "ca.pem"), "storage": "filekv",
        "storage-dsn": str(folder / "nanomdm"), "cert-header": "X-Phone", "webhook-url": webhook, "webhook-hmac-key": secret,
    }  # fmt: skip
    return [str(program), *(part for name, value in said.items() for part in (f"-{name}", value))]


class Post:
    """Between NanoMDM and us: hands every event on as it came, unless it is told to ``lose`` or to ``hold`` them. ``seen``: how
    many NanoMDM sent."""

    def __init__(self) -> None:
        self.lose = self.hold = False
        self.seen = 0
        self.to = ""
        self.handed: list[tuple[bytes, dict[str, str]]] = []
        self.held: list[tuple[bytes, dict[str, str]]] = []
        post = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["content-length"]))
                kept = ("content-type", "x-hmac-signature")
                headers = {name.lower(): value for name, value in self.headers.items() if name.lower() in kept}
                status = 200
                if post.lose:
                    status = 500
                elif post.hold:
                    post.held.append((body, headers))
                else:
                    status = post.hand(body, headers)
                post.seen += 1
                self.send_response(status)
                self.send_header("content-length", "0")
                self.end_headers()

            def log_message(self, *_: Any) -> None:
                """Quiet."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}/events"
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.02})
        self._thread.start()

    def hand(self, body: bytes, headers: dict[str, str]) -> int:
        """Hand one event on; returns how it was answered."""
        host, _, path = self.to.removeprefix("http://").partition("/")
        connection = http.client.HTTPConnection(host, timeout=60)
        try:
            connection.request("POST", f"/{path}", body, headers)
            status = connection.getresponse().status
        except ConnectionRefusedError:
            return 502
        finally:
            connection.close()
        if status == 200:
            self.handed.append((body, headers))
        return status

    def close(self) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()


class PhoneAuthority(Authority):
    """Issues phones their identity certificates."""

    def phone(self, name: str) -> str:
        """A certificate for a phone, as a header can carry it."""
        key = ec.generate_private_key(ec.SECP256R1())
        subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
        mine = self.certificate
        made = (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(mine.subject)
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(mine.not_valid_before_utc)
            .not_valid_after(mine.not_valid_after_utc)
            .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.CLIENT_AUTH]), critical=False)
            .sign(self._key, hashes.SHA256())
        )
        return quote(made.public_bytes(Encoding.PEM).decode(), safe="")


@dataclass
class Phone:
    """An iPhone that is enrolled with a NanoMDM at ``port``. ``apps``: what is installed; ``locked``: it says NotNow to whatever
    needs it unlocked; ``asked``: the commands that it was given; ``spoke``: how often it said something, of which NanoMDM posts
    an event each time."""

    port: int
    certificate: str
    udid: str
    serial: str
    eas: str
    supervised: bool = True
    apps: list[dict[str, Any]] = field(default_factory=list)
    locked: bool = False
    asked: list[dict[str, Any]] = field(default_factory=list)
    spoke: int = 0

    def authenticate(self) -> None:
        facts = {"SerialNumber": self.serial, "ProductName": "iPhone14,7", "Model": "MPVN3", "Topic": "com.apple.mgmt.X"}
        self._check_in({"MessageType": "Authenticate", **facts})

    def update_token(self) -> None:
        """With the first one it is enrolled."""
        token = {"PushMagic": "magic", "Token": b"token", "UnlockToken": b"unlock", "Topic": "com.apple.mgmt.X"}
        self._check_in({"MessageType": "TokenUpdate", **token})

    def leave(self) -> None:
        self._check_in({"MessageType": "CheckOut", "Topic": "com.apple.mgmt.X"})

    def poll(self) -> list[str]:
        """Ask what there is to do and do it, until there is nothing more; returns what that was."""
        done: list[str] = []
        reply = self._report({"Status": "Idle"})
        while reply:
            given = plistlib.loads(reply)
            self.asked.append(given["Command"])
            done.append(given["Command"]["RequestType"])
            reply = self._report({"CommandUUID": given["CommandUUID"], **self._answer(given["Command"])})
        return done

    def _answer(self, command: dict[str, Any]) -> dict[str, Any]:
        if self.locked:
            return {"Status": "NotNow"}
        if command["RequestType"] == "DeviceInformation":
            known = {"UDID": self.udid, "SerialNumber": self.serial, "EASDeviceIdentifier": self.eas}
            known |= {"IsSupervised": self.supervised, "ProductName": "iPhone14,7"}
            return {"Status": "Acknowledged", "QueryResponses": {name: known[name] for name in command["Queries"]}}
        named = command.get("Identifiers")
        rows = [one for one in self.apps if named is None or one.get("Identifier") in named]
        return {"Status": "Acknowledged", "InstalledApplicationList": rows}

    def _check_in(self, message: dict[str, Any]) -> None:
        self._put({"UDID": self.udid, **message}, "application/x-apple-aspen-mdm-checkin")

    def _report(self, message: dict[str, Any]) -> bytes:
        return self._put({"UDID": self.udid, **message}, "application/x-apple-aspen-mdm")

    def _put(self, message: dict[str, Any], kind: str) -> bytes:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        try:
            connection.request("PUT", "/mdm", plistlib.dumps(message), {"Content-Type": kind, "X-Phone": self.certificate})
            answer = connection.getresponse()
            body = answer.read()
            assert answer.status == 200, (answer.status, body)
            self.spoke += 1
            return body
        finally:
            connection.close()


def answers(port: int) -> Callable[[], bool]:
    def listening() -> bool:
        with socket.socket() as probe:
            return probe.connect_ex(("127.0.0.1", port)) == 0

    return listening
