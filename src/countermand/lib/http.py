"""The only place from which anything goes out over HTTP: bounded in time and size, certificates checked, redirects refused.

A token goes only over TLS, or to this machine itself.
"""

import secrets
import socket
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import quote, urlencode, urlsplit

import urllib3
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.exceptions import HTTPError

from countermand.core.errors import Refused
from countermand.lib.addresses import loopback, public

_CONNECT = 5.0
#: Seconds without a byte before an answer is given up; an import of a million rows takes minutes before it says anything.
_PATIENCE = 60.0
_LONG = 3_600.0
#: No answer of ours is longer.
_MOST = 1 << 30
_PIECE = 1 << 18


class Unreachable(Exception):
    """Nobody answered; whether the request was carried out is not known."""


@dataclass(frozen=True, slots=True)
class Response:
    """``headers``: by their names in small letters; ``kind``: the content type."""

    status: int
    kind: str
    body: bytes
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Upload:
    """A file under the name of its form field."""

    field: str
    path: Path


def _on_the_internet(connection: HTTPConnection, made: socket.socket) -> socket.socket:
    """The new connection, if it ends at a public address; looked at before a byte is sent, whatever the name was said to be."""
    address = str(made.getpeername()[0])
    if not public(address):
        made.close()
        raise Refused("address-private", host=connection.host, address=address)
    return made


class _PublicPlain(HTTPConnection):
    def _new_conn(self) -> socket.socket:
        return _on_the_internet(self, super()._new_conn())


class _PublicTls(HTTPSConnection):
    def _new_conn(self) -> socket.socket:
        return _on_the_internet(self, super()._new_conn())


class _PublicPlainPool(urllib3.HTTPConnectionPool):
    ConnectionCls = _PublicPlain


class _PublicTlsPool(urllib3.HTTPSConnectionPool):
    ConnectionCls = _PublicTls


class Http:
    """One server, by its base address. Refused ``url-insecure`` unless it is https or on this machine. ``internet``: it must be
    at a public address, or every request is Refused ``address-private``."""

    def __init__(self, base: str, ca_file: Path | None = None, *, internet: bool = False) -> None:
        parts = urlsplit(base)
        if parts.scheme != "https" and not (parts.scheme == "http" and loopback(parts.hostname or "")):
            raise Refused("url-insecure", url=base)
        self.base = base.rstrip("/")
        self._pool = urllib3.PoolManager(
            maxsize=4,
            cert_reqs="CERT_REQUIRED",
            ca_certs=str(ca_file) if ca_file else None,
            retries=False,
        )
        if internet:
            self._pool.pool_classes_by_scheme = {"http": _PublicPlainPool, "https": _PublicTlsPool}

    def send(
        self,
        method: str,
        path: str,
        headers: Mapping[str, str],
        *,
        query: Sequence[tuple[str, str]] | None = None,
        body: bytes | None = None,
        files: Sequence[Upload] = (),
        within: float | None = None,
    ) -> Response:
        """One request and its whole answer. Unreachable if there is none. ``within``: seconds until it begins, if the usual
        patience is too long."""
        url = f"{self.base}{path}{'?' + urlencode(query) if query else ''}"
        sent: bytes | Iterable[bytes] | None = body
        head = {**headers, "accept-encoding": "identity"}
        if files:
            boundary = secrets.token_hex(16)
            parts = _parts(files, boundary)
            head["content-type"] = f"multipart/form-data; boundary={boundary}"
            head["content-length"] = str(sum(len(part) if isinstance(part, bytes) else part.stat().st_size for part in parts))
            sent = _pieces(parts)
        patience = urllib3.Timeout(total=within, connect=_CONNECT, read=_LONG if files else _PATIENCE)
        try:
            answer = self._pool.request(
                method, url, body=sent, headers=head, timeout=patience, redirect=False, preload_content=False
            )
            try:
                data = answer.read(_MOST + 1)
            finally:
                answer.release_conn()
        except (HTTPError, OSError) as fault:
            raise Unreachable(str(fault) or type(fault).__name__) from fault
        if len(data) > _MOST:
            raise Unreachable(f"the answer has more than {_MOST} bytes")
        headers = {name.lower(): value for name, value in answer.headers.items()}
        return Response(answer.status, headers.get("content-type", ""), data, headers)


def _parts(files: Sequence[Upload], boundary: str) -> list[bytes | Path]:
    """A multipart body, its files still on the disk."""
    parts: list[bytes | Path] = []
    for upload in files:
        name = quote(upload.path.name, safe=" !#$&'()+,;=@[]^_`{}~-.")
        head = f'--{boundary}\r\nContent-Disposition: form-data; name="{upload.field}"; filename="{name}"\r\n'
        parts += [f"{head}Content-Type: application/octet-stream\r\n\r\n".encode(), upload.path, b"\r\n"]
    return [*parts, f"--{boundary}--\r\n".encode()]


def _pieces(parts: Iterable[bytes | Path]) -> Iterator[bytes]:
    for part in parts:
        if isinstance(part, bytes):
            yield part
            continue
        with part.open("rb") as file:
            while piece := file.read(_PIECE):
                yield piece
