"""Logs of who got in: each server's lines as it writes them, the doors they came by, and what the gate says of them."""

from pathlib import Path

import pytest
from pyroaring import BitMap

from countermand.core.instants import HOUR
from countermand.gates import reconcile
from countermand.gates.configure import gate_file
from countermand.gates.held import Held
from countermand.gates.login_logs import Login, logins
from countermand.snapshot.read import Snapshot
from countermand.snapshot.write import Entry
from gate_plane import DUE, ROOT, SECRET, Plane, standing

NGINX = (
    '10.0.0.5 - alice [17/Jul/2020:17:00:01 +0000] "POST /Microsoft-Server-ActiveSync?Cmd=Sync&User=alice&DeviceId=BAD1&'
    'DeviceType=iPhone HTTP/1.1" 200 12 "-" "Apple-iPhone"'
)
DOVECOT = "Jul 17 17:00:01 imap-login: Info: Login: user=<Alice>, method=PLAIN, rip=10.9.9.9, lip=10.0.0.1"
IIS = """\
#Software: Microsoft Internet Information Services 10.0
#Fields: time cs-method cs-uri-stem cs-uri-query s-port cs-username c-ip sc-status
17:00:01 POST /Microsoft-Server-ActiveSync/default.eas DeviceId=GOOD1&CorrelationID=<empty>; 443 EX\\alice 10.0.0.5 200
17:00:02 POST /EWS/Exchange.asmx - 443 EX\\alice 10.7.7.7 200
17:00:03 POST /EWS/Exchange.asmx - 443 - 10.7.7.7 401
17:00:04 GET /owa/auth/logon.aspx - 443 bob 10.8.8.8 200
17:00:05 GET /favicon.ico - 443 bob 10.8.8.8 200"""


def test_each_server_writes_its_own_way() -> None:
    assert list(logins([NGINX])) == [Login("ActiveSync", "alice", "10.0.0.5", ("BAD1",))]
    assert list(logins([DOVECOT])) == [Login("IMAP", "alice", "10.9.9.9")]
    assert list(logins(IIS.splitlines())) == [
        Login("ActiveSync", "alice", "10.0.0.5", ("GOOD1",)),
        Login("EWS", "alice", "10.7.7.7"),
        Login("OWA", "bob", "10.8.8.8"),
    ]


@pytest.mark.parametrize(
    "line",
    [
        "",
        "rubbish",
        NGINX.replace('" 200 ', '" 403 '),
        NGINX.replace("- alice", "- -"),
        DOVECOT.replace("Login:", "Disconnected:"),
        '1.2.3.4 - a [x] "GET / HTTP/1.1" 200 1',
    ],
)
def test_who_did_not_get_in_is_passed_over(line: str) -> None:
    assert list(logins([line])) == []


def _seed(directory: Path) -> Path:
    return Plane(time=DUE + HOUR).snapshot(
        directory / "snapshot",
        devices={("alice", "eas", "BAD1"): 0, ("alice", "eas", "GOOD1"): 1},
        standings=[standing()],
        denials=[Entry("no-tiktok", 0, DUE, BitMap([0]))],
    )


def test_doors_that_go_past_the_gate_are_named(tmp_path: Path) -> None:
    held = Held(Snapshot(_seed(tmp_path), ROOT.public), ROOT.public, SECRET, DUE + HOUR, 0)
    found = [*logins([NGINX, DOVECOT]), *logins(IIS.splitlines())]
    doors = {door.name: door for door in reconcile.reconciled(found, ["10.0.0.0/24"], held, DUE + HOUR)}
    assert (doors["ActiveSync"].bypasses, doors["ActiveSync"].served) == (False, {("alice", "BAD1")})
    assert {name for name, door in doors.items() if door.bypasses} == {"EWS", "OWA", "IMAP"}
    asking = {door.name: door for door in reconcile.reconciled(found, ["10.0.0.0/24"], None, 0, ["IMAP", "POP3"])}
    assert not asking["IMAP"].bypasses, "Dovecot asks by itself"


def test_the_program_says_it_and_exits_with_1(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    import base64

    (tmp_path / "r").write_text(f"ed25519-public {ROOT.public.text}\n")
    (tmp_path / "s").write_text(f"secret {base64.b64encode(SECRET).decode()}\n")
    values = {"name": "d", "listen": "127.0.0.1:1", "control": "http://127.0.0.1:2", "token_file": "t", "root_key_file": "r"}
    (tmp_path / "gate.toml").write_text(gate_file(values | {"secret_file": "s", "state_dir": "state"}))
    (tmp_path / "state").mkdir()
    _seed(tmp_path / "state")
    (tmp_path / "log").write_text(f"{NGINX}\n{DOVECOT}\n")
    words = ["--config", str(tmp_path / "gate.toml"), str(tmp_path / "log"), "--front-end", "10.0.0.5"]
    before = sorted((path.name, path.read_bytes()) for path in (tmp_path / "state").iterdir())
    assert reconcile.main(words) == 1
    said = capsys.readouterr().out
    assert "IMAP: 1 logins of 1 people\n  BYPASSES the gate" in said
    assert reconcile.main([*words, "--json"]) == 1
    assert '"served": []' in capsys.readouterr().out, "by now the snapshot is long stale, and the order says allow"
    assert before == sorted((path.name, path.read_bytes()) for path in (tmp_path / "state").iterdir())
    assert reconcile.main([*words[:2], str(tmp_path / "none")]) == 2
