"""The house that a drill sets up: a folder of its own, a database flagged as a drill, and operators with real SSH keys."""

import json
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from countermand import config as configuration
from countermand.access import Act, Actor, Role
from countermand.cli.drill.processes import free_port
from countermand.config import Config
from countermand.core.instants import Instant, from_iso
from countermand.flows.accounts import First, init
from countermand.flows.move_clock import move_clock
from countermand.reads import installation

#: Friday morning on the west coast: when the founding case was sent.
OPENS: Instant = from_iso("2020-07-10T16:00:00Z")
AUTHOR, FIRST, SECOND, OPERATOR = "amara", "ben", "chen", "dana"
_ROLES = {
    AUTHOR: frozenset({Role.AUTHOR, Role.ADMINISTRATOR}),
    FIRST: frozenset({Role.APPROVER}),
    SECOND: frozenset({Role.APPROVER}),
    OPERATOR: frozenset({Role.OPERATOR, Role.HELPDESK}),
}


@dataclass(frozen=True, slots=True)
class House:
    """Where everything is. ``keys``: operator → private SSH key file; ``smtp_port``: where the mail sink will listen."""

    folder: Path
    config_file: Path
    config: Config
    keys: Mapping[str, Path]
    smtp_port: int

    def act(self, name: str) -> Act:
        """An act of this operator, now on the drill's clock."""
        return installation.act(Actor(name, _ROLES[name]))

    def go_to(self, instant: Instant) -> None:
        """Move the drill's clock."""
        move_clock(self.act(OPERATOR), instant)

    @property
    def now(self) -> Instant:
        return installation.now()


def found(folder: Path, people: int, database: str = "") -> House:
    """Set up a drill for so many ``people`` in the empty directory ``folder``; ``database``: an empty one as the configuration
    would name it, '' for a file there."""
    smtp_port, control_port = free_port(), free_port()
    config_file = folder / "countermand.toml"
    config_file.write_text(
        'origin = "drill.example.com"\n' + (f"database = {json.dumps(database)}\n" if database else "") + "[smtp]\n"
        f'host = "127.0.0.1"\nport = {smtp_port}\nsender = "security@example.com"\n'
        "[control]\n"
        f'listen = "127.0.0.1:{control_port}"\nurl = "http://127.0.0.1:{control_port}"\n'
        "[guard]\n"
        f'tolerance = "{max(5, -(-100 // people))}%"\n'  # of a small company 2 % is nobody, and the story has a joiner
        "[publisher]\n"
        'interval = "20ms"\nheartbeat = "1s"\n'
    )
    config = configuration.load(config_file)
    keys = {name: _ssh_key(folder, name) for name in _ROLES}
    firsts = [First(name, roles, keys[name].with_suffix(".pub").read_text().strip()) for name, roles in _ROLES.items()]
    init(config, firsts, drill=True, starts_at=OPENS)
    return House(folder, config_file, config, keys, smtp_port)


def _ssh_key(folder: Path, name: str) -> Path:
    keys = folder / "ssh"
    keys.mkdir(mode=0o700, exist_ok=True)
    path = keys / name
    command = ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", f"{name}@drill", "-f", str(path)]
    subprocess.run(command, check=True, stdin=subprocess.DEVNULL, capture_output=True, timeout=30)
    return path
