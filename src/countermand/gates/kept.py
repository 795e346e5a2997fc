"""What a gate keeps on disk, so that it answers the same after a restart without its control plane.

``snapshot`` (the file as fetched), ``records`` (the signed lines since, appended batch by batch), ``heard`` (the last
heartbeat, with the gate's own time when it came). Everything is verified again when it is read.
"""

import json
import os
from io import FileIO
from pathlib import Path

from countermand.core.errors import Refused
from countermand.core.instants import Instant
from countermand.gates.held import Held
from countermand.lib.keys import VerifyKey
from countermand.lib.read_json import read_json
from countermand.snapshot.format import BODY
from countermand.snapshot.hashes import Hashes
from countermand.snapshot.read import Snapshot, read_header


class Kept:
    """The gate's directory. ``records`` counts what was appended since the snapshot."""

    def __init__(self, directory: Path, root: VerifyKey, secret: bytes) -> None:
        directory.mkdir(parents=True, exist_ok=True, mode=0o700)
        self.directory = directory
        self.records = 0
        self._root = root
        self._secret = secret
        self._log: FileIO | None = None
        self._unwritten: list[bytes] = []

    @property
    def snapshot(self) -> Path:
        return self.directory / "snapshot"

    @property
    def incoming(self) -> Path:
        """Where a snapshot is written while it is fetched."""
        return self.directory / "snapshot.incoming"

    def load(self, own: Instant, steady: int) -> Held | None:
        """What was held when the gate last ran; None if nothing. Refused if what is there is damaged or forged."""
        if not self.snapshot.exists():
            return None
        held = self._open(self.snapshot, own, steady)
        self._replay(held, own, steady)
        self._recall(held, own, steady)
        return held

    def adopt(self, held: Held | None, own: Instant, steady: int) -> Held:
        """Take the fetched snapshot: verified, not older than what is held, then moved into place.

        Refused ``snapshot-damaged snapshot-forged snapshot-foreign feed-older``; what was held stays.
        """
        with self.incoming.open("rb") as file:
            header = read_header(file.read(BODY), self._root, self.incoming)
        if held is not None and (header.epoch, header.n) < (held.epoch, held.n):
            raise Refused("feed-older", epoch=header.epoch, n=header.n, held_epoch=held.epoch, held_n=held.n)
        fresh = self._open(self.incoming, own, steady)
        os.rename(self.incoming, self.snapshot)
        # A crash before this leaves records that the snapshot already holds; replaying skips them.
        self.close()
        (self.directory / "records").unlink(missing_ok=True)
        self._unwritten.clear()
        self.records = 0
        return fresh

    def append(self, lines: list[bytes]) -> None:
        """Keep the lines of a complete batch; on disk when this returns. OSError if the disk does not take them: they are
        written before anything that comes later, so that the file never has a gap."""
        self._unwritten += lines
        self.records += len(lines)
        self._write()

    def _write(self) -> None:
        if not self._unwritten:
            return
        if self._log is None:
            self._log = (self.directory / "records").open("ab", buffering=0)
        place = os.fstat(self._log.fileno()).st_size
        data = b"".join(self._unwritten)
        try:
            while data:
                data = data[self._log.write(data) or 0 :]
            os.fdatasync(self._log.fileno())
        except OSError:
            os.truncate(self._log.fileno(), place)  # half a line would hide what comes after it
            raise
        self._unwritten.clear()

    def hear(self, line: bytes, own: Instant) -> None:
        """Keep the last heartbeat and when it was heard; OSError as with ``append``."""
        self._write()
        draft = self.directory / "heard.new"
        draft.write_text(json.dumps({"own": own, "line": line.decode()}))
        os.rename(draft, self.directory / "heard")

    def _open(self, path: Path, own: Instant, steady: int) -> Held:
        found = Snapshot(path, self._root)
        if found.header.hash_key != Hashes(self._secret, found.header.epoch).key_id:
            raise Refused("snapshot-foreign", file=str(path))
        return Held(found, self._root, self._secret, own, steady)

    def _replay(self, held: Held, own: Instant, steady: int) -> None:
        path = self.directory / "records"
        if not path.exists():
            return
        text = path.read_bytes()
        place = good = 0
        for line in text.splitlines(keepends=True):
            place += len(line)
            if line.endswith(b"\n") and self._replayed(held, line, own, steady):
                good = place
        held.forget_pending()
        if good != len(text):
            os.truncate(path, good)  # what a crash left of a batch: the feed brings it again, whole

    def _replayed(self, held: Held, line: bytes, own: Instant, steady: int) -> bool:
        """True if nothing is missing up to this line: a batch is complete, or the snapshot holds it already."""
        self.records += 1
        try:
            return bool(held.take(line, own, steady, again=True))
        except Refused as refused:
            if refused.code != "feed-older":
                raise
            return True

    def _recall(self, held: Held, own: Instant, steady: int) -> None:
        path = self.directory / "heard"
        if path.exists():
            try:
                kept = read_json(path.read_text())
                held.remember(str(kept["line"]).encode(), int(kept["own"]), own, steady)
            except (ValueError, KeyError, TypeError, Refused):
                return  # without it the gate is as of its snapshot, which starts less

    def close(self) -> None:
        """Let go of the file that batches are appended to; the next one opens it again."""
        if self._log is not None:
            self._log.close()
            self._log = None
