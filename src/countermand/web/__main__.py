"""``python -m countermand.web --config FILE``: run the control plane."""

import argparse
import sys
from pathlib import Path

import uvicorn

from countermand import config
from countermand.core.errors import Refused
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
    except Refused as refused:
        print(refused, file=sys.stderr)
        return refused.entry.exit
    failures: list[str] = []

    def failed() -> None:
        failures.append("a thread of the publisher died")
        server.should_exit = True

    application = Application(settings, failed)
    host, _, port = settings.control.listen.rpartition(":")
    server = Server(
        uvicorn.Config(
            application,
            host=host,
            port=int(port),
            loop="uvloop",
            http="httptools",
            ws="none",
            lifespan="on",
            log_level="warning",
            access_log=False,
            timeout_graceful_shutdown=3,
            timeout_keep_alive=30,
        )
    )
    server.application = application
    server.run()
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
