"""Checkpoints kept in files beside the database: a directory to which only new files come, one each day, and the newest.

Whoever copies it elsewhere can later show that the ledger was cut short or rewritten.
"""

from contextlib import suppress
from pathlib import Path

from countermand.ledger.checkpoint import read
from countermand.ledger.errors import LedgerProblem
from countermand.lib import drafts

NEWEST = "newest.note"


def keep(directory: Path, note: str, day: str) -> None:
    """The first note of a day stays under the day's name (``2020-07-17.note``), the latest of all as ``newest.note``. Whole
    or not at all: the newest is replaced by a rename, and never by one of fewer entries."""
    directory.mkdir(parents=True, exist_ok=True, mode=0o700)
    with suppress(FileExistsError):
        drafts.write(directory / f"{day}.note", note, new=True)
    before = newest(directory)
    if before is None or read(before)[0].size <= read(note)[0].size:
        drafts.write(directory / NEWEST, note)


def newest(directory: Path) -> str | None:
    """The latest note that was kept; None if none ever was. LedgerProblem ``ledger-checkpoint-malformed``."""
    path = directory / NEWEST
    return _read(path) if path.exists() else None


def notes(directory: Path) -> list[str]:
    """Every note that was kept, by name. LedgerProblem ``ledger-checkpoint-malformed``."""
    return [_read(path) for path in sorted(directory.glob("*.note"))]


def _read(path: Path) -> str:
    try:
        return path.read_text("utf-8")
    except (OSError, UnicodeDecodeError) as failure:
        raise LedgerProblem("ledger-checkpoint-malformed", why=f"{path.name} cannot be read") from failure
