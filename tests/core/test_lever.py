"""Levers, the rule itself: what others wrote is never touched, what we wrote goes, marks and switches say what they should."""

from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from countermand.core.lever import (
    NOTHING,
    Do,
    Left,
    Power,
    Quota,
    Receipt,
    Step,
    Switch,
    bears,
    clause,
    narrowed,
    step,
    value,
    widened,
)

#: Two values of ours, and one of somebody else's.
OURS, LATER, THEIRS = "ours", "later", "theirs"
WANTS = (NOTHING, OURS, LATER)
RECEIPTS = [
    Receipt(value, asked, was, settled)
    for value, asked, was, settled in product(WANTS, (None, *WANTS), (NOTHING, OURS), (True, False))
]


@pytest.mark.parametrize("seen", [None, NOTHING, OURS, LATER, THEIRS])
@pytest.mark.parametrize("want", WANTS)
def test_what_is_written_over_was_empty_or_ours(want: str, seen: str | None) -> None:
    for receipt in RECEIPTS:
        made = step(want, receipt, seen)
        if made.do is Do.WRITE:
            assert made.value == want
            assert seen == NOTHING or seen in receipt.ours
        if made.do is Do.KEEP:
            assert made.value == want
        if want == NOTHING and seen in receipt.ours:
            assert made == Step(Do.WRITE, NOTHING)
        if seen == THEIRS:
            assert made.do in {Do.CLOSE, Do.LEAVE}


@pytest.mark.parametrize(
    ("want", "receipt", "seen", "expected"),
    [
        (OURS, Receipt(), NOTHING, Step(Do.WRITE, OURS)),
        (OURS, Receipt(), THEIRS, Step(Do.LEAVE, why=Left.THEIRS)),
        (OURS, Receipt(OURS), THEIRS, Step(Do.LEAVE, why=Left.CHANGED)),
        (OURS, Receipt(OURS), NOTHING, Step(Do.LEAVE, why=Left.REMOVED)),
        (OURS, Receipt(OURS, settled=False), NOTHING, Step(Do.KEEP, OURS)),  # it is only not seen yet
        (LATER, Receipt(LATER, was=OURS, settled=False), OURS, Step(Do.WRITE, LATER)),  # what was before is seen still
        (OURS, Receipt(asked=OURS), NOTHING, Step(Do.WRITE, OURS)),  # it died before it wrote
        (OURS, Receipt(asked=OURS), OURS, Step(Do.KEEP, OURS)),  # it died after
        (LATER, Receipt(OURS, asked=LATER), NOTHING, Step(Do.LEAVE, why=Left.REMOVED)),
        (NOTHING, Receipt(OURS), OURS, Step(Do.WRITE, NOTHING)),
        (NOTHING, Receipt(OURS), THEIRS, Step(Do.CLOSE)),
        (NOTHING, Receipt(asked=OURS, settled=False), NOTHING, Step(Do.WRITE, NOTHING)),  # it may come yet
        (NOTHING, Receipt(OURS), None, Step(Do.CLOSE)),
        (OURS, Receipt(OURS), None, Step(Do.LEAVE, why=Left.MISSING)),
    ],
)
def test_each_case(want: str, receipt: Receipt, seen: str | None, expected: Step) -> None:
    assert step(want, receipt, seen) == expected


def test_a_mark_makes_it_ours_without_any_receipt() -> None:
    assert step(NOTHING, Receipt(), OURS, marked=True) == Step(Do.WRITE, NOTHING)
    assert step(OURS, Receipt(), OURS, marked=True) == Step(Do.KEEP, OURS)


@given(st.lists(st.tuples(st.sampled_from(["want", "kill", "edit", "look"]), st.sampled_from(WANTS)), max_size=30))
def test_any_history_ends_with_their_entry_or_none(history: list[tuple[str, str]]) -> None:
    """A system that is consistent at once; writes that die before, or after; a person who writes over, or empties."""
    there, receipt, want, theirs = NOTHING, Receipt(), NOTHING, False
    for what, said in history:
        if what == "want":
            want = said
        elif what == "edit":
            there, theirs = (THEIRS, True) if said else (NOTHING, False)
        else:
            receipt, there = _turn(want, receipt, there, dies=what == "kill", before=said == OURS)
    for _ in range(3):
        receipt, there = _turn(NOTHING, receipt, there)
    assert there == (THEIRS if theirs else NOTHING)
    assert not receipt.any


def _turn(want: str, receipt: Receipt, there: str, *, dies: bool = False, before: bool = False) -> tuple[Receipt, str]:
    made = step(want, receipt, there)
    if made.do is Do.KEEP:
        return Receipt(made.value), there
    if made.do is not Do.WRITE:
        return Receipt(), there
    asked = Receipt(receipt.value, made.value)
    if dies:
        return asked, there if before else made.value
    return Receipt(made.value), made.value


def test_a_value_names_its_directives_and_no_others() -> None:
    both = value("0a1b2c3d", ["b", "a"])
    assert both == value("0a1b2c3d", ["a", "b"])
    assert clause("0a1b2c3d", "a") in both
    assert clause("0a1b2c3d", "c") not in both
    assert bears("0a1b2c3d", both)
    assert not bears("ffffffff", both)
    assert value("0a1b2c3d", []) == NOTHING


@given(st.text(max_size=60))
def test_nobody_elses_text_bears_the_mark(text: str) -> None:
    assert not bears("0a1b2c3d", text)
    assert not bears("0a1b2c3d", value("0a1b2c3d", ["a"]) + text) or text == NOTHING


A, B = frozenset({"a"}), frozenset({"b"})


def test_the_switch_lets_go_of_what_is_over() -> None:
    on = Switch("p", Power.ON, A | B)
    assert narrowed(on, A | B) is None
    assert narrowed(on, A) == Switch("p", Power.ON, A)
    assert narrowed(on, frozenset()) == Switch("p", Power.OFF)
    assert narrowed(Switch("p", Power.ON, A | B, "edited"), A) == Switch("p", Power.OFF, frozenset(), "edited")
    assert narrowed(Switch("p", Power.OFF), A) is None


def test_the_switch_takes_in_what_is_ready_and_denies_only_when_enabled() -> None:
    assert widened(Switch(), A, enabled=False) == Switch("", Power.REPORT, A)
    assert widened(Switch("p", Power.REPORT, A), frozenset(), enabled=True) == Switch("p", Power.ON, A)
    assert widened(Switch("p", Power.ON, A), frozenset(), enabled=False) == Switch("p", Power.REPORT, A)
    assert widened(Switch("p", Power.ON, A), B, enabled=True) == Switch("p", Power.ON, A | B)
    assert widened(Switch("p", Power.OFF), A, enabled=True) == Switch("p", Power.ON, A)
    assert widened(Switch("p", Power.ON, A, "edited"), B, enabled=True) is None
    assert widened(Switch("p", Power.ON, A), frozenset(), enabled=True) is None


@given(st.frozensets(st.sampled_from("abc")), st.frozensets(st.sampled_from("abc")), st.sampled_from(list(Power)))
def test_narrowing_never_lets_anything_in(armed: frozenset[str], live: frozenset[str], power: Power) -> None:
    made = narrowed(Switch("p", power, armed), live)
    if made is not None:
        assert made.armed <= armed & live


def test_how_long_it_takes_is_said() -> None:
    assert Quota(3000, 150_000).lasts(840_000) == 42_000_000  # 11.7 hours
    assert Quota(3000, 150_000).per_second == 20
