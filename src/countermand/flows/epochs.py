"""Epochs: which life of the feed this is. Each restore opens one that no gate has heard of.

The highest epoch ever opened is also kept beside the database, in ``<state_dir>/epoch``: an old copy of the database does
not know it, and must neither publish nor open it again.
"""

from collections.abc import Iterable
from pathlib import Path

from countermand.core.errors import Refused
from countermand.core.instants import SECOND, Instant
from countermand.lib import drafts
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
    """An epoch higher than any that a gate can have heard.

    ``heard``: every epoch that some database or gate is known to have been in. It is also at least the real time in
    seconds: where everything but the backup is lost, nothing tells how often epochs were opened, but time only grows.
    """
    written = max((file.epoch for file in snapshots(directory_of(state_dir))), default=0)
    return max(kept(state_dir) + 1, written + 1, *(epoch + 1 for epoch in heard), real // SECOND)


def keep(state_dir: Path, opened: int) -> None:
    """Write down that this epoch was opened, before any gate hears of it and not before its database is in place: until then
    the old one must be able to tell gates of a halt."""
    drafts.write(state_dir / "epoch", f"{opened}\n")
