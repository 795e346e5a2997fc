"""SOGo's real ActiveSync behind real front ends: mail stops at the due, nothing leaks, nothing is lost, and it comes back."""

import base64
import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.db import connection
from front_door import wait_for
from groupware import Groupware
from other_doors import HTTP_KINDS, FrontEnd
from phone import Later, Phone
from pyroaring import BitMap
from test_feed_live import let_in, ready
from test_nginx_door import keys

import control_rows as rows
from cluster import Cluster
from countermand.config import Database
from countermand.core import facts
from countermand.core.instants import DAY, SECOND
from countermand.lib import clock
from countermand.snapshot.write import Entry
from countermand.store import feed, models, sets
from countermand.store.unit import unit
from gate_plane import Plane, standing

pytestmark = [pytest.mark.live, pytest.mark.skipif(os.geteuid() != 0, reason="Dovecot gives mail to other users as root only")]
USERS = {"alice": "right", "bob": "right"}
SECRET = "what only her other phone may read"


@pytest.fixture(scope="module")
def house(_cluster: Cluster) -> Iterator[Groupware]:
    """One start for every story: each has devices of its own."""
    house = Groupware(USERS)
    try:
        house.start_dovecot()
        house.deliver("alice", "one", "the first body")
        house.deliver("bob", "for bob", "his")
        house.start_sogo(_cluster)
        yield house
    finally:
        house.close()


def in_front(directory: Path, kind: str, house: Groupware) -> FrontEnd:
    return FrontEnd(directory, kind, mail=f"127.0.0.1:{house.port}/SOGo")


def test_a_denied_device_gets_no_byte_and_a_stranger_no_hint(house: Groupware, tmp_path: Path) -> None:
    """One test for all front ends, so that SOGo is started for them once."""
    for kind in HTTP_KINDS:
        (tmp_path / kind).mkdir()
        _no_byte_and_no_hint(kind, house, tmp_path / kind)


def _no_byte_and_no_hint(kind: str, house: Groupware, tmp_path: Path) -> None:
    now = clock.now()
    door = in_front(tmp_path, kind, house)
    try:
        door.configure_gate(*keys(tmp_path))
        Plane(time=now).snapshot(
            tmp_path / "state" / "snapshot",
            devices={("alice", "eas", "BAD1"): 0, ("alice", "eas", "GOOD1"): 1},
            people={"alice": 0},
            standings=[standing(text="Remove the app.", max_staleness=DAY)],
            denials=[Entry("no-tiktok", 0, now - DAY, BitMap([0]))],
        )
        door.start_gate()
        door.start_front()
        good = Phone(door.port, "alice", "GOOD1", packed=kind == "envoy").set_up()
        assert "the first body" in good.sync().xml
        for packed in (False, True):
            bad = Phone(door.port, "alice", "BAD1", packed=packed)
            denied = bad.folders()
            assert (denied.status, denied.body) == (403, b"Remove the app.\n")
        refusals = [Phone(door.port, "alice", device).folders("wrong") for device in ("BAD1", "GOOD1", "NEW1")]
        refusals.append(Phone(door.port, "nobody", "NEW1").folders())
        assert {reply.status for reply in refusals} == {401}
        dated = ("Date", "date")
        essences = {repr((r.body, [pair for pair in r.headers if pair[0] not in dated])) for r in refusals}
        assert len(essences) == 1
    finally:
        door.close()


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_from_the_due_to_the_rescission_and_not_a_mail_is_lost(store: Database, house: Groupware, tmp_path: Path) -> None:
    """Behind nginx with Lua: alice has the app on one of her two phones, and was told."""
    door = in_front(tmp_path, "nginx-lua", house)
    try:
        phone = Phone(door.port, "alice", "STORY1")
        other = Phone(door.port, "alice", "STORY2", packed=True)
        version, later = _issue()
        door.start_web(store)
        door.start_gate(let_in(door, "door"))
        door.start_front()
        ready(door)
        for one in (phone, other):
            assert "the first body" in one.set_up().sync().xml
            one.settle()
        hanging = [Later(lambda: phone.sync(wait=15)), Later(lambda: other.ping(15))]

        _due(version, later, clock.now() + SECOND)
        wait_for(lambda: door.ask("alice", "Cmd=GetItemEstimate&DeviceId=STORY1").status == 403, "the due")
        house.deliver("alice", "two", SECRET)
        caught = hanging[0].answered()
        assert (caught.status, SECRET in caught.xml) == (403, False), "it hung when the due came"
        assert hanging[1].answered().status == 200, "her other phone's ping goes on"
        assert phone.sync().status == 403
        assert SECRET in other.sync().xml
        assert phone.subjects == ["one"]

        rows.set_app(0, False)
        wait_for(lambda: phone.sync().status == 200, "the app is gone")
        assert phone.subjects == ["one", "two"], "on the same key, as if nothing had been"
        rows.set_app(0, True)
        wait_for(lambda: phone.sync().status == 403, "the app is back")
        house.deliver("alice", "three", SECRET)
        assert phone.sync().status == 403
        models.Version.objects.update(state="rescinded")
        rows.change_lineage(ended_at=clock.now())
        wait_for(lambda: phone.sync().status == 200, "the rescission")
        assert other.sync().status == 200
        assert phone.subjects == other.subjects == ["one", "two", "three"]
        assert base64.b64encode(b"alice:right") not in (tmp_path / "gate.log").read_bytes()
    finally:
        door.close()
        connection.close()


def _issue() -> tuple[int, int]:
    """The version, and when it is due: far from now."""
    rows.found_house()
    later = clock.now() + DAY
    told = [(rows.issue_order(), later)]
    rows.hire(0, "alice", told)
    rows.give(0, 0, "alice", "STORY1", told)
    rows.give(1, 0, "alice", "STORY2", told, app=False)
    return told[0]


def _due(version: int, before: int, now: int) -> None:
    """Her due is another one than she was told: the test's hand, to have it fall into the test."""
    with unit():
        moved = {facts.told(version, before): ([0, 1], []), facts.told(version, now): ([], [0, 1])}
        sets.change(sets.DEVICES, 0, moved)
        feed.mark("denials", "no-tiktok", 0)
