"""Commands that are another program of ours: this process becomes it."""

import os
import sys
from pathlib import Path
from typing import NoReturn

#: Where a gate's settings are if nobody says.
GATE_FILE = Path("gate.toml")


def become(module: str, config: Path, *more: str) -> NoReturn:
    """Replace this process by ``python -m module``: one process to signal, its exit code its own."""
    sys.stdout.flush()
    os.execv(sys.executable, [sys.executable, "-m", module, "--config", str(config), *more])  # noqa: S606
