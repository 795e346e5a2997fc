"""Stories of one order in several versions: people are held to what they were told, and never to more than is asked now."""

import house
import pytest
from test_who_was_told import stated
from world import DUE_IN_LONDON, NOON, ORDER, TIKTOK, WECHAT, World

from countermand.core.coverage import NOTHING
from countermand.core.instants import DAY, HOUR, MINUTE, SECOND, from_iso
from countermand.flows.attest import device_retire
from countermand.notices.mail import Result

MORE = [{"product": "TikTok"}, {"product": "WeChat"}]
FORCE = {"corporate": "recommendation", "personal": "mandatory", "contractor": "mandatory"}
LESS = [{"product": "TikTok"}]


def test_asks_more_less_and_more_again(world: World) -> None:
    """WeChat is asked for, then not, then again: who was told of the first is not held to it by the third."""
    world.cast(tess=[TIKTOK], wen=[WECHAT], both=[TIKTOK, WECHAT])
    world.orders(prohibits=LESS)
    world.later(HOUR)
    world.orders(prohibits=MORE)
    assert world.letters("wen") == ["issued", "superseded"]
    world.until(DUE_IN_LONDON)
    assert world.cut() == ["BOTH", "TESS", "WEN"]

    world.issues(world.proposes(prohibits=LESS))
    assert world.cut() == [], "a milder version works at once, and its notice will state a due of its own"
    world.turn()
    assert world.letters("wen") == ["issued", "superseded", "denied", "restored", "superseded"]
    third = stated(world.inbox("tess")[-1])
    world.until(third)
    assert world.cut() == ["BOTH", "TESS"]

    world.refuses_mail = lambda letter: Result.UNSENT  # the fourth version cannot be told
    world.issues(world.proposes(prohibits=MORE))
    world.later(30 * DAY)
    assert world.cut() == ["BOTH", "TESS"], "the old telling of WeChat does not come back"
    world.refuses_mail = lambda letter: Result.ACCEPTED
    world.later(HOUR)
    due = stated(world.inbox("wen")[-1])
    assert due >= world.now + 72 * HOUR
    world.until(due - SECOND)
    assert world.cut() == []
    world.until(due)
    assert world.cut() == ["BOTH", "TESS", "WEN"]
    world.ends_well()


def test_one_app_for_another_is_no_milder(world: World) -> None:
    """The first version names TikTok alone, the second WeChat alone: who was told of the first owes nothing by it."""
    world.cast(wen=[WECHAT], both=[TIKTOK, WECHAT])
    world.orders(prohibits=LESS)
    world.until(DUE_IN_LONDON)
    assert world.cut() == ["BOTH"]
    world.refuses_mail = lambda letter: Result.UNSENT
    world.issues(world.proposes(prohibits=[{"product": "WeChat"}]))
    world.later(10 * DAY)
    assert world.cut() == []
    world.ends_well()


FORTNIGHT_LATER = {"at": "2020-07-31T17:00", "zone": "recipient", "fallback_zone": "UTC"}


class TestAnExtension:
    def test_before_the_due_is_safe_from_its_first_write(self, world: World) -> None:
        """Nobody can be told of it, the worker is away: the old due passes and nobody is denied all the same."""
        world.cast(alice=[TIKTOK])
        world.orders()
        world.until(DUE_IN_LONDON - HOUR)
        world.issues(world.proposes(due=FORTNIGHT_LATER))
        world.now = DUE_IN_LONDON + MINUTE
        world.publishes()
        assert world.cut() == []
        world.refuses_mail = lambda letter: Result.UNSENT
        last_on_earth = from_iso("2020-08-01T05:00:00Z")
        world.until(last_on_earth - SECOND)
        assert world.cut() == []
        world.until(last_on_earth)
        assert world.cut() == ["ALICE"], "she was told of the first version, and the second asks no less"
        world.ends_well()

    def test_after_the_due_gives_mail_back_at_once(self, world: World) -> None:
        world.cast(alice=[TIKTOK])
        world.orders()
        world.until(DUE_IN_LONDON + HOUR)
        assert world.cut() == ["ALICE"]
        world.issues(world.proposes(due=FORTNIGHT_LATER))
        assert world.cut() == []
        world.turn()
        assert sorted(world.letters("alice")[-2:]) == ["restored", "superseded"]
        due = stated(next(text for text in world.inbox("alice") if "31 July" in text))
        world.until(due)
        assert world.cut() == ["ALICE"]
        world.ends_well()

    def test_a_shortening_waits_for_its_notice(self, world: World) -> None:
        world.cast(alice=[TIKTOK])
        world.orders(due=FORTNIGHT_LATER)
        world.later(DAY)
        world.issues(world.proposes())
        world.refuses_mail = lambda letter: Result.UNSENT
        world.until(DUE_IN_LONDON + DAY)
        assert world.cut() == [], "the first notice said the 31st"
        world.refuses_mail = lambda letter: Result.ACCEPTED
        world.turn()
        due = stated(world.inbox("alice")[-1])
        assert due >= world.now + 72 * HOUR
        world.until(due - SECOND)
        assert world.cut() == []
        world.until(due)
        assert world.cut() == ["ALICE"]
        world.ends_well()


def test_a_version_that_became_a_recommendation_denies_nobody(world: World) -> None:
    world.cast(alice=[TIKTOK])
    world.orders()
    world.until(DUE_IN_LONDON)
    assert world.cut() == ["ALICE"]
    scope = {"people": {"groups": ["staff"]}, "devices": {"platforms": ["ios"]}, "force": FORCE}
    world.issues(world.proposes(applies_to=scope))
    assert world.cut() == []
    world.later(30 * DAY)
    assert world.cut() == []
    world.issues(world.proposes())
    assert world.cut() == [], "who was told of the first is not held to it by the third"
    world.ends_well()


def test_two_approvals_with_a_catalogue_change_between(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """Both signed the same frozen ids; what the catalogue learned meanwhile is shown, and asked of nobody."""
    world.cast(alice=[TIKTOK], bob=[house.ANOTHER_APP])
    found = world.proposes()
    house.approved("petra", ORDER, world.now)
    monkeypatch.setattr("countermand.flows.impact.load", house.moved_catalogue)
    second = house.approved("paul", ORDER, world.now)
    assert (second.digest, second.drift.added) == (found.digest, {house.ANOTHER_APP})
    world.issues(found, "pia")
    world.turn()
    world.until(DUE_IN_LONDON)
    assert world.cut() == ["ALICE"]
    assert world.verdict("BOB").status == "compliant"
    world.ends_well()


def test_a_halt_pushes_every_due_and_a_resumption_needs_everybody_again(world: World) -> None:
    world.cast(alice=[TIKTOK])
    world.orders()
    world.until(DUE_IN_LONDON)
    assert world.cut() == ["ALICE"]
    world.halts()
    assert world.cut() == []
    world.later(DAY)
    assert world.cut() == []
    not_before = world.resumes(ORDER, expected=1, acknowledged=1)
    assert not_before == world.now + 72 * HOUR
    assert world.cut() == []
    world.until(not_before - SECOND)
    assert world.cut() == []
    world.until(not_before)
    assert world.cut() == ["ALICE"]
    world.ends_well()


class TestSunset:
    """An order ends by itself with the day of its sunset: no denial, no word to anybody, whatever waits."""

    OVER = from_iso("2020-08-01T00:00:00Z")

    def test_ends_every_denial_and_says_so(self, world: World) -> None:
        world.cast(alice=[TIKTOK], bob=[])
        world.orders(sunset="2020-07-31")
        world.until(self.OVER - SECOND)
        assert world.cut() == ["ALICE"]
        world.until(self.OVER)
        assert world.cut() == []
        assert world.letters("alice") == ["issued", "denied", "restored"]
        world.reports("BOB", TIKTOK)
        world.later(DAY)
        assert world.cut() == []
        assert world.letters("bob") == ["issued"], "nobody is told of a denial that is none"
        world.ends_well()

    def test_nobody_is_told_of_an_order_that_is_over(self, world: World) -> None:
        world.cast(**{f"p{number}": [] for number in range(60)})
        world.orders(sunset="2020-07-31", reminders=["3d"])
        world.until(self.OVER)
        world.hire("joan")
        world.give("joan", "J1", TIKTOK)
        world.later(HOUR)
        assert world.letters("joan") == []
        world.ends_well()

    def test_a_notice_that_waited_for_the_mail_server_until_it_was_over_does_not_leave(self, world: World) -> None:
        world.cast(alice=[TIKTOK])
        world.refuses_mail = lambda letter: Result.UNSENT
        world.orders(sunset="2020-07-31")
        world.until(self.OVER)
        world.refuses_mail = lambda letter: Result.ACCEPTED
        world.later(HOUR)
        assert world.letters("alice") == []
        world.ends_well()


class TestALapse:
    """``unknown: deny``: a phone that was looked at once and is silent now lapses, by a write; it ends in three ways."""

    @pytest.fixture
    def lapsed(self, world: World) -> World:
        """Three phones were clean in the week of the order; S1, S2 and S3 are silent since, and their MDM is well."""
        world.hire("alice")
        for serial in ("S1", "S2", "S3", "OK"):
            world.give("alice", serial)
        world.orders(evidence={"max_age": "7d", "unknown": "deny"})
        clean = dict.fromkeys(("S1", "S2", "S3", "OK"), ())
        for _ in range(4):
            world.syncs(clean)
            world.later(DAY)
        while world.now < NOON + 14 * DAY:
            world.syncs({"OK": ()}, "S1", "S2", "S3")
            world.later(DAY)
        assert world.cut() == ["S1", "S2", "S3"]
        assert world.verdict("S1").reason == "stale"
        return world

    def test_by_fresh_covering_evidence(self, lapsed: World) -> None:
        lapsed.reports("S1", coverage=NOTHING)
        lapsed.publishes()
        assert lapsed.cut() == ["S1", "S2", "S3"], "an answer that could not have shown the app is no evidence"
        lapsed.reports("S1")
        lapsed.publishes()
        assert lapsed.cut() == ["S2", "S3"], "in the write that brings it"
        lapsed.reports("S2", TIKTOK)
        lapsed.publishes()
        assert lapsed.cut() == ["S2", "S3"], "now it is the app"
        lapsed.ends_well()

    def test_by_the_source_falling_ill(self, lapsed: World) -> None:
        lapsed.later(4 * DAY)  # three intervals without a word from the MDM, and one more
        assert lapsed.cut() == []
        assert "restored" in lapsed.letters("alice")
        lapsed.later(30 * DAY)
        assert lapsed.cut() == []
        lapsed.ends_well()

    def test_by_retiring_the_phone(self, lapsed: World) -> None:
        device_retire(lapsed.desk, "S1", "lost")
        lapsed.publishes()
        assert lapsed.cut() == ["S2", "S3"]
        lapsed.ends_well()

    def test_a_milder_version_ends_it_at_once_and_the_third_does_not_bring_it_back(self, lapsed: World) -> None:
        lapsed.issues(lapsed.proposes(evidence={"max_age": "7d", "unknown": "allow"}))
        assert lapsed.cut() == []
        lapsed.issues(lapsed.proposes(evidence={"max_age": "7d", "unknown": "deny"}))
        assert lapsed.cut() == []
        lapsed.ends_well()


def test_a_dead_connector_cuts_nobody_off(world: World) -> None:
    """The connector dies in the night after the first sync; nothing is heard of anybody for a month. ``unknown: deny``."""
    world.cast(alice=[], bob=[], carol=[TIKTOK])
    world.syncs({"ALICE": (), "BOB": (), "CAROL": [TIKTOK]})
    world.orders(evidence={"max_age": "24h", "unknown": "deny"})
    for _ in range(40):
        world.later(DAY)
        assert world.cut() in ([], ["CAROL"])
    assert world.cut() == ["CAROL"], "seen is seen"
    world.ends_well()
