"""``gate check`` against running front ends: it finds them as they should be, and finds what is wrong with a bad one."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
from other_doors import FrontEnd
from test_front_ends import front_end

from countermand import __version__
from countermand.gates.configure import Failure

pytestmark = pytest.mark.live


def checked(door: FrontEnd, *words: str) -> tuple[int, dict[str, dict[str, object]]]:
    (door.directory / "pw").write_text("right\n")
    command = [sys.executable, "-m", "countermand", "gate", "check", "--config", str(door.gate_config), "--json"]
    command += ["--at", f"http://127.0.0.1:{door.port}", "--login", "alice", "--password-file", str(door.directory / "pw")]
    done = subprocess.run(
        [*command, "--allowed", "OTHER", "--denied", "BAD1", *words], capture_output=True, text=True, timeout=120
    )
    assert done.returncode in (0, 1), done.stderr
    return done.returncode, {found["name"]: found for found in json.loads(done.stdout)}


def test_a_good_front_end_is_found_good(tmp_path: Path) -> None:
    door = front_end(tmp_path, "nginx")
    try:
        code, found = checked(door, "--pid", str(door.running["gate"].pid))
        assert code == 0, [one for one in found.values() if one["good"] is False]
        assert {name for name, one in found.items() if one["good"] is None} == {"gate down"}, "nobody said how to end the gate"
        assert f"version {__version__}, stopped no, epoch 1, record 0, age" in str(found["gate"]["saw"])
        assert found["snapshot stale"]["saw"] == "the denied device would be allowed: not-denied"
        assert str(found["gate hangs"]["saw"]).startswith("503")
        assert door.mail.delivered == {}, "it asks for no mail"
    finally:
        door.close()


def test_what_is_wrong_is_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A front end that tells strangers, and lets mail flow without a gate where that is not wanted."""
    asks, tells = "http-request set-method OPTIONS", 'http-request return status 403 content-type text/plain string "no"'
    monkeypatch.setattr(FrontEnd, "with_tls", lambda door, text: text.replace(asks, tells))
    door = front_end(tmp_path, "haproxy", Failure.OPEN)
    try:
        code, found = checked(door, "--pid", str(door.running["gate"].pid), "--failure", "closed")
        assert code == 1
        assert {name for name, one in found.items() if one["good"] is False} == {"wrong password", "gate hangs"}
        assert "DIFFERENT ANSWERS" in str(found["wrong password"]["saw"])
    finally:
        door.close()
