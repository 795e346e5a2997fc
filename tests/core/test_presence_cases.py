"""Named cases of presence, each from reports to verdict: what was said, in which order, and what it may be held to mean."""

from dataclasses import replace

import pytest
from build import DUE, NOW, directive
from fleets import block_of, lineage_of, presence_of, reasons
from oracle import Order, Owner, Phone, Sources, Version
from strategies import ANDROID, FIRST, IOS, LATER, ORDER, World

from countermand.core.coverage import EVERYTHING, Coverage, Grade, Report
from countermand.core.devices import Device, Enrollment, Ownership, Platform
from countermand.core.instants import DAY, HOUR, Instant
from countermand.core.people import Person
from countermand.core.presence import forget
from countermand.core.timeline import timeline

TIKTOK, TRILL, LARK = IOS
THIS_ORDER = Order(ORDER, (Version(1, directive(), (TIKTOK, ANDROID[0]), DUE),))
ALICE = Owner(Person("alice", "", "Alice", country="US"), told=((1, DUE),))
IPHONE = Device(frozenset(), "alice", Platform.IOS, "", Ownership.CORPORATE, Enrollment.SUPERVISED, reads_mail=True)


def inventory(at: Instant, *shown: object, source: str = "mdm", coverage: Coverage = EVERYTHING) -> Report:
    return Report(source, at, Grade.INVENTORY, coverage, frozenset(shown))  # type: ignore[arg-type]


def phone(*reports: Report) -> Phone:
    return Phone(IPHONE, ALICE, reports)


def reason(of: Phone, now: Instant = NOW, contact: Instant | None = None) -> str:
    world = World(THIS_ORDER, (of,), Sources({"mdm": now if contact is None else contact}), now)
    return reasons(world, block_of([of]))[0]


def start(of: Phone) -> Instant | None:
    return next((at for at, _ in timeline(block_of([of]), lineage_of(THIS_ORDER))), None)


def test_a_watched_app_added_after_yesterdays_inventory_is_unknown() -> None:
    yesterday = inventory(NOW - DAY, coverage=Coverage(frozenset({LARK})))
    assert reason(phone(yesterday)) == "not-looked"


def test_a_named_query_clears_what_it_named_and_is_no_full_list() -> None:
    shown = inventory(NOW - DAY, TIKTOK, TRILL)
    answer = inventory(NOW, coverage=Coverage(FIRST))
    assert presence_of([shown, answer]).apps == {TRILL}
    assert reason(phone(shown, answer)) == "seen-absent"
    other = inventory(NOW, coverage=Coverage(frozenset({TRILL})))
    assert reason(phone(shown, other)) == "present"


def test_the_mdm_says_removed_and_an_older_list_says_present() -> None:
    removed = inventory(NOW - HOUR)
    older = inventory(NOW - DAY, TIKTOK, source="google")
    for reports in ((removed, older), (older, removed)):
        assert reason(phone(*reports)) == "seen-absent"


def test_the_mdm_says_removed_and_a_later_list_of_another_says_present() -> None:
    assert reason(phone(inventory(NOW - DAY), inventory(NOW - HOUR, TIKTOK, source="google"))) == "present"


def test_two_reports_out_of_order_mean_what_they_mean_in_order() -> None:
    installed, removed = inventory(NOW - 2 * HOUR, TIKTOK), inventory(NOW - HOUR)
    assert reason(phone(removed, installed)) == reason(phone(installed, removed)) == "seen-absent"
    again = inventory(NOW, TIKTOK)
    assert reason(phone(again, removed, installed)) == "present"


def test_of_two_answers_of_the_same_moment_the_one_that_shows_it_counts() -> None:
    assert reason(phone(inventory(NOW, TIKTOK), inventory(NOW, source="google"))) == "present"


def test_a_phone_with_the_app_that_stops_checking_in_stays_denied() -> None:
    silent = phone(inventory(NOW - 300 * DAY, TIKTOK))
    assert reason(silent) == "present"
    assert start(silent) == DUE


def test_an_attestation_clears_no_presence() -> None:
    word = Report("attestation", NOW, Grade.ATTESTED, Coverage(FIRST), frozenset())
    assert reason(phone(inventory(NOW - DAY, TIKTOK), word)) == "present"


@pytest.mark.parametrize("enrollment", [Enrollment.EAS, Enrollment.NONE])
def test_unenrolling_clears_no_presence(enrollment: Enrollment) -> None:
    seen = phone(inventory(NOW - DAY, TIKTOK))
    left = replace(seen, device=replace(IPHONE, enrollment=enrollment))
    assert reason(left) == "present"
    assert start(left) == DUE


def test_a_replaced_phone_is_denied_nothing_for_what_it_once_showed() -> None:
    gone = replace(phone(inventory(NOW - DAY, TIKTOK)), device=replace(IPHONE, retired=True))
    assert (reason(gone), start(gone)) == ("retired", None)


def test_retention_that_deletes_presence_leaves_the_phone_unknown_and_never_compliant() -> None:
    before = presence_of([inventory(NOW - DAY, TIKTOK, LARK)])
    after = forget(before, frozenset({LARK}))
    assert after.apps == {LARK}
    ((kept, _),) = after.looked.items()
    assert kept[2] == Coverage(frozenset({LARK}))
    assert not kept[2].includes(frozenset({TIKTOK}))
    assert reason(phone(inventory(NOW - DAY, LARK, coverage=kept[2]))) == "not-looked"


def test_ids_are_whole_and_their_platforms_apart() -> None:
    """A list of one platform's ids says nothing of the other's."""
    android = replace(IPHONE, platform=Platform.ANDROID)
    answer = inventory(NOW, coverage=Coverage(frozenset({TIKTOK})))
    assert reason(phone(answer)) == "seen-absent"
    assert reason(replace(phone(answer), device=android)) == "not-looked"


def test_evidence_keeps_while_its_source_is_silent_and_ages_when_it_speaks_again() -> None:
    seen = phone(inventory(NOW - DAY))
    assert reason(seen, now=LATER + 30 * DAY, contact=NOW) == "seen-absent"
    assert reason(seen, now=LATER + 30 * DAY, contact=LATER + 30 * DAY) == "stale"
