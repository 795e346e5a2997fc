"""An API of somebody else's at an address of this machine: it says "later", dies half-way, and remembers what it was asked."""

import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, TypeVar
from urllib.parse import parse_qs, unquote, urlsplit


@dataclass
class Api:
    """How badly it behaves. ``later``: 429 to every so many requests; ``dies_after``: pages of devices (``devices_at``) that are
    answered before the line goes dead; ``asked``: (method, path) of every request. ``wait``: seconds that it says "later" for;
    ``impatient``: requests that came before they were over."""

    later: int = 0
    dies_after: int | None = None
    devices_at: str = ""
    asked: list[tuple[str, str]] = field(default_factory=list)
    url: str = ""
    wait: int = 7
    impatient: int = 0
    _later_until: float = 0.0

    def answer(self, method: str, path: str, query: dict[str, list[str]], token: str, form: str) -> Any:
        """(status, body) or (status, body, headers); status 0: the line goes dead."""
        raise NotImplementedError


Served = TypeVar("Served", bound=Api)


@contextmanager
def served(api: Served) -> Iterator[Served]:
    """The API at an address of this machine."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            parts = urlsplit(self.path)
            path, form = unquote(parts.path), self.rfile.read(int(self.headers.get("content-length", 0))).decode()
            api.asked.append((self.command, path))
            api.impatient += time.monotonic() < api._later_until
            if api.later and len(api.asked) % api.later == 0:
                self._say(429, {"error": {"code": "TooManyRequests"}}, {"Retry-After": str(api.wait)})
                api._later_until = time.monotonic() + api.wait
                return
            if path.endswith(api.devices_at) and api.dies_after is not None:
                api.dies_after -= 1
                if api.dies_after < 0:
                    self.close_connection = True
                    return
            token = self.headers.get("authorization", "")
            status, said, *headers = api.answer(self.command, path, parse_qs(parts.query), token, form)
            if status == 0:  # whatever it did, nobody hears of it
                self.close_connection = True
                return
            self._say(status, said, *(headers or [{}]))

        do_POST = do_PUT = do_PATCH = do_DELETE = do_GET

        def _say(self, status: int, said: dict[str, Any], headers: dict[str, str]) -> None:
            body = b"" if status == 204 else json.dumps(said).encode()
            self.send_response(status)
            for name, value in {"Content-Type": "application/json", "Content-Length": str(len(body)), **headers}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: Any) -> None:
            """Quiet."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        api.url = f"http://127.0.0.1:{server.server_address[1]}"
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        try:
            yield api
        finally:
            server.shutdown()
            thread.join()
