"""The snapshots that a control plane keeps: named by epoch and number, so that the newest is found without opening any."""

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class SnapshotFile:
    """A snapshot on disk, by what its name says."""

    path: Path
    epoch: int
    n: int


def snapshots(directory: Path) -> list[SnapshotFile]:
    """The snapshots in a directory, oldest first."""
    found = []
    for path in directory.glob("snapshot-*-*"):
        _, epoch, n = path.name.split("-")
        found.append(SnapshotFile(path, int(epoch), int(n)))
    return sorted(found, key=lambda file: (file.epoch, file.n))


def file_for(directory: Path, epoch: int, n: int) -> Path:
    """Where the snapshot after record ``n`` stands."""
    return directory / f"snapshot-{epoch}-{n}"


def directory_of(state_dir: Path) -> Path:
    """Where an installation keeps its snapshots."""
    return state_dir / "feed"
