"""How the installation itself is: what must hold for it to be ready, and what runs out soon. Changes nothing, names nobody."""

import os
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from countermand.config import Config
from countermand.core.errors import Refused
from countermand.core.instants import DAY, MINUTE, Instant
from countermand.lib import clock
from countermand.lib.keys import BadKeyFile, load_public
from countermand.snapshot.signed import certificate
from countermand.store import feed, installation, tree

#: What runs out within this is said: in status, readiness, metrics and the log.
AHEAD = 30 * DAY
#: A row that waits longer for its seal than this has no sealer.
_SEALED_WITHIN = 5 * MINUTE
#: Less room than this, and the next large import or snapshot may fill the disk.
_ROOM = 256 << 20
_BEATS = 3


@dataclass(frozen=True, slots=True)
class Check:
    """One thing that must hold. ``why``: what is wrong, in words that name nobody; '' if all is well."""

    name: str
    ok: bool
    why: str = ""


@dataclass(frozen=True, slots=True)
class Expiry:
    """Something that holds until then: ``feed`` (the root's word for the feed's key), ``tls`` (the control plane's)."""

    name: str
    until: Instant

    def days(self, now: Instant) -> float:
        return (self.until - now) / DAY


def checks(config: Config) -> list[Check]:
    """What must hold for gates to hear of a halt, and for the ledger to be sealed."""
    found = [
        _check("database", lambda: "" if installation.load() else "nothing is set up in it"),
        _check("publisher", lambda: _publisher(config)),
        _check("ledger", _ledger),
        _check("disk", lambda: _disk(config)),
    ]
    gone = [one.name for one in expiries(config) if one.until <= clock.now()]
    return [*found, Check("certificates", not gone, f"ran out: {', '.join(gone)}" if gone else "")]


def expiries(config: Config) -> list[Expiry]:
    """Until when each key and certificate holds, as far as it can be read."""
    found = []
    keys = config.state_dir / "keys"
    try:
        line = (keys / "feed.certificate").read_bytes().splitlines(keepends=True)[-1]
        found.append(Expiry("feed", certificate(load_public(keys / "root.key.pub"), line).until))
    except (OSError, IndexError, BadKeyFile, Refused):
        pass  # there is none before the first gate; a damaged one stops the publisher, who says so
    tls = config.control.certificate_file
    if tls is not None and (until := tls_until(tls)) is not None:
        found.append(Expiry("tls", until))
    return found


def running_out(config: Config) -> list[Expiry]:
    """What holds for less than 30 days."""
    return [one for one in expiries(config) if one.until - clock.now() < AHEAD]


def days_left(config: Config) -> dict[str, float]:
    """The same, in days."""
    return {one.name: round(one.days(clock.now()), 1) for one in running_out(config)}


def tls_until(file: Path) -> Instant | None:
    """The end of the first certificate in a PEM file; None if it cannot be read."""
    from cryptography import x509

    try:
        found = x509.load_pem_x509_certificate(file.read_bytes())
    except (OSError, ValueError):
        return None
    return int(found.not_valid_after_utc.timestamp() * 1000)


def _check(name: str, look: Callable[[], str]) -> Check:
    try:
        why = look()
    except Exception as wrong:  # whatever stops the looking stops the working
        why = wrong.code if isinstance(wrong, Refused) else type(wrong).__name__
    return Check(name, not why, why)


def _publisher(config: Config) -> str:
    house, beat = installation.load(), feed.beat()
    if house is None or beat is None or beat.epoch != house.epoch:
        return "it has not spoken yet"
    age = clock.now() + house.clock_offset - beat.time
    if age < -clock.JUMP:
        return f"the clock is {-age // 1000} s behind its last word"
    return f"it last spoke {age // 1000} s ago" if age > _BEATS * config.publisher.heartbeat else ""


def _ledger() -> str:
    oldest = tree.unsealed(1)
    if not oldest:
        return ""
    house = installation.load()
    age = clock.now() + (house.clock_offset if house else 0) - tree.written_at(oldest[0].id)
    return f"an entry waits for its seal since {age // 1000} s: is the worker running?" if age > _SEALED_WITHIN else ""


def _disk(config: Config) -> str:
    if not os.access(config.state_dir, os.W_OK):
        return "the state directory cannot be written"
    room = shutil.disk_usage(config.state_dir).free
    return f"{room >> 20} MiB are free" if room < _ROOM else ""


def plain(found: list[Check], config: Config) -> dict[str, Any]:
    """The answer of /readyz."""
    return {
        "ready": all(check.ok for check in found),
        "checks": {check.name: check.why or "ok" for check in found},
        "running_out": days_left(config),
    }
