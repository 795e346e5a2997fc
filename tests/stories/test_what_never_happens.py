"""The invariants of docs/invariants.md, each attacked through all rooms: somebody tries to make it happen, phones and people
feel nothing of it."""

import house
import pytest
from test_who_was_told import stated
from world import CHESS, DUE_IN_LONDON, ORDER, TIKTOK, World

from countermand.core.errors import Refused
from countermand.core.instants import DAY, HOUR, MINUTE, SECOND
from countermand.flows import telling
from countermand.flows.exempt import agree_exemption, exempt
from countermand.flows.ingest import ingest
from countermand.flows.issue import issue
from countermand.flows.propose import propose
from countermand.flows.protect import agree_protection, protect
from countermand.flows.release import release
from countermand.flows.stop import halt, rescind
from countermand.flows.sweep import sweep
from countermand.flows.write import write
from countermand.notices.mail import Letter, Result
from countermand.reads.status import status
from countermand.store import models
from letters import words_of


class TestOnlyASignedIssuedUnhaltedVersionDenies:
    """Invariant 1."""

    def refused(self, world: World, *codes: str) -> None:
        with pytest.raises(Refused) as refused:
            issue(world.operator, ORDER, expected=1)
        problems = getattr(refused.value, "problems", [refused.value])
        assert {problem.code for problem in problems} == set(codes)
        world.until(DUE_IN_LONDON + DAY)
        assert (world.cut(), world.letters("alice")) == ([], [])
        world.ends_well()

    def test_a_draft(self, world: World) -> None:
        world.cast(alice=[TIKTOK])
        write(house.author(world.now), world.text())
        self.refused(world, "wrong-state")

    def test_one_signature_is_too_few(self, world: World) -> None:
        world.cast(alice=[TIKTOK])
        world.proposes()
        house.approved("petra")
        self.refused(world, "too-few-approvals")

    def test_a_row_without_a_signature_is_no_approval(self, world: World) -> None:
        """Somebody writes approvals into the database, under the names of those who may give them."""
        world.cast(alice=[TIKTOK])
        found = world.proposes()
        true = house.signature("petra")
        for name, signature in (("petra", true), ("paul", true), ("pia", "-----BEGIN SSH SIGNATURE-----")):
            models.Approval.objects.create(
                version_id=found.version,
                operator=name,
                bundle_digest=found.digest,
                signature=signature,
                public_key="",
                at=world.now,
            )
        self.refused(world, "too-few-approvals")

    @pytest.mark.parametrize("changed", ["document", "apps", "bundle"])
    def test_what_was_signed_is_changed_in_the_database(self, world: World, changed: str) -> None:
        world.cast(alice=[TIKTOK])
        found = world.proposes()
        for name in ("petra", "paul"):
            house.approved(name)
        row = models.Version.objects.get(pk=found.version)
        if changed == "document":
            row.document["minimum_notice"] = "1h"
        elif changed == "bundle":
            row.bundle = row.bundle.replace("72h", "1h")
        else:
            more = models.App.objects.create(platform="ios", app_id=CHESS.id)
            models.VersionApp.objects.create(version_id=found.version, app_id=more.pk)
        row.save()
        self.refused(world, "bundle-changed")

    def test_an_edit_after_the_signatures_needs_new_ones(self, world: World) -> None:
        world.cast(alice=[TIKTOK])
        world.proposes()
        for name in ("petra", "paul"):
            house.approved(name)
        write(house.author(world.now), world.text(title="Remove TikTok at once"))
        propose(house.author(world.now), ORDER, rails=house.RAILS)
        self.refused(world, "too-few-approvals")


class TestTheWayBack:
    """Invariant 2: once ``halt`` or ``rescind`` returned, nobody is denied, and no word leaves but of that."""

    @pytest.mark.parametrize(("verb", "word"), [("halts", "halted"), ("rescinds", "rescinded")])
    def test_in_the_middle_of_telling(self, world: World, verb: str, word: str) -> None:
        """Who heard of the order hears that it is on hold, or was taken back; who did not, hears nothing."""
        world.cast(alice=[TIKTOK], bob=[TIKTOK], carol=[TIKTOK])
        world.issues(world.proposes())
        telling.catch_up(world.system)
        world.post.deliver(batch=1)
        before = len(world.post.sent)
        assert before == 1
        getattr(world, verb)()
        world.until(DUE_IN_LONDON + DAY)
        assert [str(m["X-Countermand-Kind"]) for m in world.post.messages()[before:]] == [word]
        assert world.cut() == []
        world.ends_well()

    def test_while_a_message_is_on_its_way(self, world: World) -> None:
        """The one in SMTP's DATA lands, and gets the correction."""
        world.cast(alice=[TIKTOK], bob=[TIKTOK])
        world.issues(world.proposes())
        telling.catch_up(world.system)
        world.post.during = lambda: rescind(world.operator, ORDER, "sent-in-error") and None
        world.post.deliver(batch=1)
        world.post.during = lambda: None
        world.turn()
        first, second = sorted(["alice", "bob"], key=lambda login: -len(world.letters(login)))
        assert world.letters(first) == ["issued", "rescinded"]
        assert world.letters(second) == []
        world.ends_well()


def test_a_phone_under_two_orders_stays_denied_while_either_denies(world: World) -> None:
    """Invariant 3."""
    world.cast(alice=[TIKTOK])
    world.orders("first")
    world.orders("second")
    world.until(DUE_IN_LONDON)
    assert world.door.because("alice", "EALICE") == ["first", "second"]
    world.halts("first")
    assert world.door.because("alice", "EALICE") == ["second"]
    world.rescinds("first")
    assert world.cut() == ["ALICE"]
    pk = exempt(world.operator, "second", "person:alice", "security-research", world.now + DAY).pk
    agree_exemption(house.approver("petra", world.now), pk)
    world.publishes()
    assert world.cut() == []
    world.later(DAY)
    assert world.cut() == ["ALICE"], "the clock ends an exemption"
    world.rescinds("second", "changed")
    assert world.cut() == []
    world.ends_well()


class TestAbsenceOfData:
    """Invariant 4."""

    def test_denies_nobody_unless_the_order_says_so(self, world: World) -> None:
        world.cast(alice=[], bob=[])
        world.syncs({"ALICE": (), "BOB": ()})
        world.orders()
        for _ in range(20):
            world.later(DAY)
            world.syncs({"BOB": ()}, "ALICE")
        assert (world.verdict("ALICE").status, world.cut()) == ("unknown", [])
        assert not world.door.denies("alice", "E-NEVER-HEARD-OF")
        world.ends_well()

    def test_a_phone_that_was_never_looked_at_does_not_lapse(self, world: World) -> None:
        world.hire("alice")
        world.give("alice", "A1", seen=None)
        world.phones["N1"] = world.phones["A1"].__class__("N1", "alice")
        world.hand_down("N1", "alice")  # listed, never looked at
        world.syncs({"A1": ()})
        world.orders(evidence={"max_age": "24h", "unknown": "deny"})
        for _ in range(20):
            world.later(DAY)
            world.syncs({"A1": ()}, "N1")
        assert (world.verdict("N1").reason, world.cut()) == ("never-reported", [])
        world.ends_well()

    def test_a_recommendation_never_denies(self, world: World) -> None:
        world.hire("alice")
        for ownership in ("corporate", "personal"):
            world.give("alice", ownership.upper(), TIKTOK, ownership=ownership)
        force = {"corporate": "recommendation", "personal": "recommendation", "contractor": "mandatory"}
        scope = {"people": {"groups": ["staff"]}, "devices": {"platforms": ["ios"], "unregistered": "deny"}, "force": force}
        world.orders(applies_to=scope, evidence={"max_age": "24h", "unknown": "deny"})
        world.syncs({"CORPORATE": [TIKTOK], "PERSONAL": [TIKTOK]})
        world.until(DUE_IN_LONDON + 30 * DAY)
        assert world.cut() == []
        assert not world.door.denies("alice", "E-UNREGISTERED")
        world.ends_well()

    def test_a_protected_account_is_never_denied(self, world: World) -> None:
        world.cast(boss=[TIKTOK], alice=[TIKTOK])
        protect(world.operator, r"EXAMPLE\Boss", "break-glass")
        world.orders(applies_to={"people": {"groups": ["staff"]}, "devices": {"platforms": ["ios"], "unregistered": "deny"}})
        world.until(DUE_IN_LONDON)
        assert world.cut() == ["ALICE", "BOSS"], "proposed by one is not protected"
        agree_protection(house.approver("petra", world.now), "boss")
        world.publishes()
        assert world.cut() == ["ALICE"]
        assert not world.door.denies("boss", "E-UNREGISTERED")
        assert world.door.denies("alice", "E-UNREGISTERED")
        world.ends_well()

    def test_a_flood_of_data_denies_nobody_until_a_person_released_it(self, world: World) -> None:
        names = [f"P{number}" for number in range(40)]
        world.cast(**{name.lower(): [] for name in names})
        world.orders(evidence={"max_age": "30d"})
        world.until(DUE_IN_LONDON + DAY)
        taken = world.syncs({name: [TIKTOK] for name in names}, complete=False)
        world.turn()
        assert taken.held is not None
        assert (world.cut(), world.verdict("P0").status) == ([], "compliant")
        release(world.operator, taken.held)
        world.publishes()
        assert len(world.cut()) == 40
        world.ends_well()

    def test_an_empty_answer_about_the_whole_fleet_clears_nobody(self, world: World) -> None:
        names = [f"P{number}" for number in range(10)]
        world.cast(**{name.lower(): [TIKTOK] for name in names})
        world.syncs({name: [TIKTOK] for name in names})
        world.orders()
        world.until(DUE_IN_LONDON)
        assert len(world.cut()) == 10
        held = ingest(world.operator, "mdm", [], complete=True).held
        assert held is not None
        world.turn()
        assert len(world.cut()) == 10
        world.ends_well()


class TestTold:
    """Invariant 5: not before the due that the notice itself states, nor sooner than the minimum notice after hand-over."""

    @pytest.mark.parametrize("away", [0, 3 * DAY, 6 * DAY + 23 * HOUR, 8 * DAY, 40 * DAY])
    def test_however_long_the_mail_server_is_away(self, world: World, away: int) -> None:
        world.cast(alice=[TIKTOK])
        world.refuses_mail = lambda letter: Result.UNSENT
        world.orders()
        world.later(away)
        assert world.cut() == []
        world.refuses_mail = lambda letter: Result.ACCEPTED
        world.turn()
        due = stated(world.inbox("alice")[0])
        assert due == max(DUE_IN_LONDON, due)
        assert due >= world.now + 72 * HOUR
        world.until(due - SECOND)
        assert world.cut() == []
        world.until(due)
        assert world.cut() == ["ALICE"]
        world.ends_well()

    def test_when_the_hand_over_takes_longer_than_the_lease(self, world: World) -> None:
        """Handed over late, the due that counts is later than the one stated, never sooner."""
        world.cast(alice=[TIKTOK])
        world.until(DUE_IN_LONDON - 2 * DAY)
        world.issues(world.proposes())
        telling.catch_up(world.system)

        def dawdle() -> None:
            world.now += 5 * HOUR
            world.post.now = world.now

        world.post.during = dawdle
        world.post.deliver()
        world.post.during = lambda: None
        handed_over = world.now
        world.until(stated(world.inbox("alice")[0]))
        assert world.cut() == []
        world.until(handed_over + 72 * HOUR - SECOND)
        assert world.cut() == []
        world.until(handed_over + 72 * HOUR + 15 * MINUTE)
        assert world.cut() == ["ALICE"]
        world.ends_well()

    def test_an_unregistered_phone_of_somebody_who_was_not_told(self, world: World) -> None:
        world.cast(alice=[], bob=[])
        world.refuses_mail = lambda letter: Result.REFUSED if letter.recipient.startswith("bob") else Result.ACCEPTED
        world.orders(applies_to={"people": {"groups": ["staff"]}, "devices": {"platforms": ["ios"], "unregistered": "deny"}})
        world.until(DUE_IN_LONDON - SECOND)
        assert not world.door.denies("alice", "E-NEW")
        world.until(DUE_IN_LONDON)
        assert world.door.denies("alice", "E-NEW")
        assert not world.door.denies("bob", "E-NEW")
        world.ends_well()


def test_every_change_of_state_has_exactly_one_entry(world: World) -> None:
    """Invariant 6, over a whole life with a worker that is killed in its middle."""
    world.cast(alice=[TIKTOK], bob=[])
    world.orders()

    def killed() -> None:
        raise KeyboardInterrupt

    world.until(DUE_IN_LONDON)
    halt(world.operator, ORDER)
    halt(world.operator, ORDER)  # again changes nothing
    world.resumes(ORDER, expected=2, acknowledged=1)
    rescind(world.operator, ORDER, "changed")
    telling.catch_up(world.system)
    world.post.now, world.post.during = world.now, killed
    with pytest.raises(KeyboardInterrupt):
        world.post.deliver()
    world.post.during = lambda: None
    world.later(HOUR)
    kinds = house.ledger_kinds()
    once = ["written", "proposed", "issued", "halted", "resumed", "rescinded", "notices-promised", "corrections-promised"]
    assert {kind: kinds.count(kind) for kind in once} == dict.fromkeys(once, 1)
    assert kinds.count("approved") == 6
    assert [world.letters(login)[-1] for login in ("alice", "bob")] == ["rescinded", "rescinded"]
    world.ends_well()


def test_the_correction_goes_to_everyone_who_may_have_been_reached_and_to_nobody_else(world: World) -> None:
    """Invariant 7."""
    outcomes = {"ann": Result.ACCEPTED, "ben": Result.UNKNOWN, "cat": Result.REFUSED, "dan": Result.RETRY, "eva": Result.UNSENT}
    world.cast(**{login: [TIKTOK] for login in outcomes})
    world.refuses_mail = lambda letter: outcomes[letter.recipient.partition("@")[0]]
    world.orders()
    world.hire("zoe", groups="visitors")
    world.rescinds()
    world.refuses_mail = lambda letter: Result.ACCEPTED
    world.later(DAY)
    corrected = [login for login in [*outcomes, "zoe"] if "rescinded" in world.letters(login)]
    assert corrected == ["ann", "ben"]
    world.later(DAY)
    assert [world.letters(login).count("rescinded") for login in corrected] == [1, 1]
    world.ends_well()


@pytest.mark.parametrize("audience", ["in_scope", "affected"])
def test_never_more_people_are_told_than_were_approved(world: World, audience: str) -> None:
    """Invariant 8: the company doubles after the approval, and once more when the next version is issued."""
    world.cast(**{f"p{number}": [TIKTOK] for number in range(10)})
    world.orders(audience=audience)
    world.cast(**{f"q{number}": [TIKTOK] for number in range(10)})
    world.until(DUE_IN_LONDON + DAY)
    assert status(ORDER, world.now).directives[0].told == 10
    assert len(world.cut()) == 10
    assert {letter.recipient[0] for letter in world.post.sent} == {"p"}
    world.ends_well()


def test_a_worker_killed_between_hand_over_and_record_says_it_again_under_the_same_name(world: World) -> None:
    """Invariant 9, as a person notices it: the same message once more, with the same Message-ID and a due no sooner."""
    world.cast(alice=[TIKTOK])
    world.issues(world.proposes())
    telling.catch_up(world.system)

    def lands_and_dies(letter: Letter) -> Result:
        world.post.sent.append(letter)
        raise KeyboardInterrupt

    world.refuses_mail = lands_and_dies
    with pytest.raises(KeyboardInterrupt):
        world.post.deliver()
    world.refuses_mail = lambda letter: Result.ACCEPTED
    sweep(world.now)
    world.later(HOUR)
    first, second = (m for m in world.post.messages() if m["X-Countermand-Kind"] == "issued")
    assert first["Message-ID"] == second["Message-ID"]
    world.until(stated(words_of(second)) - SECOND)
    assert world.cut() == []
    world.until(DUE_IN_LONDON)
    assert world.cut() == ["ALICE"]
    world.ends_well()
