"""``python -m countermand.gates --config FILE``: run a gate."""

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
    asked = parser.parse_args(arguments)
    try:
        config = load(asked.config)
        take_over()
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            runner.run(serve(config, Log(key=config.secret)))
    except Refused as refused:
        print(refused, file=sys.stderr)
        return refused.entry.exit
    return 0


if __name__ == "__main__":
    sys.exit(main())
