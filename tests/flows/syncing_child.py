"""A process that syncs a source, for a test to kill: ``python syncing_child.py DATABASE STATE_DIR POINT``.

It kills itself at its POINTth step: just before something is committed, or just after."""

import os
import signal
import sys
from pathlib import Path

from countermand.access import Act, Actor, Role
from countermand.config import Config, Sources
from countermand.core.instants import from_iso
from countermand.flows import sync
from countermand.store.setup import open_store


def main(database: Path, state_dir: Path, point: int) -> None:
    steps = 0

    def step() -> None:
        nonlocal steps
        steps += 1
        if steps == point:
            os.kill(os.getpid(), signal.SIGKILL)

    def acting() -> Act:
        step()
        return Act(Actor("otto", frozenset({Role.OPERATOR})), from_iso("2020-07-10T12:00:00Z"))

    open_store(database)
    config = Config(state_dir, database, sources=Sources(private_hosts=("127.0.0.1",)))
    sync.sync(acting, config, "intune", holder="me", confirmed=True, progress=lambda _: step(), wait=lambda _: None)


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]), int(sys.argv[3]))
