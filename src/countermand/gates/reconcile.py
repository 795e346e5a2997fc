"""What mail servers say of who got in, beside what the gate says: doors that nobody asks it about, devices that it denies."""

import argparse
import ipaddress
import json
import sys
from collections import Counter
from collections.abc import Iterable
from dataclasses import asdict, dataclass, field
from pathlib import Path

from countermand.core.devices import IdentityKind
from countermand.core.errors import Refused, Where
from countermand.gates.config import load
from countermand.gates.held import Held
from countermand.gates.login_logs import Login, logins
from countermand.gates.shadow import shadow
from countermand.gates.subject import Subject
from countermand.lib import clock

_MOST_NAMED = 20


@dataclass(slots=True)
class Door:
    """One way to the mailbox. ``past``: logins that came from elsewhere than a front end; ``served``: (login, device) pairs that
    got mail and whom the gate denies as of now; ``asked``: whether the gate could be asked about it, by a device's id."""

    name: str
    logins: int = 0
    past: int = 0
    people: set[str] = field(default_factory=set)
    peers: Counter[str] = field(default_factory=Counter)
    served: set[tuple[str, str]] = field(default_factory=set)
    asked: bool = False

    @property
    def bypasses(self) -> bool:
        return self.past > 0 or not self.asked


def reconciled(
    found: Iterable[Login], front_ends: Iterable[str], held: Held | None, now: int, asking: Iterable[str] = ()
) -> list[Door]:
    """Every door in the logs, the busiest first. ``front_ends``: addresses or networks that mail is reached through;
    ``asking``: doors that ask the gate themselves, as Dovecot does, whoever comes."""
    inside = [ipaddress.ip_network(one, strict=False) for one in front_ends]
    doors: dict[str, Door] = {}
    for one in found:
        door = doors.setdefault(one.door, Door(one.door))
        door.logins += 1
        door.people.add(one.login)
        door.asked |= bool(one.devices)
        if not _within(one.peer, inside):
            door.past += 1
            door.peers[one.peer] += 1
        if held is not None:
            door.served |= {(one.login, device) for device in one.devices if _denied(held, one.login, device, now)}
    for name in asking:
        if name in doors:
            doors[name].asked, doors[name].past = True, 0
    return sorted(doors.values(), key=lambda door: -door.logins)


def _denied(held: Held, login: str, device: str, now: int) -> bool:
    return not held.decide(Subject(login, ((IdentityKind.EAS.value, device),)), held.clocks(now, 0)).allow


def _within(peer: str, networks: list[ipaddress.IPv4Network | ipaddress.IPv6Network]) -> bool:
    try:
        address = ipaddress.ip_address(peer)
    except ValueError:
        return False
    return any(address in network for network in networks)


def main(arguments: list[str] | None = None) -> int:
    """``python -m countermand.gates.reconcile --config FILE LOG…``: print every door; 1 if any goes past the gate."""
    parser = argparse.ArgumentParser(prog="python -m countermand.gates.reconcile", description="Doors beside the gate.")
    parser.add_argument("--config", type=Path, required=True, help="the gate's TOML file")
    parser.add_argument("--front-end", action="append", default=[], help="an address or network that phones come through")
    parser.add_argument("--asking", action="append", default=[], help="a door that asks the gate itself, such as IMAP")
    parser.add_argument("--json", action="store_true")
    parser.add_argument("logs", type=Path, nargs="+")
    given = parser.parse_args(arguments)
    try:
        with shadow(load(given.config), clock.now()) as held:
            inside = given.front_end or ["127.0.0.0/8", "::1"]
            doors = reconciled(_all(given.logs), inside, held, clock.now(), given.asking)
    except Refused as refused:
        print(refused, file=sys.stderr)
        return refused.entry.exit
    print(
        json.dumps([_plain(door) for door in doors], indent=2) if given.json else "\n".join(map(_line, doors)) or "Nobody got in."
    )
    return 1 if any(door.bypasses or door.served for door in doors) else 0


def _all(files: list[Path]) -> Iterable[Login]:
    for path in files:
        try:
            with path.open(errors="replace") as lines:
                yield from logins(lines)
        except OSError as wrong:
            raise Refused("login-log", Where(file=str(path)), file=str(path), why=wrong.strerror or "unreadable") from None


def _plain(door: Door) -> dict[str, object]:
    lists = {"people": sorted(door.people), "served": sorted(door.served), "peers": dict(door.peers)}
    return asdict(door) | lists | {"bypasses": door.bypasses}


def _line(door: Door) -> str:
    said = f"{door.name}: {door.logins:,} logins of {len(door.people):,} people"
    if door.past:
        known = ", ".join(peer for peer, _ in door.peers.most_common(3))
        said += f"\n  BYPASSES the gate: {door.past:,} came from elsewhere than a front end ({known})"
    if not door.asked:
        said += "\n  UNCOVERED: no request by this door names a device, so the gate denies nobody here"
    for login, device in sorted(door.served)[:_MOST_NAMED]:
        said += f"\n  SERVED: {login} from {device}, which the gate denies now"
    return said


if __name__ == "__main__":
    sys.exit(main())
