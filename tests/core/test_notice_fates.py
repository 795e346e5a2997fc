"""Which promised words may leave: told from version and lineage alone."""

from itertools import product

import pytest

from countermand.core.lifecycle import State
from countermand.core.notices import FIRST, Fate, Kind, Standing

ISSUED = Standing(State.ISSUED)


@pytest.mark.parametrize("state", list(State))
def test_after_a_rescission_only_the_correction_leaves(state: State) -> None:
    for halted, kind in product((False, True), Kind):
        fate = Standing(state, halted, ended=True).fate(kind, 5)
        assert fate is (Fate.LEAVE if kind is Kind.RESCINDED else Fate.VOID)


@pytest.mark.parametrize("state", [state for state in State if state is not State.ISSUED])
def test_nothing_leaves_for_a_version_that_is_not_issued(state: State) -> None:
    assert {Standing(state).fate(kind, 5) for kind in Kind} == {Fate.VOID}


def test_while_it_holds_everything_leaves_but_what_would_be_untrue() -> None:
    assert {kind for kind in Kind if ISSUED.fate(kind, 5) is not Fate.LEAVE} == FIRST


def test_during_a_halt_only_the_word_of_it_leaves_and_nothing_is_lost() -> None:
    halted = Standing(State.ISSUED, halted=True)
    assert halted.fate(Kind.HALTED, 5) is Fate.LEAVE
    assert halted.fate(Kind.RESCINDED, 5) is Fate.VOID
    assert {halted.fate(kind, 5) for kind in set(Kind) - FIRST} == {Fate.WAIT}


def test_a_denial_announced_before_a_halt_is_not_announced_after_it() -> None:
    resumed = Standing(State.ISSUED, not_before=100)
    assert resumed.fate(Kind.DENIED, 99) is Fate.VOID
    assert resumed.fate(Kind.DENIED, 100) is Fate.LEAVE
    assert resumed.fate(Kind.RESTORED, 99) is Fate.LEAVE
