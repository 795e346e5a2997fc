"""lib.yaml: what a scalar means, where things stand, and what is refused."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from countermand.core.errors import Refused, Where
from countermand.lib import yaml
from countermand.lib.yaml import load


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("NO", "NO"),  # Norway
        ("off", "off"),
        ("17:00", "17:00"),
        ("2020-07-17", "2020-07-17"),
        ("2020-07-17T17:00", "2020-07-17T17:00"),
        ("0x10", "0x10"),
        ("1_000", "1_000"),
        (".nan", ".nan"),
        (".inf", ".inf"),
        ("1%", "1%"),
        ("'7'", "7"),
        ("7", 7),
        ("-7", -7),
        ("2.5", 2.5),
        ("1e3", 1000.0),
        ("9" * 400, "9" * 400),
        ("1e999", "1e999"),
        ("true", True),
        ("null", None),
        ("~", None),
        ("", None),
        ("''", ""),
    ],
)
def test_scalars_mean_what_people_see(written: str, meant: object) -> None:
    assert load(f"a: {written}").plain == {"a": meant}
    assert type(load(f"a: {written}").plain["a"]) is type(meant)


def test_keys_are_words_whatever_they_look_like() -> None:
    assert load("on: 1\n7: 2\nnull: 3").plain == {"on": 1, "7": 2, "null": 3}


def test_the_place_of_everything() -> None:
    text = load("a: 1\nb:\n  - c: {d: x}\n  - y\n", "f.yaml")
    assert text.where(("a",)) == Where("f.yaml", 1, 1, "a")
    assert text.where(("b", 0, "c", "d")) == Where("f.yaml", 3, 9, "b[0].c.d")
    assert text.where(("b", 1)) == Where("f.yaml", 4, 5, "b[1]")
    assert text.where(("b", 1, "nothing")) == Where("f.yaml", 4, 5, "b[1].nothing")
    assert text.where(("nothing",)) == Where("f.yaml", 1, 1, "nothing")


@pytest.mark.parametrize(
    ("text", "code", "line", "column"),
    [
        ("a: 1\nb: 2\na: 3", "duplicate-key", 3, 1),
        ("a: {b: 1, b: 2}", "duplicate-key", 1, 11),
        ("a:\n\t- b", "broken-yaml", 2, 1),
        ("a: [1", "broken-yaml", 1, 6),
        ("a: b: c", "broken-yaml", 1, 5),
        ("a: &x 1", "yaml-feature", 1, 4),
        ("a: *x", "yaml-feature", 1, 4),
        ("a: !!python/object/apply:os.system [id]", "yaml-feature", 1, 4),
        ("a: 1\n--- \nb: 2", "yaml-feature", 2, 1),
        ("? [a]\n: b", "yaml-feature", 1, 3),
        ("a: \x00", "not-text", 1, 4),
        (b"a: 1\nb: \xff", "not-text", 2, 4),
        ("", "document-empty", 1, 1),
        ("# nothing", "document-empty", 1, 1),
        ("- a", "not-a-mapping", 1, 1),
        ("hello", "not-a-mapping", 1, 1),
        ("[" * 5000, "document-too-deep", 1, yaml.DEEPEST + 1),
        ("a: " + "{b: " * 5000, "document-too-deep", 1, None),
    ],
)
def test_refusals_name_the_place(text: str | bytes, code: str, line: int, column: int | None) -> None:
    with pytest.raises(Refused) as refused:
        load(text, "f.yaml")
    where = refused.value.where
    assert (refused.value.code, where.file, where.line) == (code, "f.yaml", line)
    assert column is None or where.column == column
    assert "f.yaml" in str(refused.value)
    assert "{" not in refused.value.remedy


def test_a_tab_is_named() -> None:
    with pytest.raises(Refused, match="a tab is not allowed there"):
        load("a:\n\tb: 1")


@pytest.mark.parametrize("text", ["x" * 10_000_000, b"x" * 10_000_000])
def test_ten_megabytes_are_refused_unread(text: str | bytes) -> None:
    with pytest.raises(Refused) as refused:
        load(text)
    assert refused.value.code == "document-too-large"


def test_a_byte_order_mark_is_no_character() -> None:
    assert load(b"\xef\xbb\xbfa: 1").plain == load("\ufeffa: 1").plain == {"a": 1}


words = st.text("abcxyz :#-[]{}'\"\n\\é0123456789", max_size=12)
trees = st.recursive(
    st.none() | st.booleans() | st.integers(-(10**14), 10**14) | words,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(words, inner, max_size=4),
    max_leaves=12,
)


@given(st.dictionaries(words, trees, min_size=1, max_size=4))
def test_json_is_read_as_it_stands(tree: dict[str, object]) -> None:
    assert load(json.dumps(tree)).plain == tree


@given(st.text(max_size=60) | st.binary(max_size=60))
def test_any_text_is_read_or_refused(text: str | bytes) -> None:
    words = "read"
    try:
        assert isinstance(load(text).plain, dict)
    except Refused as refused:
        words = str(refused)
    assert words
