"""A small HTTP listener in a thread, for a process that has none: who watches it asks here how it is."""

import threading
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

#: path → (status, content type, body)
Answer = Callable[[str], tuple[int, str, str]]


def listen(address: str, answer: Answer) -> Callable[[], None]:
    """Answer GET requests on ``host:port``; returns what ends it. OSError if the address is taken."""

    class Asked(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            status, kind, body = answer(self.path.partition("?")[0])
            sent = body.encode()
            self.send_response(status)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(sent)))
            self.end_headers()
            self.wfile.write(sent)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002  # named by the library
            """Who asked is of no interest."""

    host, _, port = address.rpartition(":")
    server = ThreadingHTTPServer((host, int(port)), Asked)
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, name="watchpoint", daemon=True).start()

    def end() -> None:
        server.shutdown()
        server.server_close()

    return end
