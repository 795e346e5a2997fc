"""A receiver of Shared Signals in a process of its own, which outlives whoever pushes: it notes a token before it says so.

One line per token taken. What they say is read, and checked, by whoever asks (tests/shared_signals.py).
"""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

ISSUER, AUDIENCE = "https://example.org/ssf", "https://receiver.example.com"


@dataclass(frozen=True)
class Receiver:
    """Where it listens, and where it notes."""

    url: str
    file: Path

    def taken(self) -> list[str]:
        """Tokens, in the order of their coming, again if they came again."""
        return self.file.read_text().split() if self.file.exists() else []


@contextmanager
def open_receiver(file: Path) -> Iterator[Receiver]:
    """The server as a child process, which ends with this."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            token = self.rfile.read(int(self.headers["content-length"])).decode()
            with file.open("a") as notes:
                notes.write(f"{token}\n")
            self.send_response(202)
            self.send_header("content-length", "0")
            self.end_headers()

        def log_message(self, *_: Any) -> None:
            """Quiet."""

    server = HTTPServer(("127.0.0.1", 0), Handler)
    url = f"http://127.0.0.1:{server.server_port}/events"
    pid = os.fork()
    if pid == 0:
        server.serve_forever()
    server.server_close()
    try:
        yield Receiver(url, file)
    finally:
        os.kill(pid, 9)
        os.waitpid(pid, 0)
