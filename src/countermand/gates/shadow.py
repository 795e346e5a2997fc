"""A copy of what a gate holds, for questions beside the one that runs: nothing of it is written, and any time can be asked."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from countermand.core.instants import Instant
from countermand.gates.config import GateConfig
from countermand.gates.held import Held
from countermand.gates.kept import Kept


@contextmanager
def shadow(config: GateConfig, now: Instant) -> Iterator[Held | None]:
    """What the gate with these settings would hold if it started now; None if it never heard anything.

    The files are copied first: reading them mends what a crash left, which is not ours to do under a running gate.
    """
    with TemporaryDirectory(prefix="countermand-") as directory:
        for name in ("snapshot", "records", "heard"):
            if (config.state_dir / name).exists():
                shutil.copyfile(config.state_dir / name, Path(directory) / name)
        kept = Kept(Path(directory), config.root, config.secret)
        try:
            yield kept.load(now, 0)
        finally:
            kept.close()
