"""Stories of evidence: what was looked for, what was seen, by whom and when; and what nobody could know."""

import base64
import json
import plistlib
from collections.abc import Collection

import pytest
from world import CHESS, DUE_IN_LONDON, TIKTOK, WECHAT, World

from countermand.core.apps import App
from countermand.core.coverage import EVERYTHING, NOTHING, Coverage
from countermand.core.devices import Identity, IdentityKind
from countermand.core.instants import DAY, HOUR, MINUTE, Instant, iso
from countermand.core.mentions import Mention
from countermand.flows import bring
from countermand.flows.attest import attest
from countermand.flows.bring_nanomdm import ask
from countermand.flows.forget import forget_all
from countermand.flows.ingest import ingest


def test_a_watched_app_added_after_yesterdays_inventory(world: World) -> None:
    """Of a personal phone only watched apps are kept; so an inventory from before WeChat was watched says nothing of it."""
    world.hire("alice", "bob")
    for owner, serial in (("alice", "A1"), ("bob", "B1")):
        world.give(owner, serial, ownership="personal", seen=None)
    world.orders("no-tiktok")
    world.syncs({"A1": [CHESS, WECHAT], "B1": [CHESS]})
    assert world.verdict("A1", "no-tiktok").status == world.verdict("B1", "no-tiktok").status == "compliant"

    world.later(DAY)
    world.orders("no-wechat", prohibits=[{"product": "WeChat"}])
    for serial in ("A1", "B1"):
        assert world.verdict(serial, "no-wechat").status == "unknown"
        assert world.verdict(serial, "no-wechat").reason == "not-looked"
    world.until(DUE_IN_LONDON + HOUR)
    assert world.cut() == [], "what nobody looked for denies nobody"

    world.syncs({"A1": [CHESS, WECHAT], "B1": [CHESS]})
    world.turn()
    assert world.verdict("B1", "no-wechat").status == "compliant"
    assert world.cut() == ["A1"]
    assert world.door.because("alice", "EA1") == ["no-wechat"]
    world.ends_well()


def test_a_version_that_adds_an_app_is_not_complied_with_by_yesterdays_answer(world: World) -> None:
    """The same when a later version of the same order names one app more."""
    world.hire("alice")
    world.give("alice", "A1", ownership="personal")
    world.orders()
    world.syncs({"A1": []})
    assert world.verdict("A1").status == "compliant"
    world.orders(prohibits=[{"product": "TikTok"}, {"product": "WeChat"}])
    assert (world.verdict("A1").status, world.verdict("A1").reason) == ("unknown", "not-looked")
    world.ends_well()


class TestNamedQueries:
    """NanoMDM's answers do not say what was asked: the question is remembered, and decides what the answer proves."""

    @pytest.fixture
    def every_id(self, world: World) -> frozenset[App]:
        """One company phone on which TikTok was seen, an order against it; returns the ids that the order means."""
        world.cast(alice=[TIKTOK])
        found = world.proposes()
        world.issues(found)
        world.turn()
        self.says(world, "mdm.Authenticate", "", {"SerialNumber": "ALICE", "ProductName": "iPhone12,1"}, world.now - DAY)
        return frozenset(found.apps)

    def says(self, world: World, topic: str, query: str, answer: dict[str, object], at: Instant) -> None:
        payload = base64.b64encode(plistlib.dumps({"Status": "Acknowledged", **answer})).decode()
        body = {"udid": "U1", "status": "Acknowledged", "command_uuid": query, "raw_payload": payload}
        event = {
            "topic": topic,
            "event_id": f"{topic}{query}{at}",
            "created_at": iso(at),
            "acknowledge_event" if topic == "mdm.Connect" else "checkin_event": {**body, "ids": {"id": "U1", "type": "Device"}},
        }
        file = world.folder / "events.ndjson"
        file.write_text(json.dumps(event))
        bring.bring_nanomdm(world.operator, [file])

    def answers(self, world: World, query: str, asked: Coverage, present: Collection[App]) -> None:
        world.later(HOUR)
        ask(world.operator, ["U1"], query, asked)
        listed = {"InstalledApplicationList": [{"Identifier": app.id} for app in present]}
        self.says(world, "mdm.Connect", query, listed, world.now - MINUTE)

    def test_an_answer_that_names_them_all_is_as_good_as_a_full_list(self, world: World, every_id: frozenset[App]) -> None:
        self.answers(world, "ALL", Coverage(every_id), [])
        assert world.verdict("ALICE").status == "compliant"
        world.until(DUE_IN_LONDON)
        assert world.cut() == []
        world.ends_well()

    def test_an_answer_about_other_apps_clears_nothing(self, world: World, every_id: frozenset[App]) -> None:
        self.answers(world, "OTHERS", Coverage(frozenset({WECHAT})), [])
        assert world.verdict("ALICE").status == "in_grace"
        world.until(DUE_IN_LONDON)
        assert world.cut() == ["ALICE"]
        world.ends_well()

    def test_an_answer_about_one_id_clears_that_one_and_proves_no_more(self, world: World, every_id: frozenset[App]) -> None:
        self.answers(world, "ONE", Coverage(frozenset({TIKTOK})), [])
        assert world.verdict("ALICE").status == "compliant", "the device list saw everything else"
        other = next(app for app in sorted(every_id) if app != TIKTOK and app.platform == TIKTOK.platform)
        self.answers(world, "OTHER", Coverage(frozenset({other})), [other])
        self.answers(world, "ONE-AGAIN", Coverage(frozenset({TIKTOK})), [])
        world.until(DUE_IN_LONDON)
        assert world.cut() == ["ALICE"], "the other id is still there"
        world.ends_well()

    def test_an_answer_that_nobody_of_ours_asked_for_shows_and_never_clears(self, world: World, every_id: frozenset[App]) -> None:
        world.later(HOUR)
        self.says(world, "mdm.Connect", "A-STRANGERS", {"InstalledApplicationList": []}, world.now - MINUTE)
        world.until(DUE_IN_LONDON)
        assert world.cut() == ["ALICE"]
        world.ends_well()


def test_mdm_says_removed_an_older_list_says_present(world: World) -> None:
    world.cast(alice=[TIKTOK])
    world.orders()
    world.until(DUE_IN_LONDON + DAY)
    assert world.cut() == ["ALICE"]
    world.reports("ALICE")
    world.publishes()
    assert world.cut() == []
    world.give("alice", "ALICE", TIKTOK, seen=world.now - 2 * HOUR)  # last night's export, imported this morning
    world.turn()
    assert world.cut() == []
    assert world.verdict("ALICE").status == "compliant"
    world.ends_well()


@pytest.mark.parametrize("newest_first", [True, False])
def test_two_reports_out_of_order(world: World, newest_first: bool) -> None:
    """An answer that was held up on its way is worth what it was worth when it was given."""
    world.cast(alice=[])
    world.orders()
    world.until(DUE_IN_LONDON + DAY)
    clean, dirty = (world.now - HOUR, []), (world.now - 2 * HOUR, [TIKTOK])
    for at, present in (clean, dirty) if newest_first else (dirty, clean):
        world.reports("ALICE", *present, at=at)
    world.turn()
    assert world.cut() == []
    later = (world.now - 30 * MINUTE, [TIKTOK]), (world.now - 45 * MINUTE, [])
    for at, present in later if newest_first else reversed(later):
        world.reports("ALICE", *present, at=at)
    world.turn()
    assert world.cut() == ["ALICE"]
    world.ends_well()


def test_a_phone_with_the_app_that_stops_checking_in_stays_denied(world: World) -> None:
    world.cast(alice=[TIKTOK])
    world.orders()
    world.until(DUE_IN_LONDON)
    assert world.cut() == ["ALICE"]
    for _ in range(3):
        world.later(30 * DAY)
        assert world.cut() == ["ALICE"]
        assert world.verdict("ALICE").status == "noncompliant"
    # Nor does it help to leave the MDM, to have a statement written down, or an answer that could not have shown the app.
    ingest(world.operator, "mdm", [Mention((Identity(IdentityKind.SERIAL, "ALICE"),), enrolled=False)])
    attest(world.desk, "ALICE", [TIKTOK])
    world.reports("ALICE", coverage=NOTHING)
    world.reports("ALICE", coverage=Coverage(frozenset({WECHAT})))
    world.turn()
    assert world.cut() == ["ALICE"]
    assert world.letters("alice").count("denied") == 1
    world.ends_well()


def test_retention_that_deletes_presence(world: World) -> None:
    """What privacy deleted is not there, and that it is not there proves nothing."""
    world.hire("alice", "bob")
    world.give("alice", "A1", ownership="personal")
    world.give("bob", "B1", ownership="personal")
    world.orders("no-tiktok")
    world.syncs({"A1": [TIKTOK], "B1": []})
    world.rescinds("no-tiktok", "changed")
    world.turn()
    assert forget_all(world.operator) == 2
    world.later(DAY)
    world.orders("no-tiktok-again", evidence={"max_age": "30d", "unknown": "deny"})
    for serial in ("A1", "B1"):
        assert world.verdict(serial, "no-tiktok-again").status == "unknown", "neither guilty nor compliant"
    for _ in range(10):
        world.later(DAY)
        world.syncs({}, "A1", "B1")
    assert world.cut() == []
    world.syncs({"A1": [TIKTOK], "B1": []}, coverage=EVERYTHING)
    world.turn()
    assert world.cut() == ["A1"]
    assert world.verdict("B1", "no-tiktok-again").status == "compliant"
    world.ends_well()
