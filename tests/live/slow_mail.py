"""A mail server's stand-in that can keep a request waiting, as ActiveSync's Sync and Ping do. In this process, on loopback."""

import base64
import threading
import time
from collections import Counter
from collections.abc import Callable
from email.message import Message
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

PASSWORD = "right"
_VERSIONS = {"MS-ASProtocolVersions": "2.5,12.0,12.1,14.0,14.1"}


class _Quiet(ThreadingHTTPServer):
    """A front end that ends resets its idle connections: nothing to say about that."""

    def handle_error(self, request: Any, client_address: Any) -> None:
        pass


class SlowMail:
    """``release`` lets everything go that hangs. ``delivered``: commands that got mail, by login."""

    def __init__(self, logins: set[str]) -> None:
        self.logins = logins
        self.much = 0  # bytes of each mail, beyond the first few
        self.thinking = 0.0  # seconds before a wrong password is refused
        self.answers: Counter[str] = Counter()
        self.delivered: Counter[str] = Counter()
        self.hanging = threading.Semaphore(0)
        self.release = threading.Event()
        #: Who asks, from a header of a proxy that is trusted; None: passwords count.
        self.vouched: Callable[[Message], str] | None = None
        self._server = _Quiet(("127.0.0.1", 0), self._handler())
        self._server.daemon_threads = True
        self.port = self._server.server_address[1]
        threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True).start()

    def close(self) -> None:
        self.release.set()
        self._server.shutdown()
        self._server.server_close()

    def login(self, headers: Message) -> str:
        if self.vouched:
            return self.vouched(headers)
        authorization = headers.get("Authorization", "")
        name, _, password = base64.b64decode(authorization.partition(" ")[2]).decode().partition(":")
        return name if name in self.logins and password == PASSWORD else ""

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        mail = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                self.rfile.read(int(self.headers.get("Content-Length", 0)))
                login = mail.login(self.headers)
                mail.answers[f"{self.command} {200 if login else 401}"] += 1
                if not login:
                    time.sleep(mail.thinking)
                    self._answer(401, b"Who are you?\n", {"WWW-Authenticate": 'Basic realm="mail"'})
                elif self.command == "OPTIONS":
                    self._answer(200, b"", _VERSIONS)
                else:
                    if "Wait" in self.path:
                        mail.hanging.release()
                        mail.release.wait(20)
                    mail.delivered[login] += 1
                    self._answer(200, b"mail for " + login.encode() + b"\n" + b"x" * mail.much, _VERSIONS)

            do_OPTIONS = do_GET = do_POST

            def _answer(self, status: int, body: bytes, headers: dict[str, str]) -> None:
                self.send_response(status)
                for name, value in (headers | {"Content-Length": str(len(body))}).items():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *about: Any) -> None:
                pass

        return Handler
