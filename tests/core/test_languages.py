"""Languages: which of ours is nearest to what somebody wishes."""

import pytest

from countermand.core.languages import accepted, chosen, spoken


@pytest.mark.parametrize(
    ("tag", "language"),
    [("de_AT.UTF-8", "de"), ("pt-PT", "pt-BR"), ("zh-CN", "zh-Hans"), ("zh-TW", ""),
     ("zh-Hant-HK", ""), ("en-US", "en"), ("x", ""), ("", "")],
)  # fmt: skip
def test_the_nearest_language(tag: str, language: str) -> None:
    assert spoken(tag) == language


def test_wishes_are_taken_in_their_order() -> None:
    assert accepted("da, ja;q=0.3, de;q=0.8, *;q=0.1, x;q=y") == ["da", "de", "ja"]
    assert chosen(accepted("da, ja;q=0.3, de;q=0.8")) == "de"
    assert chosen(["da"], "hi") == "hi"
    assert chosen(["fr"], "en", ("en", "de")) == "en"
