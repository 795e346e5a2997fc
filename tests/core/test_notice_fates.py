"""Which promised words may leave: told from version and lineage alone."""

from itertools import product

import pytest

from countermand.core.lifecycle import State
from countermand.core.notices import FIRST, Fate, Kind, Standing

NOW = 1_000
ISSUED = Standing(State.ISSUED)


@pytest.mark.parametrize("state", list(State))
def test_after_a_rescission_only_the_correction_leaves(state: State) -> None:
    for halted, kind in product((False, True), Kind):
        fate = Standing(state, halted, ended=True).fate(kind, 5, NOW)
        assert fate is (Fate.LEAVE if kind is Kind.RESCINDED else Fate.VOID)


@pytest.mark.parametrize("state", [state for state in State if state is not State.ISSUED])
def test_nothing_leaves_for_a_version_that_is_not_issued(state: State) -> None:
    assert {Standing(state).fate(kind, 5, NOW) for kind in Kind} == {Fate.VOID}


def test_while_it_holds_everything_leaves_but_what_would_be_untrue() -> None:
    assert {kind for kind in Kind if ISSUED.fate(kind, 5, NOW) is not Fate.LEAVE} == FIRST


def test_during_a_halt_only_the_word_of_it_leaves_and_nothing_is_lost() -> None:
    halted = Standing(State.ISSUED, halted=True)
    assert halted.fate(Kind.HALTED, 5, NOW) is Fate.LEAVE
    assert halted.fate(Kind.RESCINDED, 5, NOW) is Fate.VOID
    assert {halted.fate(kind, 5, NOW) for kind in set(Kind) - FIRST} == {Fate.WAIT}


def test_a_denial_announced_before_a_halt_is_not_announced_after_it() -> None:
    resumed = Standing(State.ISSUED, not_before=100)
    assert resumed.fate(Kind.DENIED, 99, NOW) is Fate.VOID
    assert resumed.fate(Kind.DENIED, 100, NOW) is Fate.LEAVE
    assert resumed.fate(Kind.RESTORED, 99, NOW) is Fate.LEAVE


@pytest.mark.parametrize("halted", [False, True])
def test_after_its_sunset_it_asks_nothing_of_anybody(halted: bool) -> None:
    over = Standing(State.ISSUED, halted, sunset=NOW)
    assert {kind for kind in Kind if over.fate(kind, 5, NOW) is Fate.LEAVE} == {Kind.RESTORED}
    assert {over.fate(kind, 5, NOW) for kind in set(Kind) - {Kind.RESTORED}} == {Fate.VOID}
    assert over.fate(Kind.ISSUED, 5, NOW - 1) is (Fate.WAIT if halted else Fate.LEAVE)
