"""Named cases of the timeline: people are held to what they were told, and never to more than is asked now."""

from dataclasses import replace
from typing import Any

from build import (
    ALICE,
    DENY,
    DUE,
    TIKTOK,
    TRILL,
    applies,
    block,
    directive,
    forces,
    known,
    lineage,
    phone,
    terms,
)

from countermand.core import facts
from countermand.core.devices import Ownership
from countermand.core.directive import Consequence, Evidence, Force, Ring, Rollout
from countermand.core.facts import Block, Known
from countermand.core.instants import DAY, HOUR, Instant, from_iso
from countermand.core.terms import Lineage
from countermand.core.timeline import denied_at, timeline, unregistered

HAS = frozenset({TIKTOK})
TOLD = frozenset({(1, DUE)})
LATER = DUE + 7 * DAY


def start(of: Known, under: Lineage | None = None) -> Instant | None:
    entries = timeline(block(of), under or lineage())
    assert sum(len(devices) for _, devices in entries) <= 1
    return entries[0][0] if entries else None


def test_seen_and_told_is_denied_from_the_due() -> None:
    assert start(known(present=HAS, told=TOLD)) == DUE


def test_not_told_is_never_denied() -> None:
    assert start(known(present=HAS)) is None


def test_absence_of_data_is_never_denied() -> None:
    assert start(known(told=TOLD)) is None


def test_a_protected_account_is_never_denied() -> None:
    assert start(known(present=HAS, told=TOLD, protected=True)) is None


def test_a_recommendation_and_a_report_deny_nobody() -> None:
    advised = lineage(terms(applies_to=applies(force=forces(corporate=Force.RECOMMENDATION))))
    assert start(known(present=HAS, told=TOLD), advised) is None
    report = lineage(terms(consequence=Consequence.REPORT_ONLY))
    assert start(known(present=HAS, told=TOLD), report) is None


def test_an_exemption_delays_the_denial_to_its_end() -> None:
    exempt = known(present=HAS, told=TOLD, exempt=frozenset({("no-tiktok", LATER), ("no-tiktok", DUE + DAY)}))
    assert start(exempt) == LATER


def test_what_the_gate_denies_does_not_ask_whether_mail_was_ever_seen() -> None:
    assert start(known(phone(reads_mail=False), present=HAS, told=TOLD)) == DUE


def test_removed_mail_is_denied_all_the_same_should_it_ask_again() -> None:
    assert start(known(present=HAS, told=TOLD, mail_removed=True)) == DUE


def test_a_wider_version_waits_for_its_own_notice() -> None:
    both = lineage(terms(1), terms(2, apps=frozenset({TIKTOK, TRILL}), last_due=LATER))
    other_app = frozenset({TRILL})
    assert start(known(present=other_app, told=TOLD), both) is None
    assert start(known(present=other_app, told=TOLD | {(2, LATER)}), both) == LATER


def test_a_milder_version_works_at_once() -> None:
    milder = lineage(terms(1, apps=frozenset({TIKTOK, TRILL})), terms(2, apps=frozenset({TRILL})))
    assert start(known(present=HAS, told=TOLD), milder) is None


def test_more_then_less_then_more_again_needs_a_new_telling() -> None:
    both = frozenset({TIKTOK, TRILL})
    thrice = lineage(terms(1, apps=both), terms(2, apps=frozenset({TRILL})), terms(3, apps=both, last_due=LATER))
    assert start(known(present=HAS, told=TOLD), thrice) is None
    assert start(known(present=HAS, told=frozenset({(1, DUE), (3, LATER)})), thrice) == LATER


def test_an_app_dropped_and_another_added_is_not_what_the_person_was_told() -> None:
    swapped = lineage(terms(1), terms(2, apps=frozenset({TRILL})))
    has_both = frozenset({TIKTOK, TRILL})
    assert start(known(present=has_both, told=TOLD), swapped) is None
    assert start(known(present=has_both, told=TOLD | {(2, LATER)}), swapped) == LATER


def test_a_lapse_under_one_version_and_an_app_that_the_next_one_adds_are_two_grounds() -> None:
    strict = Evidence(7 * DAY, directive().evidence.minimum_grade, DENY)
    wider = lineage(terms(1, evidence=strict), terms(2, apps=frozenset({TIKTOK, TRILL}), evidence=strict))
    has_the_new_one = with_lapse(known(present=frozenset({TRILL}), told=TOLD))
    assert timeline(has_the_new_one, wider) == []


def test_an_extension_holds_from_its_first_write_for_whoever_was_not_told_yet() -> None:
    extended = lineage(terms(1), terms(2, last_due=LATER + 12 * HOUR))
    assert start(known(present=HAS, told=TOLD), extended) == LATER + 12 * HOUR
    assert start(known(present=HAS, told=TOLD | {(2, LATER)}), extended) == LATER


def test_a_shorter_due_binds_only_whoever_was_told_of_it() -> None:
    shorter = lineage(terms(1), terms(2, last_due=DUE - DAY))
    assert start(known(present=HAS, told=TOLD), shorter) == DUE
    assert start(known(present=HAS, told=TOLD | {(2, DUE - DAY)}), shorter) == DUE - DAY


def test_nothing_before_the_lineages_not_before() -> None:
    assert start(known(present=HAS, told=TOLD), lineage(not_before=LATER)) == LATER


def test_a_move_from_los_angeles_to_berlin_after_the_notice_changes_no_due() -> None:
    evening_there = frozenset({(1, from_iso("2020-07-18T00:00:00Z"))})
    moved = replace(ALICE, zone="Europe/Berlin", country="DE")
    assert start(known(person=moved, present=HAS, told=evening_there)) == start(known(present=HAS, told=evening_there)) == DUE


def test_a_joiner_after_the_due_has_one_of_their_own() -> None:
    assert start(known(present=HAS, told=frozenset({(1, LATER)}))) == LATER


def test_a_bounce_takes_the_telling_back_and_the_denial_with_it() -> None:
    reached, bounced = known(present=HAS, told=TOLD), known(present=HAS)
    assert (start(reached), start(bounced)) == (DUE, None)


def test_a_new_owner_is_held_to_their_own_notice_and_their_own_protection() -> None:
    bob = replace(ALICE, login="bob")
    first = known(present=HAS, told=TOLD, rings=frozenset({("no-tiktok", 0)}), groups=frozenset({"staff"}))
    untold, told_late = known(present=HAS, person=bob), known(present=HAS, person=bob, told=frozenset({(1, LATER)}))
    assert [start(of) for of in (first, untold, told_late)] == [DUE, None, LATER]
    assert start(known(present=HAS, person=bob, told=TOLD, protected=True)) is None
    assert start(known(present=HAS, person=None, told=TOLD)) is None, "a phone that is nobody's"


def test_whoever_was_told_and_installs_the_app_later_is_denied_at_once() -> None:
    entries = timeline(block(known(present=HAS, told=TOLD)), lineage())
    assert len(denied_at(entries, LATER)) == 1
    assert not denied_at(timeline(block(known(told=TOLD)), lineage()), LATER)


def rolled(**changes: Any) -> Lineage:
    rollout = Rollout((Ring(0.01, 4 * HOUR), Ring(0.1, DAY), Ring(1.0)))
    return lineage(terms(rollout=rollout), **changes)


def test_a_closed_ring_denies_nobody_and_an_open_one_from_its_opening() -> None:
    first = known(present=HAS, told=TOLD, rings=frozenset({("no-tiktok", 0)}))
    second = known(present=HAS, told=TOLD, rings=frozenset({("no-tiktok", 1)}))
    rest = known(present=HAS, told=TOLD)
    one_open = rolled(rings_opened=(DUE - DAY,))
    assert [start(of, one_open) for of in (first, second, rest)] == [DUE, None, None]
    all_open = rolled(rings_opened=(DUE - DAY, DUE + HOUR, LATER))
    assert [start(of, all_open) for of in (first, second, rest)] == [DUE, DUE + HOUR, LATER]


def with_lapse(of: Known) -> Block:
    built = block(of)
    return Block(0, {**built.sets, facts.lapsed(1): built[facts.EVERY]})


def test_a_lapse_counts_only_where_the_version_says_deny() -> None:
    denying = lineage(terms(evidence=Evidence(7 * DAY, directive().evidence.minimum_grade, DENY)))
    assert timeline(with_lapse(known(told=TOLD)), denying)[0][0] == DUE
    assert timeline(with_lapse(known(told=TOLD)), lineage()) == []


def people(told: frozenset[tuple[int, Instant]] = TOLD, protected: bool = False) -> Block:
    names = facts.person_names(known().person, frozenset(), told, frozenset(), frozenset(), protected)  # type: ignore[arg-type]
    return facts.block_of(0, {0: names})


def test_unregistered_devices_are_denied_only_if_the_version_says_so_of_personal_ones() -> None:
    strict = lineage(terms(applies_to=applies(unregistered=DENY)))
    assert unregistered(people(), strict)[0][0] == DUE
    assert unregistered(people(), lineage()) == []
    assert unregistered(people(frozenset()), strict) == []
    assert unregistered(people(protected=True), strict) == []
    spared = lineage(terms(applies_to=applies(unregistered=DENY, force=forces(personal=Force.OUT_OF_SCOPE))))
    assert unregistered(people(), spared) == []


def test_each_device_stands_once_and_is_denied_from_its_start_on() -> None:
    fleet = block(*(known(present=HAS, told=frozenset({(1, DUE + hour * HOUR)})) for hour in range(3)))
    entries = timeline(fleet, lineage())
    assert [instant for instant, _ in entries] == [DUE, DUE + HOUR, DUE + 2 * HOUR]
    assert len(denied_at(entries, DUE + HOUR)) == 2
    assert not denied_at(entries, DUE - 1)


def test_a_second_telling_of_the_same_lineage_never_worsens_an_earlier_due() -> None:
    personal = known(phone(ownership=Ownership.PERSONAL), present=HAS, told=TOLD | {(2, DUE)})
    assert start(personal, lineage(terms(1), terms(2))) == DUE
