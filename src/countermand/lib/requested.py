"""What looks like the ``requests`` library to code that composes requests to other people's APIs, and goes out by ``lib.http``.

Code that was written for ``requests`` is given ``REQUESTS`` under that name. Whatever it asks for (no certificate checks,
redirects, plain HTTP elsewhere, a proxy), it gets what every request of ours gets. Outside ``carried`` nothing goes out at all.
"""

import json as text_of_json
from base64 import b64encode
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from http import HTTPStatus
from pathlib import Path
from typing import Any
from urllib.parse import urlencode, urlsplit

from countermand.core.errors import Refused
from countermand.lib.addresses import loopback
from countermand.lib.http import Http, Response, Unreachable
from countermand.lib.read_json import read_json

#: No answer that anybody reads is longer.
_MOST = 1 << 20


class RequestException(OSError):
    """Nobody answered."""


class _Codes:
    """``requests.codes``: names of statuses in small letters."""

    def __getattr__(self, name: str) -> int:
        try:
            return int(HTTPStatus[name.upper()])
        except KeyError:
            raise AttributeError(name) from None


@dataclass(frozen=True, slots=True)
class Answer:
    """The part of ``requests.Response`` that is read."""

    status_code: int
    content: bytes
    headers: Mapping[str, str]

    @property
    def text(self) -> str:
        return self.content.decode("utf-8", "replace")

    def json(self) -> Any:
        return read_json(self.content)


@dataclass(slots=True)
class Carrier:
    """The way out of one composer. ``private``: hosts that may be at a private address; ``home_only``: nothing leaves this
    machine (drills). ``statuses``: what each request since ``carried`` was answered, None where nobody answered."""

    private: frozenset[str] = frozenset()
    ca_file: Path | None = None
    home_only: bool = False
    statuses: list[int | None] = field(default_factory=list)
    _hosts: dict[str, Http] = field(default_factory=dict)

    def send(self, method: str, url: str, headers: Mapping[str, str], body: bytes | None) -> Response:
        """Refused ``url-insecure``, ``address-private``, ``drill-stays-home``. Unreachable if nobody answered."""
        parts = urlsplit(url)
        host = parts.hostname or ""
        if self.home_only and not loopback(host):
            raise Refused("drill-stays-home", host=host, address=host)
        base = f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}"
        if base not in self._hosts:
            near = host in self.private or (self.home_only and loopback(host))
            self._hosts[base] = Http(base, self.ca_file, internet=not near)
        self.statuses.append(None)
        path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        found = self._hosts[base].send(method, path, headers, body=body)
        self.statuses[-1] = found.status
        return found


_carrier: ContextVar[Carrier] = ContextVar("carrier")


@contextmanager
def carried(carrier: Carrier) -> Iterator[Carrier]:
    """Requests made inside go out by this carrier."""
    carrier.statuses.clear()
    token = _carrier.set(carrier)
    try:
        yield carrier
    finally:
        _carrier.reset(token)


class Requests:
    """The part of the module ``requests`` that is called."""

    codes = _Codes()
    RequestException = RequestException
    Response = Answer

    def request(
        self,
        method: str,
        url: str,
        *,
        params: Mapping[str, Any] | Sequence[tuple[str, Any]] | None = None,
        data: str | bytes | Mapping[str, Any] | None = None,
        json: Any = None,
        headers: Mapping[str, Any] | None = None,
        auth: tuple[Any, Any] | None = None,
        files: Any = None,
        **ignored: Any,
    ) -> Answer:
        """One request. ``ignored``: how the caller would like it to be sent. ValueError for files, and for ways to prove oneself
        other than a name and a password."""
        if files or (auth is not None and not isinstance(auth, tuple)):
            raise ValueError("only a text goes out")
        head = {str(name): str(value) for name, value in (headers or {}).items() if value is not None}
        body, kind = _encoded(data, json)
        if kind and not any(name.lower() == "content-type" for name in head):
            head["Content-Type"] = kind
        if auth is not None:
            proof = f"{auth[0] or ''}:{auth[1] or ''}".encode()
            head["Authorization"] = f"Basic {b64encode(proof).decode()}"
        if params:
            url += ("&" if urlsplit(url).query else "?") + urlencode(params, doseq=True)
        try:
            found = _carrier.get().send(method.upper(), url, head, body)
        except Unreachable as fault:
            raise RequestException(str(fault)) from fault
        return Answer(found.status, found.body[:_MOST], found.headers)

    def get(self, url: str, **how: Any) -> Answer:
        return self.request("GET", url, **how)

    def post(self, url: str, **how: Any) -> Answer:
        return self.request("POST", url, **how)

    def put(self, url: str, **how: Any) -> Answer:
        return self.request("PUT", url, **how)


REQUESTS = Requests()


def _encoded(data: str | bytes | Mapping[str, Any] | None, json: Any) -> tuple[bytes | None, str]:
    """(body, its content type)."""
    if json is not None:
        return text_of_json.dumps(json).encode(), "application/json"
    if isinstance(data, bytes):
        return data, ""
    if isinstance(data, str):
        return data.encode(), ""
    return (None, "") if data is None else (urlencode(data, doseq=True).encode(), "application/x-www-form-urlencoded")
