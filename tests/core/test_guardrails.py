"""core.guardrails: what stops an issue, and that halting has no guard rail at all."""

from dataclasses import replace
from typing import Any

import pytest
from documents import directive
from hypothesis import given
from hypothesis import strategies as st

from countermand.core.errors import RefusedMany
from countermand.core.guardrails import (
    APPROVAL_LIVES,
    Attempt,
    Rails,
    Signature,
    approvals_needed,
    approvers,
    bounds,
    may_issue,
    may_resume,
    recommends_only,
    short_notice,
    stops,
)
from countermand.core.instants import HOUR, from_iso

NOW = from_iso("2020-07-10T09:00:00Z")
RAILS = Rails()
FORCE = {"corporate": "recommendation", "personal": "recommendation", "contractor": "out_of_scope"}
ADVICE = directive(applies_to={"force": FORCE})
ORDER = directive(consequence="deny_mail", due={"after": "7d"})


def signed(*names: str, bundle: str = "b") -> tuple[Signature, ...]:
    return tuple(Signature(name, bundle, NOW) for name in names)


def attempt(**changes: Any) -> Attempt:
    given_ = {
        "directive": ORDER,
        "authors": frozenset({"ann"}),
        "signatures": signed("ben", "cleo"),
        "bundle_digest": "b",
        "operators": 3,
        "people": 1000,
        "expected": 1000,
        "peak": 40,
        "acknowledged": 40,
        "now": NOW,
    }
    return Attempt(**{**given_, **changes})


def test_what_is_in_order_goes() -> None:
    may_issue(attempt(), RAILS)


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"signatures": ()}, "too-few-approvals"),
        ({"signatures": signed("ben")}, "too-few-approvals"),
        ({"signatures": signed("ben", "ben")}, "too-few-approvals"),
        ({"signatures": signed("ben", "ann")}, "too-few-approvals"),
        ({"signatures": signed("ben") + signed("cleo", bundle="other")}, "too-few-approvals"),
        ({"signatures": (*signed("ben"), Signature("cleo", "b", NOW, counts_from=NOW + 1))}, "too-few-approvals"),
        ({"authors": frozenset({"ann", "cleo"})}, "too-few-approvals"),
        ({"directive": replace(ORDER, minimum_notice=71 * HOUR)}, "too-few-approvals"),
        ({"directive": directive(due={"at": "2020-07-13T22:59"})}, "too-few-approvals"),
        ({"expected": None}, "expected-people-missing"),
        ({"people": 979}, "expected-people-differ"),
        ({"people": 1021}, "expected-people-differ"),
        ({"expected": 0}, "expected-people-differ"),
        ({"peak": 41}, "peak-not-acknowledged"),
        ({"directive": directive(sunset="2020-07-09")}, "already-over"),
    ],
)
def test_each_stop_alone(changes: dict[str, Any], code: str) -> None:
    with pytest.raises(RefusedMany) as refused:
        may_issue(attempt(**changes), RAILS)
    assert [problem.code for problem in refused.value.problems] == [code]
    assert refused.value.problems[0].sentence
    assert refused.value.problems[0].remedy


@pytest.mark.parametrize(
    "changes",
    [
        {"people": 980},
        {"people": 1020},
        {"peak": 0},
        {"signatures": (*signed("ben"), Signature("cleo", "b", NOW, counts_from=NOW))},
        {"directive": directive(due={"at": "2020-07-13T23:00"})},  # 72 hours away where the day begins first
        {"directive": directive(sunset="2020-07-10")},
        {"directive": replace(ORDER, minimum_notice=0), "signatures": signed("ben", "cleo", "dora")},
    ],
)
def test_what_just_passes(changes: dict[str, Any]) -> None:
    assert stops(attempt(**changes), RAILS) == []


def test_all_stops_at_once() -> None:
    found = stops(attempt(signatures=(), expected=5, peak=50, directive=directive(sunset="2020-07-01")), RAILS)
    assert [problem.code for problem in found] == [
        "already-over",
        "expected-people-differ",
        "peak-not-acknowledged",
        "too-few-approvals",
    ]


def test_a_firm_with_one_operator_recommends_only() -> None:
    alone = {"operators": 1, "authors": frozenset({"ann"}), "signatures": ()}
    assert stops(attempt(**alone, directive=ADVICE), RAILS) == []
    assert "one-operator-recommends-only" in [problem.code for problem in stops(attempt(**alone), RAILS)]
    # Even a report is an order where something is mandatory.
    assert "one-operator-recommends-only" in [problem.code for problem in stops(attempt(**alone, directive=directive()), RAILS)]
    assert approvals_needed(ADVICE, RAILS, operators=2, now=NOW) == 2
    assert recommends_only(ADVICE)
    assert not recommends_only(ORDER)


def test_short_notice_is_seen_where_the_day_begins_first() -> None:
    assert short_notice(directive(due={"at": "2020-07-13T22:59"}), RAILS, NOW)
    assert not short_notice(directive(due={"at": "2020-07-13T23:00"}), RAILS, NOW)
    assert short_notice(directive(due={"after": "71h"}), RAILS, NOW)
    assert not short_notice(directive(), RAILS, NOW)


def test_a_resumption_needs_a_halt_and_all_that_an_issue_needs() -> None:
    may_resume(attempt(), RAILS, halted=True)
    with pytest.raises(RefusedMany) as refused:
        may_resume(attempt(signatures=()), RAILS, halted=False)
    assert [problem.code for problem in refused.value.problems] == ["not-halted", "too-few-approvals"]


names = st.sampled_from(["ann", "ben", "cleo", "dora"])
signatures = st.lists(st.builds(Signature, names, st.sampled_from(["b", "c"]), st.integers(0, 9), st.integers(0, 9)), max_size=8)


@given(signatures, st.frozensets(names))
def test_who_counts_as_an_approver(given_: list[Signature], authors: frozenset[str]) -> None:
    found = approvers(given_, "b", authors, 9)
    assert not found & authors
    assert all(
        any(one.operator == name and one.bundle_digest == "b" and one.at >= one.counts_from for one in given_) for name in found
    )
    assert approvers([*given_, *given_], "b", authors, 9) == found
    lapsed = approvers(given_, "b", authors, 9 + APPROVAL_LIVES)
    assert lapsed == frozenset()


@given(st.integers(0, 10**6), st.sampled_from([0.0, 0.01, 0.02, 0.1, 0.29]))
def test_bounds_hold_the_tolerance_exactly(expected: int, tolerance: float) -> None:
    least, most = bounds(expected, tolerance)
    slack = round(tolerance * 100) * expected
    assert least <= expected <= most
    assert 100 * (expected - least) <= slack < 100 * (expected - least + 1)
    assert 100 * (most - expected) <= slack < 100 * (most - expected + 1)
