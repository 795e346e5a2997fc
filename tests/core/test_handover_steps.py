"""Receipts: whatever was wanted when, the reader's list ends as wanted, and what others put there stays."""

from dataclasses import replace

import build
from hypothesis import given
from hypothesis import strategies as st

from countermand.core.devices import IdentityKind, Platform
from countermand.core.directive import Consequence
from countermand.core.handover import Format, Item, Receipt, Thing, as_if_denying, fits, held, in_force, step
from countermand.core.instants import DAY
from countermand.core.schedule import end_of
from countermand.core.timeline import denied_at, timeline

ITEMS = [Item(Thing.DEVICE, f"login{n}", Platform.IOS, "eas", f"Appl{n}") for n in range(5)]
wanted_sets = st.frozensets(st.sampled_from(ITEMS))


def receipts_of(wanted: list[frozenset[Item]]) -> list[Receipt]:
    made: list[Receipt] = []
    for number, want in enumerate(wanted, 1):
        found = step(made, want)
        made.append(Receipt(number, Format.EXCHANGE_PS, found.added, found.removed, 0, "otto"))
    return made


@given(st.lists(wanted_sets, max_size=6), wanted_sets)
def test_what_is_held_is_what_was_wanted_last(before: list[frozenset[Item]], want: frozenset[Item]) -> None:
    made = receipts_of(before)
    assert held(made) == (before[-1] if before else frozenset())
    found = step(made, want)
    assert (found.adds, found.removes) == (found.added, found.removed) == (want - held(made), held(made) - want)


@given(st.lists(wanted_sets, max_size=6), wanted_sets, st.data())
def test_since_n_leads_there_from_wherever_the_reader_is(
    before: list[frozenset[Item]], want: frozenset[Item], data: st.DataObject
) -> None:
    made = receipts_of(before)
    since = data.draw(st.integers(0, len(made)))
    carried_out = since + data.draw(st.integers(0, len(made) - since))
    here = held(made[:carried_out])
    found = step(made, want, since)
    assert (here | found.adds) - found.removes == want
    assert not found.adds & found.removes
    receipt = Receipt(len(made) + 1, Format.EXCHANGE_PS, found.added, found.removed, 0, "otto")
    assert held([*made, receipt]) == want


@given(st.lists(wanted_sets, max_size=6), st.data())
def test_an_undo_removes_all_that_we_added_and_nothing_else(before: list[frozenset[Item]], data: st.DataObject) -> None:
    made = receipts_of(before)
    since = data.draw(st.none() | st.integers(0, len(made)))
    found = step(made, (), since)
    assert not found.adds
    assert held(made) <= found.removes <= frozenset().union(*(receipt.added for receipt in made))
    if since is None:
        assert found.removes == held(made)


def test_a_later_addition_that_may_be_missing_is_said_again() -> None:
    made = receipts_of([frozenset(ITEMS[:1]), frozenset(ITEMS[:2])])
    found = step(made, ITEMS[:2], since=1)
    assert (found.added, found.adds, found.removes) == (frozenset(), frozenset(ITEMS[1:2]), frozenset())


def test_only_what_a_format_can_carry_fits() -> None:
    eas = ITEMS[0]
    serial = replace(eas, kind="serial")
    app = Item(Thing.APP, "", Platform.IOS, "app", "com.example")
    password = replace(eas, kind=IdentityKind.PASSWORD.value)
    assert [fits(item, Format.EXCHANGE_PS) for item in (eas, serial, app, password)] == [True, False, False, False]
    assert [fits(item, Format.CSV) for item in (eas, serial, app, password)] == [True, True, True, False]
    for broken in (replace(eas, value=""), replace(eas, login=""), replace(eas, value="A\nB"), replace(eas, login="a\x00")):
        assert not fits(broken, Format.EXCHANGE_PS)


def _denied(consequence: Consequence, before: Consequence | None = None) -> int:
    told = build.known(present=frozenset({build.TIKTOK}), told=frozenset({(1, build.DUE)}))
    versions = [build.terms(1, consequence=consequence)]
    if before is not None:
        versions = [build.terms(1, consequence=before), build.terms(2, consequence=consequence)]
    lineage = as_if_denying(build.lineage(*versions))
    return len(denied_at(timeline(build.block(told), lineage), build.NOW))


def test_a_list_names_whom_the_order_would_deny() -> None:
    assert _denied(Consequence.HAND_OVER) == _denied(Consequence.REPORT_ONLY) == _denied(Consequence.DENY_MAIL) == 1


def test_people_are_not_held_to_a_notice_that_threatened_less() -> None:
    assert _denied(Consequence.HAND_OVER, before=Consequence.REPORT_ONLY) == 0
    assert _denied(Consequence.DENY_MAIL, before=Consequence.HAND_OVER) == 0
    assert _denied(Consequence.HAND_OVER, before=Consequence.DENY_MAIL) == 1


def test_an_order_that_is_halted_or_over_hits_nobody() -> None:
    from datetime import date

    sunset = date(2020, 7, 20)
    ends = end_of(sunset, "UTC")
    until = build.lineage(build.terms(sunset=sunset))
    assert in_force(build.lineage(), build.NOW + 9999 * DAY)
    assert not in_force(build.lineage(live=False), build.NOW)
    assert (in_force(until, ends - 1), in_force(until, ends)) == (True, False)
