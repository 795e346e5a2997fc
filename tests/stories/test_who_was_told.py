"""Stories of people: who was told of what, by when it is due for them, and whose phone it is."""

import re

import pytest
from world import DUE_IN_BERLIN, DUE_IN_LONDON, DUE_IN_LOS_ANGELES, ORDER, TIKTOK, World

from countermand.core.instants import DAY, HOUR, MINUTE, SECOND, Instant, from_iso
from countermand.flows.attest import device_retire
from countermand.notices.mail import Letter, Result
from countermand.reads.status import status


def told(world: World) -> int:
    """How many people count as told of the version in force."""
    return status(ORDER, world.now).directives[0].told


def stated(text: str) -> Instant:
    """The due that a notice states, from its own words."""
    found = re.search(r"(\d{4}-\d\d-\d\d) (\d\d:\d\d) UTC", text)
    assert found, text
    return from_iso(f"{found[1]}T{found[2]}:00Z")


def test_a_person_who_moves_from_los_angeles_to_berlin_after_the_notice(world: World) -> None:
    """Five in the afternoon comes nine hours sooner in Berlin; the notice said Los Angeles, and that stands."""
    world.hire("alice", zone="America/Los_Angeles", country="US")
    world.hire("bob", zone="Europe/Berlin", country="DE")
    for owner, serial in (("alice", "A1"), ("bob", "B1")):
        world.give(owner, serial, TIKTOK)
    world.orders()
    assert stated(world.inbox("alice")[0]) == DUE_IN_LOS_ANGELES
    world.later(DAY)
    world.hire("alice", zone="Europe/Berlin", country="DE")
    world.until(DUE_IN_BERLIN)
    assert world.cut() == ["B1"]
    world.until(DUE_IN_LOS_ANGELES - SECOND)
    assert world.cut() == ["B1"]
    world.until(DUE_IN_LOS_ANGELES)
    assert world.cut() == ["A1", "B1"]
    world.ends_well()


def test_who_moves_the_other_way_keeps_the_due_that_was_stated(world: World) -> None:
    world.hire("alice", zone="Europe/Berlin", country="DE")
    world.give("alice", "A1", TIKTOK)
    world.orders()
    world.hire("alice", zone="America/Los_Angeles", country="US")
    world.until(DUE_IN_BERLIN)
    assert world.cut() == ["A1"], "the notice said so, and nobody said anything else"
    world.ends_well()


def test_a_joiner_after_due(world: World) -> None:
    """Who joins when it is over for everybody else has the whole minimum notice, counted from the hand-over."""
    world.cast(**{f"p{number}": [] for number in range(60)})  # so that one more stays within the tolerance
    world.orders()
    world.until(DUE_IN_LONDON + 3 * DAY)
    world.hire("joan")
    world.give("joan", "J1", TIKTOK)
    joined = world.now
    world.turn()
    assert world.letters("joan") == ["issued"]
    assert world.cut() == []
    due = stated(world.inbox("joan")[0])
    assert due >= joined + 72 * HOUR
    world.until(due - SECOND)
    assert world.cut() == []
    world.until(due)
    assert world.cut() == ["J1"]
    world.ends_well()


def test_a_joiner_beyond_what_was_approved_waits_for_a_person(world: World) -> None:
    """Two of a hundred is the tolerance; three people were approved, so a fourth is not told, and so not denied."""
    world.cast(alice=[], bob=[], carol=[])
    world.orders()
    world.hire("joan")
    world.give("joan", "J1", TIKTOK)
    world.until(DUE_IN_LONDON + 30 * DAY)
    assert world.letters("joan") == []
    assert world.cut() == []
    assert told(world) == 3
    world.ends_well()


def test_who_enters_a_group_has_a_due_of_their_own(world: World) -> None:
    world.cast(**{f"p{number}": [] for number in range(60)})
    world.hire("rita", groups="staff;responders")
    world.give("rita", "R1", TIKTOK)
    world.orders()
    world.until(DUE_IN_LONDON + DAY)
    assert world.letters("rita") == []
    assert world.cut() == []
    world.hire("rita", groups="staff")
    world.turn()
    assert world.cut() == []
    due = stated(world.inbox("rita")[0])
    assert due >= world.now + 72 * HOUR
    world.until(due)
    assert world.cut() == ["R1"]
    world.hire("rita", groups="staff;responders")
    world.publishes()
    assert world.cut() == []
    world.ends_well()


def test_a_bounce(world: World) -> None:
    """A message that came back told nobody: no denial, before due or after it. Who cannot be told is counted as not told."""
    world.cast(alice=[TIKTOK], bob=[TIKTOK])
    world.orders()
    world.later(HOUR)
    assert world.bounces("alice").untold
    assert told(world) == 1
    world.until(DUE_IN_LONDON)
    assert world.cut() == ["BOB"]
    assert world.bounces("bob").untold is False, "the bounce of a reminder or of 'denied' takes no telling back"
    world.ends_well()


def test_a_bounce_after_the_due_gives_mail_back_at_once(world: World) -> None:
    world.cast(alice=[TIKTOK])
    world.orders()
    notice = world.letters("alice")
    world.later(MINUTE)
    first = str(world.post.messages()[0]["Message-ID"])
    world.until(DUE_IN_LONDON)
    assert notice == ["issued"]
    assert world.cut() == ["ALICE"]
    assert world.bounces("alice").already is False
    assert world.cut() == ["ALICE"]
    world.bounced(first)
    world.publishes()
    assert world.cut() == []
    world.rescinds()
    world.turn()
    assert world.letters("alice")[-1] == "rescinded", "a bounce can be wrong, and a correction harms nobody"
    world.ends_well()


@pytest.mark.parametrize("result", [Result.REFUSED, Result.RETRY, Result.UNKNOWN, Result.UNSENT])
def test_who_was_not_surely_told_is_not_denied(world: World, result: Result) -> None:
    def answer(letter: Letter) -> Result:
        return result if letter.recipient.startswith("alice") else Result.ACCEPTED

    world.cast(alice=[TIKTOK], bob=[TIKTOK])
    world.refuses_mail = answer
    world.orders()
    world.until(DUE_IN_LONDON + DAY)
    assert world.cut() == ["BOB"]
    world.refuses_mail = lambda letter: Result.ACCEPTED
    world.later(DAY)
    if result is Result.REFUSED:
        assert told(world) == 1, "refused for good"
    else:
        due = stated(world.inbox("alice")[-1])
        assert due >= world.now + 72 * HOUR
        world.until(due - SECOND)
        assert world.cut() == ["BOB"]
        world.until(due)
        assert world.cut() == ["ALICE", "BOB"]
    world.ends_well()


class TestANewOwner:
    def test_who_was_told_is_held_to_it_at_once(self, world: World) -> None:
        world.cast(alice=[TIKTOK], bob=[])
        world.orders()
        world.until(DUE_IN_LONDON)
        assert world.cut() == ["ALICE"]
        world.hand_down("ALICE", "bob")
        world.publishes()
        assert world.cut() == ["ALICE"], "bob was told before, and has a phone with the app now"
        assert not world.door.denies("alice", "EALICE"), "it is not hers any more, so it is not hers that is refused"
        world.turn()
        assert world.letters("alice") == ["issued", "denied"], "nothing works again for her"
        assert world.letters("bob") == ["issued", "denied"]
        world.ends_well()

    def test_who_was_not_told_is_told_first(self, world: World) -> None:
        world.cast(**{f"p{number}": [] for number in range(60)}, alice=[TIKTOK])
        world.orders()
        world.until(DUE_IN_LONDON)
        assert world.cut() == ["ALICE"]
        world.hire("joan")
        world.hand_down("ALICE", "joan")
        world.publishes()
        assert world.cut() == []
        world.turn()
        assert world.letters("joan") == ["issued"]
        due = stated(world.inbox("joan")[0])
        assert due >= world.now + 72 * HOUR
        world.until(due)
        assert world.cut() == ["ALICE"]
        world.ends_well()

    def test_nobodys_phone_is_nobodys_denial(self, world: World) -> None:
        world.cast(alice=[TIKTOK])
        world.orders()
        world.until(DUE_IN_LONDON)
        world.hand_down("ALICE", "")
        world.publishes()
        assert not world.door.denies("alice", "EALICE")
        world.hand_down("ALICE", "alice")
        world.publishes()
        assert world.cut() == ["ALICE"]
        world.ends_well()

    def test_a_replaced_phone_leaves_nothing_to_its_successor(self, world: World) -> None:
        """The old phone is retired; a new one under the old mail id starts without its past."""
        world.cast(alice=[TIKTOK])
        world.orders()
        world.until(DUE_IN_LONDON)
        assert world.cut() == ["ALICE"]
        device_retire(world.desk, "ALICE", "replaced")
        world.publishes()
        assert world.cut() == []
        world.give("alice", "ALICE")
        world.turn()
        assert world.cut() == []
        assert world.verdict("ALICE").status == "compliant"
        world.reports("ALICE", TIKTOK)
        world.publishes()
        assert world.cut() == ["ALICE"]
        world.ends_well()
