"""Stories at the mail door: what a gate answers when it is cut off, and what a stranger learns at it."""

from collections.abc import Iterator
from dataclasses import replace

import pytest
from front_door import EAS
from front_door import Door as Front
from world import DUE_IN_LONDON, TIKTOK, World

from countermand.core.instants import DAY, HOUR, MINUTE, SECOND
from countermand.flows.publish_snapshot import publish_snapshot
from countermand.flows.speaker import keys_dir
from countermand.lib.keys import load
from countermand.snapshot.signed import certify


def test_a_gate_cut_off_before_a_due_and_rescinded_meanwhile(world: World) -> None:
    """Nothing starts behind the control plane's back, however long the gate is alone; what it hears then, it does at once."""
    world.cast(alice=[TIKTOK])
    world.orders()
    world.until(DUE_IN_LONDON - HOUR)
    world.door.cut_off = True
    world.rescinds()
    for span in (HOUR, SECOND, HOUR, DAY, 30 * DAY):
        world.now += span
        assert world.cut() == []
    world.door.cut_off = False
    world.turn()
    assert world.cut() == []
    assert world.letters("alice") == ["issued", "rescinded"]
    world.ends_well()


def test_a_gate_cut_off_minutes_before_a_due_starts_it_and_lets_go_when_it_hears(world: World) -> None:
    world.cast(alice=[TIKTOK])
    world.orders()
    world.until(DUE_IN_LONDON - 3 * MINUTE)
    world.door.cut_off = True
    world.now = DUE_IN_LONDON
    assert world.cut() == ["ALICE"], "within five minutes of what it heard"
    world.rescinds()
    assert world.cut() == ["ALICE"], "it cannot know"
    world.door.cut_off = False
    world.publishes()
    assert world.cut() == []
    world.ends_well()


@pytest.mark.parametrize("on_stale", ["allow", "deny"])
def test_a_gate_cut_off_for_long_follows_the_order_about_it(world: World, on_stale: str) -> None:
    world.cast(alice=[TIKTOK], bob=[TIKTOK])
    world.hire("bob", zone="America/Los_Angeles", country="US")
    world.orders(gate={"max_staleness": "24h", "on_stale": on_stale})
    world.until(DUE_IN_LONDON + HOUR)
    assert world.cut() == ["ALICE"]
    world.door.cut_off = True
    world.now += 23 * HOUR
    assert world.cut() == ["ALICE"], "bob's due came while the gate was alone: it starts nothing"
    world.now += 2 * HOUR
    assert world.cut() == ([] if on_stale == "allow" else ["ALICE"])
    world.door.cut_off = False
    world.turn()
    assert world.cut() == ["ALICE", "BOB"]
    world.ends_well()


def test_a_gate_whose_clock_is_wrong_starts_nothing_early(world: World) -> None:
    world.cast(alice=[TIKTOK])
    world.orders()
    heard = world.now
    world.door.gate.now = lambda: world.now + 30 * DAY
    assert world.cut() == []
    world.door.gate.now = lambda: world.now
    world.until(DUE_IN_LONDON)
    assert world.cut() == ["ALICE"]
    world.door.gate.now = lambda: heard
    assert world.cut() == [], "one of its two clocks says that the due has not come"


@pytest.mark.live
class TestAStranger:
    @pytest.fixture
    def front(self, world: World) -> Iterator[Front]:
        """The company one day after the due, behind a real nginx: alice is denied, bob is not; mail knows their passwords."""
        world.cast(alice=[TIKTOK], bob=[])
        world.orders(applies_to={"people": {"groups": ["staff"]}, "devices": {"platforms": ["ios"], "unregistered": "deny"}})
        world.until(DUE_IN_LONDON + DAY)
        assert world.cut() == ["ALICE"]
        keys = keys_dir(world.folder)
        # Real time decides about certificates, and this story plays in another year.
        forever = certify(load(keys / "root.key"), world.voice.key.public, 0, 10**14)
        file = publish_snapshot(replace(world.voice, certificate=forever), world.folder / "feed", world.now)
        front = Front(world.folder)
        front.clock = "feed"
        front.configure_gate(keys / "root.key.pub", keys / "gates.secret")
        (world.folder / "state" / "snapshot").write_bytes(file.path.read_bytes())
        try:
            front.start_mail({"alice": "right", "bob": "right"})
            front.start_gate()
            front.start_nginx()
            yield front
        finally:
            front.close()

    def test_a_wrong_password_on_a_denied_device_learns_nothing(self, front: Front) -> None:
        """The mail server's 401, word for word the same as for a phone that is not denied, and for a login of nobody."""
        denied = "Cmd=Sync&User=alice&DeviceId=EALICE&DeviceType=iPhone"
        fine = "Cmd=Sync&User=bob&DeviceId=EBOB&DeviceType=iPhone"
        right = front.ask("alice", denied)
        assert right.status == 403
        assert "Remove TikTok" in right.body
        assert front.ask("bob", fine).status == 200
        answers = [
            front.ask("alice", denied, password="wrong"),
            front.ask("bob", fine, password="wrong"),
            front.ask("nobody", denied, password="wrong"),
            front.ask("alice", denied.replace("EALICE", "ENEW"), password="wrong"),
            front.ask("", denied),
        ]
        assert {one.status for one in answers} == {401}
        shown = {(one.body, tuple(sorted((k, v) for k, v in one.headers.items() if k != "Date"))) for one in answers}
        assert len(shown) == 1
        assert front.ask("alice", "", password="wrong", method="OPTIONS", path=EAS).status == 401
