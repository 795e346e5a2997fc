"""``python -m countermand.gates --config FILE``: run a gate."""

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
    given = sys.argv[1:] if arguments is None else arguments
    try:
        config = load(_file(given))
        take_over()
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            runner.run(serve(config, Log(key=config.secret)))
    except Refused as refused:
        print(refused, file=sys.stderr)
        return refused.entry.exit
    return 0


def _file(given: list[str]) -> Path:
    if len(given) == 2 and given[0] == "--config":
        return Path(given[1])
    import argparse  # not for a gate that is started anew after a fault: mail waits for it

    parser = argparse.ArgumentParser(prog="python -m countermand.gates", description="Answer mail front ends.")
    parser.add_argument("--config", type=Path, required=True, help="the gate's TOML file")
    found: Path = parser.parse_args(given).config
    return found


if __name__ == "__main__":
    sys.exit(main())
