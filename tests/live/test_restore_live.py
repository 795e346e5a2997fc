"""Back up, rescind, restore the older backup, at a real door: nobody is denied until two people resume it."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import house
import pytest
from front_door import Door, wait_for

from countermand.access import Act, Actor, Role
from countermand.config import Database
from countermand.core.bundle import Purpose
from countermand.core.instants import DAY, HOUR, iso
from countermand.flows.add_gate import NewGate, add_gate
from countermand.flows.issue import resume
from countermand.flows.stop import rescind
from countermand.lib import clock, keys
from countermand.store import feed, models
from countermand.store.setup import close_store, open_store
from countermand.store.unit import unit

pytestmark = pytest.mark.live
BAD = "Cmd=Sync&User=p00000&DeviceId=Appl0000&DeviceType=iPhone"


@pytest.fixture
def door(store: Database, tmp_path: Path) -> Iterator[Door]:
    """p00000 has the app, was told, and the due was an hour ago. Everything runs."""
    now = clock.now()
    begin = now - 8 * DAY
    house.open_house(begin)
    fleet = house.move_in(house.staff(3, with_app=1))
    text = house.document(due=iso(now - DAY)[:16])
    found = house.issued(3, text, begin)
    house.told(found.version, fleet, list(fleet.people), now - HOUR, begin)
    for name in ("feed", "ledger"):
        keys.create(tmp_path / "plane" / "keys" / f"{name}.key")
    keys.load_or_create_secret(tmp_path / "plane" / "keys" / "notices.secret")
    made = Door(tmp_path)
    try:
        made.start_mail({"p00000": "right"})
        made.start_web(store)
        gate = NewGate("door", f"127.0.0.1:{made.gate_port}", f"http://127.0.0.1:{made.web_port}")
        ada = Act(Actor("ada", frozenset({Role.ADMINISTRATOR})), now)
        made.start_gate(add_gate(ada, tmp_path / "plane", gate, tmp_path / "door"))
        made.sightings = tmp_path / "door" / "sightings.sock"
        made.start_nginx()
        phone(made, 403)
        yield made
    finally:
        made.close()


def phone(door: Door, status: int) -> None:
    wait_for(lambda: door.ask("p00000", BAD).status == status, f"the phone's {status}")


def command(door: Door, *words: str) -> dict[str, object]:
    environment = {
        **os.environ,
        "COUNTERMAND_CONFIG": str(door.directory / "countermand.toml"),
        "COUNTERMAND_TOKEN": "token of otto",
    }
    done = subprocess.run(
        [sys.executable, "-m", "countermand", *words, "--json"], env=environment, capture_output=True, text=True, timeout=60
    )
    assert done.returncode == 0, done.stderr
    found: dict[str, object] = json.loads(done.stdout)
    return found


def test_back_up_rescind_restore_and_nobody_is_denied_until_two_people_resume(door: Door, store: Database) -> None:
    file = door.directory / "a.backup"
    command(door, "backup", str(file))
    rescind(house.operator(clock.now()), house.NAME, "sent-in-error")
    phone(door, 200)
    heard = door.metric("countermand_gate_record")
    door.end("web")
    wait_for(lambda: not _published_lately(), "the publisher's lease to run out")
    close_store()

    done = command(door, "restore", str(file), "--replace")
    assert done["halted"] == [house.NAME]
    open_store(store)
    door.start_web(store)
    wait_for(lambda: door.metric("countermand_gate_epoch") == done["epoch"], "the new epoch")
    assert door.metric("countermand_gate_record") < heard + 1, "numbers begin anew, and the gate takes them"
    assert [door.ask("p00000", BAD).status for _ in range(20)] == [200] * 20
    assert "feed-forged" not in (door.directory / "gate.log").read_text()

    now = clock.now()
    for who in ("petra", "paul"):
        house.approved(who, now=now, purpose=Purpose.RESUME)
    resume(house.operator(now), house.NAME, expected=3, acknowledged=99)
    wait_for(lambda: door.metric("countermand_gate_record") >= 1, "the resumption")
    assert door.ask("p00000", BAD).status == 200, "the minimum notice passes anew"
    with unit():
        models.Lineage.objects.update(not_before=0)
        feed.mark("lineage", house.NAME)
        feed.mark("denials", house.NAME)
    phone(door, 403)
    for name in ("gate.log", "web.log"):
        said = (door.directory / name).read_text()
        assert all("event" in json.loads(line) for line in said.splitlines())
        token = (door.directory / "door" / "token").read_text().strip()
        assert not [word for word in ("p00000", "Appl0000", "right", token) if word in said], "a log names nobody"


def _published_lately() -> bool:
    return models.Lease.objects.filter(name="publisher", until__gt=clock.now()).exists()
