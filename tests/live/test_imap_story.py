"""Dovecot's real IMAP asking a gate: one password a device, refusals that are read, sessions that end, no penalty for others."""

import contextlib
import imaplib
import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from front_door import wait_for
from groupware import Groupware
from other_doors import FrontEnd
from pyroaring import BitMap
from test_nginx_door import keys

from countermand.core.instants import DAY
from countermand.flows.mail_passwords import identity
from countermand.gates.configure import Failure
from countermand.lib import clock
from countermand.snapshot.write import Entry
from gate_plane import Plane, standing

pytestmark = [pytest.mark.live, pytest.mark.skipif(os.geteuid() != 0, reason="Dovecot gives mail to other users as root only")]
GOOD, BAD = "a long password of her tablet", "a long password of her phone"
#: alice is spoken to in Japanese.
TEXT = "アプリを削除してください。メールは再び使えるようになります。"


class ImapDoor(FrontEnd):
    """A gate beside a Dovecot that asks it. alice's phone is denied, her tablet is not."""

    def __init__(self, directory: Path, failure: Failure) -> None:
        super().__init__(directory, "dovecot")
        self.house = Groupware({"alice": "right", "bob": "right"})
        self.doveadm = self.house.cache_port
        (directory / "doveadm.key").write_text("only for this test")
        self.configure_gate(*keys(directory))
        _seed(directory)
        self.start_gate()
        printed = self.printed(failure)
        lines = "".join(f"{name}:::::::nopassword user=alice device={name}\n" for name in (_name(GOOD), _name(BAD)))
        (self.house.directory / "device-passwords").write_text(lines)
        more, passwords = printed.split("# Passwords that were issued")
        passwords = passwords.replace("/etc/dovecot/countermand-passwords", f"{self.house.directory}/device-passwords")
        uncommented = "\n".join(
            line.removeprefix("#") for line in passwords.splitlines() if line.startswith(("#passdb", "# ", "#}"))
        )
        self.house.start_dovecot(more, uncommented[uncommented.index("passdb") :])

    def open_addresses(self, **more: str) -> None:
        keyed = {"doveadm": f"http://127.0.0.1:{self.house.cache_port}", "doveadm_key_file": "doveadm.key"}
        super().open_addresses(**more, **keyed)

    def close(self) -> None:
        self.house.close()
        super().close()


def _name(password: str) -> str:
    """As the control plane names the device that this password was issued to."""
    return identity("alice", password).value


def _seed(directory: Path) -> None:
    now = clock.now()
    Plane(time=now).snapshot(
        directory / "state" / "snapshot",
        devices={("alice", "password", _name(BAD)): 0, ("alice", "password", _name(GOOD)): 1},
        people={"alice": 0},
        standings=[standing(text="Remove the app.", texts=(("ja", TEXT), ("de", "Nein.")), max_staleness=DAY)],
        spoken=[("ja", 0, BitMap([0]))],
        denials=[Entry("no-tiktok", 0, now - DAY, BitMap([0]))],
    )


@pytest.fixture
def door(tmp_path: Path) -> Iterator[ImapDoor]:
    door = ImapDoor(tmp_path, Failure.CLOSED)
    yield door
    door.close()


def refused(door: ImapDoor, password: str) -> str:
    with pytest.raises(imaplib.IMAP4.error) as refusal:
        door.house.imap("alice", password)
    said = refusal.value.args[0]
    return said.decode() if isinstance(said, bytes) else str(said)


def ended(session: imaplib.IMAP4) -> bool:
    session.sock.settimeout(0.05)
    with contextlib.suppress(TimeoutError):
        return session.sock.recv(4096).startswith(b"* BYE") or True
    return False


def test_a_password_is_a_device_and_a_denial_is_read(door: ImapDoor) -> None:
    door.house.imap("alice", GOOD).logout()
    assert f"[ALERT] {TEXT}" in refused(door, BAD)
    for password in ("wrong", BAD + "x"):
        assert "AUTHENTICATIONFAILED" in refused(door, password), "nobody is asked about a wrong password"
    assert door.metric('countermand_gate_decisions_total{outcome="deny",reason="denied"}') == 1
    door.house.imap("alice", "right").logout()
    assert door.metric('countermand_gate_decisions_total{outcome="allow",reason="no-device-id"}') == 1, (
        "her own password is no device"
    )
    door.house.imap("alice", "right", client_id='("name" "iOS Mail" "version" "17")').logout()
    wait_for(lambda: door.metric("countermand_gate_sightings_total") == 1, "what her client said of itself")
    door.house.imap("alice", GOOD, client_id='("name" "iOS Mail")').logout()
    assert "[ALERT]" in refused(door, BAD)
    assert door.metric("countermand_gate_sightings_total") == 1, "a device that is known needs no such evidence"

    for _ in range(3):
        refused(door, BAD)
    assert not (door.house.directory / "dovecot" / "run" / "anvil-auth-penalty").exists(), (
        "nobody from this address is slowed down"
    )
    door.house.imap("bob").logout()

    door.end("gate")
    assert "AUTHENTICATIONFAILED" in refused(door, GOOD) or "TEMPFAIL" in refused(door, GOOD)


def test_open_sessions_of_the_denied_device_end_and_the_other_ones_stay(door: ImapDoor) -> None:
    stop = door.directory / "stop"
    stop.touch()
    wait_for(lambda: _logs_in(door, BAD), "the stop file")
    idle, other = door.house.imap("alice", BAD), door.house.imap("alice", GOOD, source="127.0.0.2")
    for session in (idle, other):
        session.select("INBOX")
        session.send(b"i IDLE\r\n")
        assert session.readline().startswith(b"+")
    stop.unlink()
    wait_for(lambda: ended(idle), "the phone's session to end", 30)
    assert TEXT in refused(door, BAD)
    assert not ended(other)
    door.house.imap("alice", GOOD).logout()
    assert door.metric("countermand_gate_kicked_total") >= 1


def _logs_in(door: ImapDoor, password: str) -> bool:
    try:
        door.house.imap("alice", password).logout()
    except imaplib.IMAP4.error:
        return False
    return True
