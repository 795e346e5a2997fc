"""What is put into a text stands in it, and what was not touched stays as it was typed."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from countermand.catalog import examples
from countermand.lib import yaml
from countermand.lib.yaml_patch import patched

TEXT = """\
# the order of the year
title: Remove it   # short
reason: >
  Because of this,
  and # that.

# whom it is for
applies_to:
  # only these
  people: {groups: [all-staff]}  # everybody
  devices:
    # phones and tablets
    platforms: [ios, android]
prohibits:
  - product: TikTok   # the one
# the end
"""
_WORD = st.text("abc #:-'\"é☃\n", max_size=9)
_VALUE = st.recursive(
    st.none() | st.booleans() | st.integers(-9, 99) | _WORD,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(_WORD, inner, max_size=3),
    max_leaves=6,
)
_PLAIN = st.dictionaries(st.sampled_from(["title", "reason", "applies_to", "prohibits", "other", "a: b"]), _VALUE, min_size=1)


@given(
    st.sampled_from([TEXT, TEXT.rstrip("\n"), '{"title": "x", "other": [1]}', "title: x\r\nother: y\r\n", "a: [", "", "- 1"]),
    _PLAIN,
)
def test_the_text_says_what_was_put_into_it(text: str, wanted: dict[str, Any]) -> None:
    assert yaml.load(patched(text, wanted)).plain == wanted


@given(st.dictionaries(st.sampled_from(["title", "reason", "applies_to", "prohibits"]), _WORD.filter(bool), max_size=2))
def test_lines_of_what_was_not_changed_are_the_same(changes: dict[str, Any]) -> None:
    plain = yaml.load(TEXT).plain
    made = patched(TEXT, {**plain, **changes})
    kept = {
        "title": "title: Remove it   # short\n",
        "reason": "reason: >\n  Because of this,\n  and # that.\n",
        "applies_to": TEXT[TEXT.index("applies_to") : TEXT.index("prohibits")],
        "prohibits": "prohibits:\n  - product: TikTok   # the one\n",
    }
    assert all(lines in made for key, lines in kept.items() if key not in changes)
    assert made.startswith("# the order of the year\n")
    assert "# whom it is for\n" in made
    assert made.endswith("# the end\n")


def test_a_change_inside_a_block_leaves_the_remarks_around_it() -> None:
    plain = yaml.load(TEXT).plain
    wanted = {**plain, "applies_to": {**plain["applies_to"], "devices": {"platforms": ["ios"]}, "network": True}}
    made = patched(TEXT, wanted)
    assert "  # only these\n  people: {groups: [all-staff]}  # everybody\n" in made
    assert "    # phones and tablets\n    platforms: [ios]\n" in made
    assert "  network: true\n" in made
    assert yaml.load(made).plain == wanted


@pytest.mark.parametrize("name", examples.names())
def test_an_example_keeps_every_line_but_the_one_that_is_changed(name: str) -> None:
    text = examples.text_of(name) or ""
    plain = yaml.load(text).plain
    made = patched(text, {**plain, "title": "Another title"}).splitlines()
    gone = [line for line in text.splitlines() if line not in made]
    assert all("title" in line or line.startswith("  ") for line in gone)
    assert len(gone) <= 2
    assert patched(text, dict(plain)) == text
