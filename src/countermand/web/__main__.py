"""``python -m countermand.web --config FILE``: run the control plane."""

import argparse
import signal
import sys
import threading
from pathlib import Path

import uvicorn

from countermand import config
from countermand.config import Config
from countermand.core.errors import Refused
from countermand.lib import log
from countermand.web import tls
from countermand.web.application import Application


class Server(uvicorn.Server):
    """Ends its streams when it is told to end: a feed never ends by itself."""

    application: Application

    def handle_exit(self, sig: int, frame: object) -> None:
        self.application.end_streams()
        super().handle_exit(sig, frame)  # type: ignore[arg-type]


def main(arguments: list[str] | None = None) -> int:
    """Serve until told to end; returns the exit code."""
    parser = argparse.ArgumentParser(prog="python -m countermand.web", description="The control plane, over HTTP.")
    parser.add_argument("--config", type=Path, required=True, help="the installation's TOML file")
    try:
        settings = config.load(parser.parse_args(arguments).config)
        certificate = tls.of(settings.control)
    except Refused as refused:
        print(refused, file=sys.stderr)
        return refused.entry.exit
    log.take_over()
    # A reload ends nothing, also where there is no certificate to load.
    signal.signal(signal.SIGHUP, lambda *_: certificate is not None and certificate.look(again=True))
    failures: list[str] = []

    def failed() -> None:
        failures.append("a thread of the publisher died")
        server.should_exit = True

    application = Application(settings, failed)
    served = _listener(settings, application)
    if certificate is not None:
        served.load()
        served.ssl = certificate.context
        threading.Thread(target=certificate.watch, args=(threading.Event(),), name="certificate", daemon=True).start()
    server = Server(served)
    server.application = application
    server.run()
    return 1 if failures else 0


def _listener(settings: Config, application: Application) -> uvicorn.Config:
    host, _, port = settings.control.listen.rpartition(":")
    return uvicorn.Config(
        application,
        host=host.strip("[]"),
        port=int(port),
        loop="uvloop",
        http="httptools",
        ws="none",
        lifespan="on",
        log_config=None,  # what it says goes the way of everything that is logged
        log_level="warning",
        access_log=False,
        proxy_headers=False,
        timeout_graceful_shutdown=3,
        timeout_keep_alive=30,
    )


if __name__ == "__main__":
    sys.exit(main())
