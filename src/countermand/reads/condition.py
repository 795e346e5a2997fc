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
from countermand.lib.certificates import AHEAD, authorities_until, chain_until
from countermand.lib.keys import BadKeyFile, load_public
from countermand.reads import settings
from countermand.snapshot.signed import FEED, LEDGER, certificate
from countermand.store import feed, installation, tree

#: A row that waits longer for its seal than this has no sealer.
_SEALED_WITHIN = 5 * MINUTE
#: Less room than this, and the next large import or snapshot may fill the disk.
_ROOM = 256 << 20
_BEATS = 3
#: Without one of these, gates hear nothing or people reach nothing. Whatever else runs out is said, and stops only what needs it.
_NEEDED = frozenset({"feed", "tls", "control.client_ca_file"})


@dataclass(frozen=True, slots=True)
class Check:
    """One thing that must hold. ``why``: what is wrong, in words that name nobody; '' if all is well."""

    name: str
    ok: bool
    why: str = ""


@dataclass(frozen=True, slots=True)
class Expiry:
    """Something that holds until then: ``feed`` and ``ledger`` (the root's word for that key), ``tls`` (the certificate that the
    control plane shows), and the settings that name authorities, such as ``control.client_ca_file``."""

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
    gone = [one.name for one in expiries(config) if one.name in _NEEDED and one.until <= clock.now()]
    return [*found, Check("certificates", not gone, f"ran out: {', '.join(gone)}" if gone else "")]


def expiries(config: Config) -> list[Expiry]:
    """Until when each key and certificate holds, as far as it can be read."""
    keys, tls = config.state_dir / "keys", config.control.certificate_file
    ends = [
        # There is none before the first gate, and of the ledger's before its first rotation; whoever needs one that is damaged
        # stops, and says so.
        ("feed", _vouched_until(keys / "feed.certificate", keys / "root.key.pub", FEED)),
        ("ledger", _vouched_until(keys / "ledger.certificate", keys / "root.key.pub", LEDGER)),
        ("tls", None if tls is None else chain_until(tls)),
        *((key, authorities_until(file)) for key, file in settings.authorities(config)),
    ]
    return [Expiry(name, until) for name, until in ends if until is not None]


def _vouched_until(file: Path, root: Path, purpose: str) -> Instant | None:
    """The end of the last certificate in a file of the root key's."""
    try:
        line = file.read_bytes().splitlines(keepends=True)[-1]
        return certificate(load_public(root), line, purpose=purpose).until
    except (OSError, IndexError, BadKeyFile, Refused):
        return None


def running_out(config: Config) -> list[Expiry]:
    """What holds for less than 30 days."""
    return [one for one in expiries(config) if one.until - clock.now() < AHEAD]


def days_left(config: Config) -> dict[str, float]:
    """The same, in days."""
    return {one.name: round(one.days(clock.now()), 1) for one in running_out(config)}


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
