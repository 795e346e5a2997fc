"""Somebody who listens: a receiver of webhooks that checks their signatures by itself, and one of syslog over TLS."""

import base64
import hashlib
import hmac
import json
import socket
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from ipaddress import ip_address
from pathlib import Path
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID


@dataclass
class Receiver:
    """``answers``: what the next posts are answered, then 204. ``heard``: (id, body) of what was accepted; ``forged``: how many
    posts were not signed with the secret."""

    secret: str = ""
    answers: list[tuple[int, dict[str, str]]] = field(default_factory=list)
    heard: list[tuple[str, dict[str, Any]]] = field(default_factory=list)
    forged: int = 0
    url: str = ""

    def signed(self, headers: dict[str, str], content: bytes) -> bool:
        key = base64.b64decode(self.secret.removeprefix("whsec_"))
        signed = b".".join([headers["webhook-id"].encode(), headers["webhook-timestamp"].encode(), content])
        made = base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode()
        late = abs(int(headers["webhook-timestamp"]) - datetime.now(UTC).timestamp()) > 300
        return f"v1,{made}" in headers["webhook-signature"].split(" ") and not late


@contextmanager
def webhooks(receiver: Receiver) -> Iterator[Receiver]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            content = self.rfile.read(int(self.headers["content-length"]))
            headers = {name.lower(): value for name, value in self.headers.items()}
            status, more = receiver.answers.pop(0) if receiver.answers else (204, {})
            if not receiver.signed(headers, content):
                receiver.forged += 1
                status = 401
            if status == 204:
                receiver.heard.append((headers["webhook-id"], json.loads(content)))
            self.send_response(status)
            for name, value in {"content-length": "0", **more}.items():
                self.send_header(name, value)
            self.end_headers()

        def log_message(self, *args: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    receiver.url = f"http://127.0.0.1:{server.server_port}/hook?of=countermand"
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield receiver
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def certificate(directory: Path) -> tuple[Path, Path]:
    """(certificate, key) of 127.0.0.1, which signs itself."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "127.0.0.1")])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .sign(key, hashes.SHA256())
    )
    certificate_file, key_file = directory / "siem.crt", directory / "siem.key"
    certificate_file.write_bytes(made.public_bytes(serialization.Encoding.PEM))
    plain = serialization.NoEncryption()
    key_file.write_bytes(key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, plain))
    return certificate_file, key_file


@dataclass
class Collector:
    """``lines``: the messages that came, unframed by their lengths."""

    lines: list[str] = field(default_factory=list)
    port: int = 0

    def take(self, content: bytes) -> None:
        while content:
            length, _, rest = content.partition(b" ")
            self.lines.append(rest[: int(length)].decode())
            content = rest[int(length) :]


@contextmanager
def syslog(certificate_file: Path, key_file: Path, connections: int) -> Iterator[Collector]:
    """A collector that takes so many connections, one after the other, and agrees to the end of each."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate_file, key_file)
    collector = Collector()
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(60)
        collector.port = server.getsockname()[1]

        def collect() -> None:
            for _ in range(connections):
                plain, _peer = server.accept()
                plain.settimeout(60)
                try:
                    with context.wrap_socket(plain, server_side=True) as line:
                        content = b""
                        while piece := line.recv(65_536):
                            content += piece
                        line.unwrap().close()
                except OSError:
                    continue
                collector.take(content)

        thread = threading.Thread(target=collect)
        thread.start()
        yield collector
        thread.join(60)
        assert not thread.is_alive()
