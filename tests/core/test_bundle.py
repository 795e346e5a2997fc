"""core.canonical and core.bundle: one meaning, one text; and nothing an approver relies on can change under a signature."""

import json
from dataclasses import replace
from typing import Any

import pytest
import rfc8785
from documents import document
from hypothesis import given
from hypothesis import strategies as st

from countermand.core.apps import App
from countermand.core.bundle import Bundle, Ceiling, Purpose
from countermand.core.canonical import canonical, digest
from countermand.core.devices import Platform
from countermand.core.guardrails import Rails

values = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53) + 1, 2**53 - 1) | st.floats(-1e15, 1e15) | st.text(max_size=9),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=5), inner, max_size=4),
    max_leaves=12,
)


@given(values)
def test_the_canonical_form_is_read_back(value: Any) -> None:
    text = canonical(value)
    assert json.loads(text) == value
    assert canonical(json.loads(text)) == text
    assert rfc8785.dumps(value) == text


def test_every_character_is_written_as_rfc_8785_has_it() -> None:
    """Also by the quicker writer, which writes whatever has plain names and no fractions."""
    every = {"".join(map(chr, range(128))): ["".join(map(chr, range(0xD800))), "\U0001f4f5", 2**53 - 1, (True, None, {})]}
    assert canonical(every) == rfc8785.dumps(every)


@given(st.dictionaries(st.text(max_size=5), values, max_size=6))
def test_the_order_of_keys_does_not_matter(value: dict[str, Any]) -> None:
    assert digest(dict(reversed(value.items()))) == digest(value)


def test_rfc_8785_by_its_own_example() -> None:
    value = {
        "numbers": [333333333.33333329, 1e30, 4.50, 2e-3, 1e-27],
        "string": '\u20ac$\u000f\nA\'B"\\\\"/',
        "literals": [None, True, False],
    }
    assert canonical(value) == (
        b'{"literals":[null,true,false],"numbers":[333333333.3333333,1e+30,4.5,0.002,1e-27],'
        b'"string":"\xe2\x82\xac$\\u000f\\nA\'B\\"\\\\\\\\\\"/"}'
    )


@pytest.mark.parametrize("value", [float("nan"), float("inf"), 2**53 + 1, {1: 2}, object(), "\ud800"])
def test_what_is_not_json_has_no_form(value: object) -> None:
    with pytest.raises(ValueError, match=r"\S"):
        canonical(value)


BUNDLE = Bundle(
    origin="mail.example.org",
    drill=False,
    purpose=Purpose.ISSUE,
    version=1,
    document=document(),
    apps=frozenset({App(Platform.IOS, "com.b"), App(Platform.ANDROID, "com.a")}),
    unseen=frozenset({("Web thing", Platform.IOS)}),
    texts={"issued": "Remove it.", "rescinded": "Sent in error."},
    audience=Ceiling("in_scope", 1000, 0.02, 40),
    rails=Rails(),
    cautions=("unseen-products",),
)


def test_a_bundle_is_opened_as_it_was_signed() -> None:
    again = Bundle.opened(BUNDLE.text)
    assert again == BUNDLE
    assert again.text == BUNDLE.text
    assert again.digest == BUNDLE.digest == digest(json.loads(BUNDLE.text))
    assert BUNDLE.plain["apps"] == ["android:com.a", "ios:com.b"]
    assert BUNDLE.audience.most == 1020
    assert Ceiling("in_scope", None, 0.02, 40).most is None


def test_another_form_is_not_opened() -> None:
    with pytest.raises(ValueError, match="countermand/bundle/v0"):
        Bundle.opened(BUNDLE.text.replace("bundle/v1", "bundle/v0"))


@pytest.mark.parametrize(
    "changes",
    [
        {"origin": "other.example.org"},
        {"drill": True},
        {"purpose": Purpose.RESUME},
        {"version": 2},
        {"document": document(reason="Other.")},
        {"apps": frozenset({App(Platform.IOS, "com.b")})},
        {"apps": frozenset({App(Platform.IOS, "com.b"), App(Platform.IOS, "com.a")})},
        {"unseen": frozenset()},
        {"texts": {"issued": "Remove it!", "rescinded": "Sent in error."}},
        {"texts": {"issued": "Remove it."}},
        {"audience": Ceiling("affected", 1000, 0.02, 40)},
        {"audience": Ceiling("in_scope", 1001, 0.02, 40)},
        {"audience": Ceiling("in_scope", 1000, 0.03, 40)},
        {"audience": Ceiling("in_scope", 1000, 0.02, 41)},
        {"rails": Rails(approvers=3)},
        {"rails": Rails(minimum_notice=0)},
        {"cautions": ()},
        {"halted_at": 1},
    ],
)
def test_whatever_an_approver_relies_on_changes_the_digest(changes: dict[str, Any]) -> None:
    changed = replace(BUNDLE, **changes)
    assert changed.digest != BUNDLE.digest
    assert Bundle.opened(changed.text) == changed
