"""``python -m countermand.gates --config FILE``: run a gate, or print what nginx needs in front of it."""

import argparse
import asyncio
import sys
from pathlib import Path

import uvloop

from countermand.core.errors import Refused
from countermand.gates.config import load
from countermand.gates.log import Log
from countermand.gates.serve import serve
from countermand.lib.log import take_over


def main(arguments: list[str] | None = None) -> int:
    """Run a gate until it is told to end; returns the exit code."""
    parser = argparse.ArgumentParser(prog="python -m countermand.gates", description="Answer mail front ends.")
    parser.add_argument("--config", type=Path, required=True, help="the gate's TOML file")
    parser.add_argument("--nginx", choices=("http", "server"), help="print nginx's include for this part, and end")
    parser.add_argument("--mail", default="127.0.0.1:8080", help="with --nginx: the mail server, host:port or unix:PATH")
    parser.add_argument("--fail-open", action="store_true", help="with --nginx: mail flows while the gate does not answer")
    asked = parser.parse_args(arguments)
    try:
        config = load(asked.config)
        if asked.nginx:
            from countermand.gates.configure import NginxSettings, http_part, server_part

            settings = NginxSettings(config.listen, asked.mail, config.sightings_socket, fail_open=asked.fail_open)
            print(http_part(settings) if asked.nginx == "http" else server_part(settings), end="")
            return 0
        take_over()
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            runner.run(serve(config, Log(key=config.secret)))
    except Refused as refused:
        print(refused, file=sys.stderr)
        return refused.entry.exit
    return 0


if __name__ == "__main__":
    sys.exit(main())
