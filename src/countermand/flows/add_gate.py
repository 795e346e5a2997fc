"""Letting a gate in: a token of its own, and a directory with everything it needs, to be carried to its machine."""

import hashlib
import json
import secrets
from dataclasses import dataclass
from pathlib import Path

from countermand.access import Act, require
from countermand.core.errors import Refused
from countermand.flows.speaker import keys_dir, speaker
from countermand.lib import clock, drafts
from countermand.store import log
from countermand.store.unit import unit

#: Where a gate keeps what it heard, looks for its stop file, and is told of proven logins: beside its settings, or where the unit
#: may write (its StateDirectory) and nginx may enter (its RuntimeDirectory).
_BESIDE = {"state_dir": "state", "stop_file": "stop", "sightings_socket": "sightings.sock"}
_STATE, _RUN = "/var/lib/countermand-gate", "/run/countermand-gate"
_OF_THE_UNIT = {"state_dir": _STATE, "stop_file": f"{_STATE}/stop", "sightings_socket": f"{_RUN}/sightings.sock"}


@dataclass(frozen=True, slots=True)
class NewGate:
    """What the gate is called, where it listens (``host:port`` or ``unix:PATH``), and under what URL it reaches us.

    ``rehearsal``: it takes its clock from the feed, as in a drill. ``ca``: PEM of the only authority that may vouch for us
    over TLS; empty for those that its machine trusts. ``unit``: it runs as the systemd unit that is shipped, which may write in
    places of its own alone."""

    name: str
    listen: str
    control: str
    rehearsal: bool = False
    ca: str = ""
    unit: bool = False


def add_gate(act: Act, state_dir: Path, gate: NewGate, into: Path, *, dry_run: bool = False) -> Path:
    """Write ``gate.toml`` and its files into the new directory ``into``; returns the path of ``gate.toml``.

    The token is stored as a digest only. Refused ``gate-exists`` if the name is taken or the directory is there.
    """
    require(act.actor, "gate")
    tokens = keys_dir(state_dir) / "gates.tokens"
    taken = {line.rpartition(" ")[0] for line in tokens.read_text().splitlines()} if tokens.exists() else set()
    if gate.name in taken or into.exists():
        raise Refused("gate-exists", gate=gate.name, directory=str(into))
    if dry_run:
        return into / "gate.toml"
    speaker(state_dir, clock.now())  # keys and certificate exist from here on
    token = secrets.token_urlsafe(32)
    with unit():
        log.append("gate-added", act, {"gate": gate.name})
        into.mkdir(parents=True, mode=0o700)
        drafts.write(into / "token", token + "\n", 0o600)
        drafts.write(into / "secret", (keys_dir(state_dir) / "gates.secret").read_text(), 0o600)
        (into / "root.pub").write_text((keys_dir(state_dir) / "root.key.pub").read_text())
        if gate.ca:
            (into / "ca.pem").write_text(gate.ca)
        _settings(into / "gate.toml", gate)
        if not tokens.exists():
            drafts.write(tokens, "")
        digest = hashlib.sha256(token.encode()).hexdigest()
        with tokens.open("a") as file:
            file.write(f"{gate.name} {digest}\n")
    return into / "gate.toml"


def _settings(path: Path, gate: NewGate) -> None:
    values = {
        "name": gate.name,
        "listen": gate.listen,
        "control": gate.control,
        "token_file": "token",
        "root_key_file": "root.pub",
        "secret_file": "secret",
        **(_OF_THE_UNIT if gate.unit else _BESIDE),
        "clock": "feed" if gate.rehearsal else "own",
    }
    if gate.ca:
        values["ca_file"] = "ca.pem"
    # A JSON string of printable characters is a TOML string.
    path.write_text("".join(f"{key} = {json.dumps(value)}\n" for key, value in values.items()))
