"""Epochs: which life of the feed this is. Each restore opens one that no gate has heard of.

The highest epoch ever opened is also kept beside the database, in ``<state_dir>/epoch``: an old copy of the database does
not know it, and must neither publish nor open it again.
"""

import os
from collections.abc import Iterable
from pathlib import Path

from countermand.core.errors import Refused
from countermand.core.instants import SECOND, Instant
from countermand.snapshot.files import directory_of, snapshots


def kept(state_dir: Path) -> int:
    """The highest epoch that was opened by a restore with this state; 0 if none was. Refused ``epoch-unreadable``."""
    path = state_dir / "epoch"
    try:
        return int(path.read_text())
    except FileNotFoundError:
        return 0
    except (OSError, ValueError):
        raise Refused("epoch-unreadable", file=str(path)) from None


def next_epoch(state_dir: Path, heard: Iterable[int], real: Instant) -> int:
    """An epoch higher than any that a gate can have heard, written down before anybody hears of it.

    ``heard``: every epoch that some database or gate is known to have been in. It is also at least the real time in
    seconds: where everything but the backup is lost, nothing tells how often epochs were opened, but time only grows.
    """
    written = max((file.epoch for file in snapshots(directory_of(state_dir))), default=0)
    opened = max(kept(state_dir) + 1, written + 1, *(epoch + 1 for epoch in heard), real // SECOND)
    state_dir.mkdir(parents=True, exist_ok=True, mode=0o700)
    draft = state_dir / "epoch.new"
    with draft.open("w") as file:
        file.write(f"{opened}\n")
        file.flush()
        os.fsync(file.fileno())
    draft.rename(state_dir / "epoch")
    return opened
