"""Files that appear under their name whole or not at all, whenever the writer is killed, and leave nothing lying about.

A draft stands beside its file as ``.<name>.<random>.<pid>.draft``. One whose writer was killed is taken away by the next.
What root writes belongs to whom its folder belongs to: a key that root rotated must not be one that the service cannot read.
"""

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO

#: Drafts that this process is writing: after a restart in a container the process before it had the same number.
_ours: set[str] = set()


@contextmanager
def draft(path: Path, mode: int = 0o644, *, new: bool = False) -> Iterator[IO[bytes]]:
    """The draft of ``path``, open for writing; when the block ends well it is on disk and has taken the name.

    ``new``: FileExistsError if the name is taken, instead of replacing what has it.
    """
    import tempfile  # not for who only reads keys: it loads every way of packing an archive

    make_folder(path.parent)
    clear(path.parent)
    descriptor, name = tempfile.mkstemp(f".{os.getpid()}.draft", f".{path.name}.", path.parent)
    _ours.add(name)
    try:
        with os.fdopen(descriptor, "w+b") as file:
            os.fchmod(descriptor, mode)
            hand_over(descriptor, path.parent)
            yield file
            file.flush()
            os.fsync(file.fileno())
        if new:
            os.link(name, path)
        else:
            os.rename(name, path)
    finally:
        with suppress(FileNotFoundError):
            os.unlink(name)
        _ours.discard(name)


def write(path: Path, text: str, mode: int = 0o644, *, new: bool = False) -> None:
    """The whole file at once."""
    with draft(path, mode, new=new) as file:
        file.write(text.encode())


def make_folder(folder: Path, mode: int = 0o777) -> None:
    """The folder, and those above it, where there is none."""
    if not folder.exists():
        make_folder(folder.parent)
        folder.mkdir(exist_ok=True, mode=mode)
        hand_over(folder, folder.parent)


def hand_over(what: Path | int, folder: Path) -> None:
    """Give what root made (a path, or an open file) to the owner of the folder that it is in; what others made is theirs."""
    if os.geteuid() == 0:
        owner = folder.stat()
        os.chown(what, owner.st_uid, owner.st_gid)


def clear(directory: Path) -> None:
    """Take away what writers left there who were killed."""
    for left in directory.glob(".*.draft"):
        if str(left) not in _ours and not _lives(left.name.split(".")[-2]):
            left.unlink(missing_ok=True)


def _lives(number: str) -> bool:
    """Whether another process has this number; of our own number only what we know of is being written."""
    if not number.isdigit() or int(number) == os.getpid():
        return False
    try:
        os.kill(int(number), 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
