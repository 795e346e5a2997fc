"""core.lifecycle: the table is closed, and its picture shows all of it."""

import itertools
import re
from pathlib import Path

import pytest

from countermand.core import lifecycle
from countermand.core.errors import Refused
from countermand.core.lifecycle import TRANSITIONS, State, Verb, after, final, verbs


@pytest.mark.parametrize(("state", "verb"), list(itertools.product(State, Verb)))
def test_every_step_is_taken_or_refused(state: State, verb: Verb) -> None:
    if (state, verb) in TRANSITIONS:
        assert after(state, verb) is TRANSITIONS[state, verb]
        return
    with pytest.raises(Refused) as refused:
        after(str(state), str(verb))
    assert refused.value.code == "wrong-state"
    assert str(verb) in refused.value.sentence
    assert all(str(possible) in refused.value.remedy for possible in verbs(state))


def reachable() -> set[State]:
    found, fresh = {State.DRAFT}, {State.DRAFT}
    while fresh:
        fresh = {end for (begin, _), end in TRANSITIONS.items() if begin in fresh} - found
        found |= fresh
    return found


def test_every_state_is_reached_and_ends_are_ends() -> None:
    assert reachable() == set(State)
    assert {state for state in State if final(state)} == {State.WITHDRAWN, State.RESCINDED, State.SUPERSEDED}
    assert {verb for _, verb in TRANSITIONS} == set(Verb)


def test_only_a_proposed_text_is_issued_and_an_edit_goes_back() -> None:
    assert [begin for (begin, verb) in TRANSITIONS if verb is Verb.ISSUE] == [State.PROPOSED]
    assert after("proposed", "write") is State.DRAFT
    assert (State.ISSUED, Verb.WRITE) not in TRANSITIONS


def test_the_way_back_is_open_from_every_state_that_tells_anyone() -> None:
    assert {Verb.RESCIND, Verb.HALT} <= set(verbs(State.ISSUED))
    assert all(end is not State.ISSUED for (_, verb), end in TRANSITIONS.items() if verb is Verb.RESCIND)


def test_the_diagram_shows_every_step() -> None:
    arrows = re.findall(r"(\w+) --> (\w+): (.+)", lifecycle.diagram())
    shown = {(begin, verb, end) for begin, end, found in arrows for verb in found.split(", ")}
    assert shown == {(begin, verb, end) for (begin, verb), end in TRANSITIONS.items()}


def test_the_page_is_fresh() -> None:
    page = Path(__file__).resolve().parents[2] / "docs/lifecycle.md"
    assert page.read_text("utf-8") == lifecycle.page()
