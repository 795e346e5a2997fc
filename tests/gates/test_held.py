"""What a gate holds: decisions from a snapshot and what records change, and everything it refuses to hear."""

from pathlib import Path

import pytest
from pyroaring import BitMap

from countermand.core.decision import Reason
from countermand.core.directive import OnUnknown
from countermand.core.errors import Refused
from countermand.core.instants import DAY, HOUR, MINUTE
from countermand.gates.held import Held
from countermand.gates.subject import subject
from countermand.snapshot.read import Snapshot
from countermand.snapshot.records import Kind
from countermand.snapshot.signed import certify
from countermand.snapshot.write import Entry
from gate_plane import DUE, FEED, ROOT, SECRET, STRANGER, Plane, basic, packed_query, standing

LATE = DUE + HOUR


@pytest.fixture
def plane() -> Plane:
    return Plane(time=LATE)


@pytest.fixture
def held(plane: Plane, tmp_path: Path) -> Held:
    """Alice's phone BAD1 is denied from DUE; bob's GOOD1 is not; boss is protected; carol's unknown devices are denied."""
    path = plane.snapshot(
        tmp_path / "s",
        devices={("alice", "eas", "BAD1"): 0, ("bob", "eas", "GOOD1"): 1, ("boss", "eas", "BAD2"): 2},
        people={"alice": 0, "bob": 1, "boss": 2, "carol": 3},
        protected=["boss"],
        standings=[standing()],
        denials=[Entry("no-tiktok", 0, DUE, BitMap([0, 2]))],
        unregistered=[Entry("no-tiktok", 0, DUE, BitMap([3]))],
    )
    return Held(Snapshot(path, ROOT.public), ROOT.public, SECRET, LATE, 0)


def asked(held: Held, login: str, query: str, at: int = LATE) -> tuple[bool, str]:
    who = subject(basic(login).encode(), f"/Microsoft-Server-ActiveSync?{query}".encode())
    found = held.decide(who, held.clocks(at, at - LATE))
    return found.allow, found.reason.value


def plain(device: str, user: str = "x") -> str:
    return f"Cmd=Sync&User={user}&DeviceId={device}&DeviceType=iPhone"


@pytest.mark.parametrize(
    ("login", "query", "answer"),
    [
        ("alice", plain("BAD1"), (False, Reason.DENIED)),
        ("ALICE", plain("BAD1"), (False, Reason.DENIED)),
        ("EXAMPLE\\alice", plain("BAD1"), (False, Reason.DENIED)),
        ("alice", packed_query(b"BAD1"), (False, Reason.DENIED)),
        ("bob", plain("GOOD1"), (True, Reason.NOT_DENIED)),
        ("bob", packed_query(b"GOOD1"), (True, Reason.NOT_DENIED)),
        # A claim in the query is nobody's login: bob's own phone stays bob's, alice's stays denied.
        ("bob", plain("GOOD1", user="alice"), (True, Reason.NOT_DENIED)),
        ("alice", plain("BAD1", user="bob"), (False, Reason.DENIED)),
        ("alice", packed_query(b"BAD1", login="bob"), (False, Reason.DENIED)),
        # A device id is bound to its person: alice's id under bob's login is an unregistered device of bob's.
        ("bob", plain("BAD1"), (True, Reason.UNREGISTERED)),
        # A client that names two devices is denied if either is.
        ("alice", plain("NEW") + "&DeviceId=BAD1", (False, Reason.DENIED)),
        ("boss", plain("BAD2"), (True, Reason.PROTECTED)),
        ("carol", plain("NEW"), (False, Reason.UNREGISTERED_DENIED)),
        ("carol", "Cmd=Sync", (True, Reason.NO_DEVICE_ID)),
        ("alice", "", (True, Reason.NO_DEVICE_ID)),
        ("nobody", plain("BAD1"), (True, Reason.UNREGISTERED)),
        ("", plain("BAD1"), (True, Reason.NOT_PROVEN)),
    ],
)
def test_order_of_questions(held: Held, login: str, query: str, answer: tuple[bool, str]) -> None:
    assert asked(held, login, query) == answer


def test_nothing_before_the_due(held: Held) -> None:
    assert asked(held, "alice", plain("BAD1"), DUE - 1) == (True, Reason.NOT_DENIED)
    assert asked(held, "alice", plain("BAD1"), DUE) == (False, Reason.DENIED)


def test_one_record_lifts_everything_and_the_next_restores_it(held: Held, plane: Plane) -> None:
    held.take(plane.lineage(standing(halted=True)), LATE, 0)
    assert asked(held, "alice", plain("BAD1")) == (True, Reason.NOT_DENIED)
    assert asked(held, "carol", plain("NEW")) == (True, Reason.UNREGISTERED)
    held.take(plane.lineage(standing(not_before=LATE + DAY)), LATE, 0)
    assert asked(held, "alice", plain("BAD1")) == (True, Reason.NOT_DENIED), "a resume gives the minimum notice anew"
    held.take(plane.lineage(standing()), LATE, 0)
    assert asked(held, "alice", plain("BAD1")) == (False, Reason.DENIED)


def test_what_a_rescinded_lineage_denied_is_forgotten(held: Held, plane: Plane) -> None:
    held.take(plane.lineage(standing(live=False)), LATE, 0)
    held.take(plane.lineage(standing()), LATE, 0)
    assert asked(held, "alice", plain("BAD1")) == (True, Reason.NOT_DENIED)


def test_two_lineages_each_hold_on_their_own(held: Held, plane: Plane) -> None:
    held.take(plane.lineage(standing("other")), LATE, 0)
    held.take(plane.denials([(DUE, [0])], "other"), LATE, 0)
    held.take(plane.lineage(standing(live=False)), LATE, 0)
    who = subject(basic("alice").encode(), b"/?" + plain("BAD1").encode())
    assert held.decide(who, held.clocks(LATE, 0)).because == ("other",)
    held.take(plane.lineage(standing("other", live=False)), LATE, 0)
    assert held.decide(who, held.clocks(LATE, 0)).allow


def test_identities_logins_and_protected_change_by_record(held: Held, plane: Plane) -> None:
    bad, new = (f"{plane.hashes.identity('alice', 'eas', id_):016x}" for id_ in ("BAD1", "NEW"))
    held.take(plane.record(Kind.IDENTITIES, {"set": [[new, 0]], "gone": [bad]}), LATE, 0)
    assert asked(held, "alice", plain("NEW")) == (False, Reason.DENIED)
    assert asked(held, "alice", plain("BAD1")) == (True, Reason.UNREGISTERED)
    held.take(plane.record(Kind.LOGINS, {"set": [[f"{plane.hashes.login('alice'):016x}", 3]], "gone": []}), LATE, 0)
    assert asked(held, "alice", plain("BAD1")) == (False, Reason.UNREGISTERED_DENIED)
    held.take(plane.record(Kind.PROTECTED, {"set": [f"{plane.hashes.login('alice'):016x}"], "gone": []}), LATE, 0)
    assert asked(held, "alice", plain("NEW")) == (True, Reason.PROTECTED)


def test_records_that_belong_together_are_applied_at_once(held: Held, plane: Plane) -> None:
    moved = [[f"{plane.hashes.identity('bob', 'eas', 'BAD1'):016x}", 0]]
    first = plane.record(Kind.IDENTITIES, {"set": moved, "gone": []}, more=True)
    assert held.take(first, LATE, 0) == []
    assert (held.n, asked(held, "bob", plain("BAD1"))) == (0, (True, Reason.UNREGISTERED)), "not yet: its denials are to come"
    second = plane.denials([])
    assert held.take(second, LATE, 0) == [first, second]
    assert (held.n, asked(held, "bob", plain("BAD1"))) == (2, (True, Reason.NOT_DENIED))


def test_a_batch_that_broke_off_comes_again(held: Held, plane: Plane) -> None:
    first, second = plane.denials([], more=True), plane.lineage(standing())
    held.take(first, LATE, 0)
    held.forget_pending()
    held.take(first, LATE, 0)
    held.take(second, LATE, 0)
    assert held.n == 2


# -- what is refused --


def refused(held: Held, line: bytes) -> str:
    before = held.n, held.digest, asked(held, "alice", plain("BAD1"))
    with pytest.raises(Refused) as caught:
        held.take(line, LATE, 0)
    assert (held.n, held.digest, asked(held, "alice", plain("BAD1"))) == before
    assert caught.value.sentence
    return caught.value.code


def test_a_record_of_another_key_is_refused(held: Held) -> None:
    assert refused(held, Plane(time=LATE, key=STRANGER).lineage(standing(live=False))) == "feed-forged"


def test_a_changed_record_is_refused(held: Held, plane: Plane) -> None:
    line = plane.lineage(standing(halted=False))
    assert refused(held, line.replace(b'"halted":false', b'"halted":true')) == "feed-forged"


@pytest.mark.parametrize("line", [b"\n", b"x\n", b"!!! {}\n", b"AAAA {}\n", b"A" * 86 + b"== []\n", b"A" * 86 + b"== {\n"])
def test_noise_is_refused(held: Held, line: bytes) -> None:
    assert refused(held, line) in {"feed-damaged", "feed-forged"}


def test_a_replayed_record_is_refused(held: Held, plane: Plane) -> None:
    line = plane.lineage(standing(halted=True))
    held.take(line, LATE, 0)
    held.take(plane.lineage(standing()), LATE, 0)
    assert refused(held, line) == "feed-older"


def test_a_missing_record_is_noticed(held: Held, plane: Plane) -> None:
    plane.lineage(standing())
    assert refused(held, plane.lineage(standing(halted=True))) == "feed-gap"


def test_another_history_with_the_right_number_is_refused(held: Held, plane: Plane) -> None:
    held.take(plane.lineage(standing()), LATE, 0)
    other = Plane(time=LATE)
    other.lineage(standing(text="another"))
    assert refused(held, other.lineage(standing(live=False))) == "feed-forged"
    assert refused(held, other.beat()) if other.n == held.n else True


def test_a_heartbeat_of_another_history_is_refused(held: Held, plane: Plane) -> None:
    held.take(plane.lineage(standing()), LATE, 0)
    other = Plane(time=LATE)
    other.lineage(standing(text="another"))
    assert refused(held, other.beat(LATE + 1)) == "feed-forged"


def test_another_epoch_is_refused(held: Held) -> None:
    assert refused(held, Plane(epoch=2, time=LATE).lineage(standing(live=False))) == "feed-older"


def test_a_certificate_must_be_the_roots_and_in_time(held: Held) -> None:
    assert refused(held, certify(STRANGER, STRANGER.public, 0, 10**14)) == "feed-forged"
    assert refused(held, certify(ROOT, STRANGER.public, 0, LATE)) == "feed-key-expired"
    assert refused(held, certify(ROOT, STRANGER.public, LATE + 1, 10**14)) == "feed-key-expired"


def test_a_new_certified_key_takes_over(held: Held, plane: Plane) -> None:
    """What the key before it signed may still be on its way; once the new one has spoken it is heard alone."""
    held.take(certify(ROOT, STRANGER.public, 1, 10**14), LATE, 0)
    held.take(plane.lineage(standing()), LATE, 0)
    after = Plane(time=LATE, key=STRANGER)
    after.n, after.digest = plane.n, plane.digest
    held.take(after.lineage(standing(live=False)), LATE, 0)
    assert held.n == 2
    plane.n, plane.digest = after.n, after.digest
    assert refused(held, plane.lineage(standing())) == "feed-forged"
    held.take(plane.certificate, LATE, 0)
    assert refused(held, plane.lineage(standing())) == "feed-forged", "it has had its time"
    assert FEED.public != STRANGER.public


# -- cut off --


def later(held: Held, since: int, own_skew: int = 0) -> bool:
    """Is alice denied ``since`` milliseconds after the last heartbeat, as the gate's own clock (skewed) would have it?"""
    who = subject(basic("alice").encode(), b"/?" + plain("BAD1").encode())
    return not held.decide(who, held.clocks(held.heard + since + own_skew, since)).allow


@pytest.fixture
def before_due(plane: Plane, held: Held) -> Held:
    """The gate heard last ten minutes before the due."""
    plane = Plane(time=DUE - 10 * MINUTE)
    fresh = Held(held.snapshot, ROOT.public, SECRET, DUE - 10 * MINUTE, 0)
    fresh._anchor.heard = DUE - 10 * MINUTE  # the fixture's snapshot is from after the due
    fresh.take(plane.beat(DUE - 10 * MINUTE + 1), DUE - 10 * MINUTE + 1, 0)
    return fresh


def test_cut_off_before_a_due_nothing_new_starts(before_due: Held) -> None:
    assert not later(before_due, 10 * MINUTE)
    assert not later(before_due, 20 * HOUR)


def test_cut_off_within_five_minutes_of_a_due_it_starts(before_due: Held) -> None:
    plane = Plane(time=DUE - 4 * MINUTE)
    before_due.take(plane.beat(DUE - 4 * MINUTE), DUE - 4 * MINUTE, 0)
    assert not later(before_due, 4 * MINUTE - 1)
    assert later(before_due, 4 * MINUTE)


def test_a_fast_clock_starts_nothing_early(before_due: Held, plane: Plane) -> None:
    before_due.take(Plane(time=DUE - MINUTE).beat(DUE - MINUTE), DUE - MINUTE, 0)
    assert not later(before_due, 0, own_skew=4 * MINUTE)


def test_past_max_staleness_it_allows_or_keeps_only_old_denials(held: Held, plane: Plane) -> None:
    assert later(held, DAY)
    assert not later(held, DAY + 1)
    held.take(plane.lineage(standing(on_stale=OnUnknown.DENY)), LATE, 0)
    assert later(held, 30 * DAY)
    held.take(plane.denials([(LATE + MINUTE, [0])]), LATE, 0)
    assert later(held, MINUTE)
    assert not later(held, 30 * DAY), "it was not denied when the gate last heard"


def test_a_sunset_ends_denials_by_whichever_clock_is_later(held: Held, plane: Plane) -> None:
    held.take(plane.lineage(standing(sunset=LATE + HOUR)), LATE, 0)
    assert later(held, HOUR - 1)
    assert not later(held, HOUR)
    assert not later(held, 0, own_skew=HOUR)


def test_a_heartbeat_about_records_not_held_says_nothing(held: Held, plane: Plane) -> None:
    plane.lineage(standing(live=False))
    heard = held.heard
    assert held.take(plane.beat(LATE + MINUTE), LATE + MINUTE, MINUTE) == []
    assert held.heard == heard


def test_an_older_heartbeat_does_not_turn_time_back(held: Held, plane: Plane) -> None:
    held.take(plane.beat(LATE + HOUR), LATE + HOUR, HOUR)
    assert held.take(plane.beat(LATE + MINUTE), LATE + HOUR, HOUR) == []
    assert held.heard == LATE + HOUR


def test_dues_that_have_passed_are_merged_without_a_difference(held: Held, plane: Plane) -> None:
    held.take(plane.denials([(DUE, [0]), (LATE + 1, [2]), (LATE + DAY, [1])]), LATE, 0)
    held.take(plane.beat(LATE + HOUR), LATE + HOUR, HOUR)
    assert [start for start, _ in held._denials["no-tiktok"][0]] == [LATE + 1, LATE + DAY]
    assert asked(held, "alice", plain("BAD1"), LATE + HOUR) == (False, Reason.DENIED)
