"""A control plane in memory for gate tests: it signs snapshots and records exactly as the real one does."""

import base64
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from pyroaring import BitMap

from countermand.core.decision import Standing
from countermand.core.directive import OnUnknown
from countermand.core.instants import DAY, Instant
from countermand.lib.keys import SigningKey, from_seed
from countermand.snapshot.hashes import Hashes
from countermand.snapshot.records import Kind, Record, digest, entries_body, standing_body
from countermand.snapshot.records import write as write_record
from countermand.snapshot.signed import NOTHING_BEFORE, Heartbeat, certify, heartbeat
from countermand.snapshot.write import Contents, Entry, Stamp, write

ROOT = from_seed(b"r" * 32)
FEED = from_seed(b"f" * 32)
STRANGER = from_seed(b"s" * 32)
SECRET = b"h" * 32
#: Friday 2020-07-17, 17:00 UTC: the due of the founding case.
DUE: Instant = 1_595_005_200_000


def standing(id_: str = "no-tiktok", **changes: Any) -> Standing:
    values: dict[str, Any] = {
        "live": True,
        "halted": False,
        "not_before": 0,
        "sunset": None,
        "max_staleness": DAY,
        "on_stale": OnUnknown.ALLOW,
        "text": f"Remove the app that {id_} names. Mail then works again.",
    }
    return Standing(id_, **(values | changes))


def basic(login: str, password: str = "right") -> str:
    return "Basic " + base64.b64encode(f"{login}:{password}".encode()).decode()


def packed_query(device: bytes, login: str = "") -> str:
    """The base64 form of a Sync by this device, with the optional User parameter."""
    user = bytes([8, len(login)]) + login.encode() if login else b""
    return base64.b64encode(b"\x8c\x00\x09\x04" + bytes([len(device)]) + device + b"\x00\x0aSmartPhone" + user).decode()


class Plane:
    """Its history: records so far, and what the next one follows."""

    def __init__(self, epoch: int = 1, time: Instant = DUE - DAY, key: SigningKey = FEED) -> None:
        self.epoch, self.time, self.key = epoch, time, key
        self.n, self.digest = 0, NOTHING_BEFORE
        self.lines: list[bytes] = []
        self.hashes = Hashes(SECRET, epoch)
        # Real time decides about certificates, also in a rehearsal, so this one holds for ever.
        self.certificate = certify(ROOT, key.public, 0, 10**14)

    def snapshot(
        self,
        path: Path,
        devices: Mapping[tuple[str, str, str], int] | None = None,
        people: Mapping[str, int] | None = None,
        protected: Iterable[str] = (),
        standings: Iterable[Standing] = (),
        denials: Iterable[Entry] = (),
        unregistered: Iterable[Entry] = (),
        spoken: Iterable[tuple[str, int, BitMap]] = (),
    ) -> Path:
        contents = Contents(
            ((self.hashes.identity(*name), ordinal) for name, ordinal in (devices or {}).items()),
            ((self.hashes.login(login), ordinal) for login, ordinal in (people or {}).items()),
            (self.hashes.login(login) for login in protected),
            list(standings),
            denials,
            unregistered,
            spoken,
        )
        stamp = Stamp(self.epoch, self.n, self.digest, self.time, self.hashes.key_id)
        write(path, stamp, contents, self.key, self.certificate)
        return path

    def record(self, kind: Kind, body: Mapping[str, Any], more: bool = False) -> bytes:
        self.n += 1
        line = write_record(self.key, Record(self.epoch, self.n, self.digest, self.time, kind, body, more))
        self.digest = digest(line)
        self.lines.append(line)
        return line

    def lineage(self, row: Standing, more: bool = False) -> bytes:
        return self.record(Kind.LINEAGE, standing_body(row), more)

    def denials(self, entries: list[tuple[Instant, list[int]]], lineage: str = "no-tiktok", more: bool = False) -> bytes:
        return self.record(Kind.DENIALS, entries_body(lineage, 0, [(start, BitMap(found)) for start, found in entries]), more)

    def beat(self, time: Instant | None = None) -> bytes:
        self.time = self.time if time is None else time
        return heartbeat(self.key, Heartbeat(self.epoch, self.n, self.digest, self.time))
