"""Named cases of the verdict: each is a way in which an innocent could be cut off, or a guilty one missed."""

import pytest
from build import (
    DENY,
    DUE,
    NAMED,
    NARROW,
    NOW,
    TIKTOK,
    TRILL,
    applies,
    block,
    contacts,
    directive,
    forces,
    known,
    lineage,
    look,
    phone,
    terms,
)

from countermand.core.coverage import Grade
from countermand.core.devices import Enrollment, Ownership
from countermand.core.directive import ComplyBy, Evidence, Force, People
from countermand.core.explain import explain
from countermand.core.facts import Block, Known, hour_is_over
from countermand.core.instants import DAY, HOUR, Instant
from countermand.core.lapse import lapsing
from countermand.core.terms import Lineage
from countermand.core.verdict import Reason, Status, judge

HAS = frozenset({TIKTOK})


def reason(of: Known, under: Lineage | None = None, at: Instant = NOW, heard: Instant = NOW) -> Reason:
    verdicts = judge(block(of), under or lineage(), contacts(heard), at)
    (found,) = [name for name, devices in verdicts.by_reason.items() if devices]
    return found


def test_a_full_inventory_without_the_app_is_compliant() -> None:
    assert reason(known(looked={look(): NOW - HOUR})) is Reason.SEEN_ABSENT


def test_the_app_is_noncompliant_once_the_told_due_has_come_and_in_grace_before() -> None:
    has = known(present=HAS, told=frozenset({(1, DUE)}))
    assert reason(has, at=DUE) is Reason.PRESENT
    assert reason(has, at=DUE - 1) is Reason.PRESENT_IN_GRACE


def test_a_watched_app_added_after_yesterdays_inventory_is_unknown_and_not_compliant() -> None:
    assert reason(known(looked={look(coverage=NARROW): NOW - DAY})) is Reason.NOT_LOOKED


def test_the_answer_to_a_named_query_that_covers_every_id_is_as_good_as_a_full_list() -> None:
    assert reason(known(looked={look(coverage=NAMED): NOW})) is Reason.SEEN_ABSENT


def test_the_answer_to_a_query_for_another_app_proves_nothing() -> None:
    wider = lineage(terms(apps=frozenset({TIKTOK, TRILL})))
    assert reason(known(looked={look(coverage=NARROW): NOW}), wider) is Reason.NOT_LOOKED


def test_an_attestation_is_too_weak_for_a_corporate_phone_and_enough_for_a_personal_one() -> None:
    attested = {look(Grade.ATTESTED, NAMED, "attestation"): NOW}
    assert reason(known(looked=attested)) is Reason.NOT_LOOKED
    own = phone(ownership=Ownership.PERSONAL, enrollment=Enrollment.USER)
    assert reason(known(own, looked=attested)) is Reason.SEEN_ABSENT


def test_evidence_older_than_the_limit_is_stale() -> None:
    assert reason(known(looked={look(): NOW - 9 * DAY})) is Reason.STALE


def test_a_dead_connector_ages_nobody() -> None:
    seen = NOW - 9 * DAY
    assert reason(known(looked={look(): seen}), heard=seen + HOUR) is Reason.SEEN_ABSENT


@pytest.mark.parametrize(("age", "expected"), [(36 * HOUR, Reason.SEEN_ABSENT), (50 * HOUR, Reason.STALE)])
def test_a_short_limit_reads_hour_sets(age: int, expected: Reason) -> None:
    strict = directive().evidence
    short = lineage(terms(evidence=Evidence(48 * HOUR, strict.minimum_grade)))
    assert reason(known(looked={look(): NOW - age}), short) is expected


def test_ages_are_rounded_in_the_devices_favour() -> None:
    just_over = NOW - 7 * DAY - HOUR  # the same calendar day as the limit
    assert reason(known(looked={look(): just_over})) is Reason.SEEN_ABSENT


def test_a_phone_nobody_can_look_into_is_invisible() -> None:
    assert reason(known(phone(enrollment=Enrollment.USER))) is Reason.INVISIBLE


def test_no_named_app_on_the_platform_is_invisible_and_not_compliant() -> None:
    assert reason(known(looked={look(): NOW}), lineage(terms(apps=frozenset()))) is Reason.INVISIBLE


def test_never_heard_of() -> None:
    assert reason(known()) is Reason.NEVER_REPORTED


def test_an_exemption_holds_up_to_its_end() -> None:
    exempt = known(present=HAS, exempt=frozenset({("no-tiktok", NOW)}))
    assert reason(exempt, at=NOW - 1) is Reason.EXEMPTION
    assert reason(exempt, at=NOW) is Reason.PRESENT


def test_an_exemption_from_another_directive_is_none() -> None:
    assert reason(known(present=HAS, exempt=frozenset({("other", NOW + DAY)}))) is Reason.PRESENT


def test_a_retired_phone_is_out_of_scope_with_its_evidence() -> None:
    assert reason(known(phone(retired=True), present=HAS)) is Reason.RETIRED


def test_removing_mail_counts_only_where_the_directive_accepts_it() -> None:
    gone = known(present=HAS, mail_removed=True)
    assert reason(gone) is Reason.PRESENT
    either = lineage(terms(comply_by=frozenset({ComplyBy.REMOVE_APP, ComplyBy.REMOVE_MAIL})))
    assert reason(gone, either) is Reason.MAIL_REMOVED


@pytest.mark.parametrize(
    "people",
    [People(groups=frozenset({"finance"})), People(countries=frozenset({"DE"})), People(except_groups=frozenset({"staff"}))],
)
def test_whoever_the_text_does_not_speak_to_is_out_of_scope(people: People) -> None:
    narrowed = lineage(terms(applies_to=applies(people=people)))
    assert reason(known(present=HAS, groups=frozenset({"staff"})), narrowed) is Reason.OUT_OF_SCOPE


def test_a_force_of_out_of_scope_takes_the_ownership_out() -> None:
    corporate_only = lineage(terms(applies_to=applies(force=forces(personal=Force.OUT_OF_SCOPE))))
    assert reason(known(phone(ownership=Ownership.PERSONAL), present=HAS), corporate_only) is Reason.OUT_OF_SCOPE


def test_every_device_has_exactly_one_reason_and_every_reason_one_status() -> None:
    fleet = block(known(), known(present=HAS), known(phone(retired=True)), known(looked={look(): NOW}))
    verdicts = judge(fleet, lineage(), contacts(), NOW)
    assert sum(len(found) for found in verdicts.by_reason.values()) == 4
    assert sum(len(verdicts[status]) for status in Status) == 4


def test_a_lapse_needs_a_healthy_source_and_a_directive_that_says_so() -> None:
    strict = directive().evidence
    denying = lineage(terms(evidence=Evidence(7 * DAY, strict.minimum_grade, DENY)))
    stale = block(known(looked={look(): NOW - 9 * DAY}))
    assert len(lapsing(stale, denying, contacts(), {"mdm": True}, NOW)) == 1
    assert not lapsing(stale, denying, contacts(), {"mdm": False}, NOW)
    assert not lapsing(stale, lineage(), contacts(), {"mdm": True}, NOW)
    silent = block(known())
    assert not lapsing(silent, denying, contacts(), {"mdm": True}, NOW), "absence of data is not a lapse"


def lapses(of: Known, well: bool = True, heard: Instant = NOW) -> bool:
    denying = lineage(terms(evidence=Evidence(7 * DAY, directive().evidence.minimum_grade, DENY)))
    return bool(lapsing(block(of), denying, contacts(heard), {"mdm": well}, NOW))


def test_a_lapse_ends_with_fresh_evidence_with_its_source_and_with_the_phone() -> None:
    old = {look(): NOW - 9 * DAY}
    assert lapses(known(looked=old))
    assert not lapses(known(looked={**old, look(coverage=NAMED): NOW}))
    assert not lapses(known(looked=old), well=False)
    assert not lapses(known(phone(retired=True), looked=old))
    assert lapses(known(looked={**old, look(coverage=NARROW): NOW})), "an answer about something else ends nothing"


def test_a_dead_connector_lapses_nobody_who_was_fresh_when_it_died() -> None:
    assert not lapses(known(looked={look(): NOW - 9 * DAY}), well=False, heard=NOW - 8 * DAY)
    assert not lapses(known(looked={look(): NOW - 9 * DAY}), heard=NOW - 8 * DAY)


def test_an_employees_word_that_grew_old_lapses_nobody() -> None:
    own = phone(ownership=Ownership.PERSONAL, enrollment=Enrollment.USER)
    said = {look(Grade.ATTESTED, NAMED, "attestation"): NOW - 90 * DAY}
    assert reason(known(own, looked=said)) is Reason.STALE
    assert not lapses(known(own, looked=said))


def test_the_hour_sets_of_a_dead_source_are_kept_as_long_as_they_are_read() -> None:
    short = lineage(terms(evidence=Evidence(24 * HOUR, directive().evidence.minimum_grade)))
    died = NOW - 30 * DAY
    silent = block(known(looked={look(): died - HOUR}))
    kept = {name: found for name, found in silent.sets.items() if not hour_is_over(name, NOW, {"mdm": died})}
    assert judge(Block(0, kept), short, contacts(died), NOW).by_reason[Reason.SEEN_ABSENT]
    hours = [name for name in silent.sets if ":h" in name]
    assert [hour_is_over(name, NOW, {"mdm": NOW}) for name in hours] == [True]


def test_an_explanation_says_why_and_from_when() -> None:
    said = explain(block(known(present=HAS, told=frozenset({(1, DUE)}))), lineage(), contacts(), DUE - DAY)
    assert (said.status, said.due, said.denied_from) == (Status.IN_GRACE, DUE, DUE)
    assert (said.deniable, said.protected) == (True, False)
