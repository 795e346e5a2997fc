"""Notices in nine languages: each says everything, in text and in HTML alike, and a directive's own words take their place."""

import html
import re
from dataclasses import replace
from email import message_from_bytes, policy
from email.message import EmailMessage

import pytest
from test_texts_and_messages import NOW, READER, directive, envelope

from countermand.core.errors import Refused
from countermand.core.languages import LANGUAGES
from countermand.core.notices import Kind
from countermand.lib import words
from countermand.notices import codes, compose, lint
from countermand.notices.texts import missing, name_of, rendered_texts, text_of

TEXTS = rendered_texts(directive())


def message(kind: Kind, language: str, texts: dict[str, str] | None = None) -> EmailMessage:
    text, spoken = text_of(texts or dict(TEXTS), kind, language) or ("", "")
    layout = compose.lay_out(kind, text, "security@example.org", spoken)
    octets = compose.fill(layout, replace(READER, locale=language), envelope(until=NOW, ground="changed"), "Asia/Tokyo")
    return message_from_bytes(octets, policy=policy.default)  # type: ignore[return-value]


def words_of(found: EmailMessage, of: str) -> list[str]:
    part = found.get_body((of,))
    assert part is not None
    text = str(part.get_content())
    if of == "html":
        text = html.unescape(re.sub(r"<[^>]+>", " ", text.partition("<body")[2].partition(">")[2]))
        text = text.replace(found["Subject"], "", 1)
    return re.findall(r"\w+", text)


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("kind", list(Kind))
def test_every_kind_says_the_same_in_text_and_in_html(kind: Kind, language: str) -> None:
    found = message(kind, language)
    assert found["Content-Language"] == language
    assert words_of(found, "plain") == words_of(found, "html")
    assert "{" not in "".join(str(part.get_content()).partition("<body")[2] for part in found.iter_parts())


@pytest.mark.parametrize("language", [one for one in LANGUAGES if one != "en"])
def test_nothing_of_ours_is_left_in_english(language: str) -> None:
    for kind in Kind:
        ours = TEXTS[name_of(kind, language)].split("\n\n")
        english = [part for part in TEXTS[kind.value].split("\n\n") if "{" in part or part.endswith(".")]
        assert set(ours) & set(english) == set(), (language, kind)


def test_arabic_runs_from_right_to_left() -> None:
    part = message(Kind.ISSUED, "ar").get_body(("html",))
    assert part is not None
    page = str(part.get_content())
    assert 'lang="ar" dir="rtl"' in page
    assert "direction:ltr" not in page


def test_what_is_read_from_left_to_right_stays_so_among_arabic_words() -> None:
    for part in (message(Kind.ISSUED, "ar").get_body((of,)) for of in ("plain", "html")):
        assert part is not None
        found = re.findall("\u2066([^\u2069]*)\u2069", str(part.get_content()))
        assert found == ["2020-07-17 12:00 UTC", envelope().code]
        assert codes.normal(f"\u2066{found[1]}\u2069") == found[1], "as it is copied from there"
    assert "\u2066" not in str(message(Kind.ISSUED, "ja").get_body(("plain",)))


@pytest.mark.parametrize("language", LANGUAGES)
def test_numbers_have_the_forms_that_the_language_has(language: str) -> None:
    said = {count: words.several(language, "one person", "{count} people", count) for count in range(112)}
    for count in (3, 5, 11, 100, 111):
        assert str(count) in said[count]
    assert language == "ar" or "0" in said[0], "where none is spoken of as one is, the number is said"
    forms = {words_.replace(str(count), "#") for count, words_ in said.items()}
    assert len(forms) == {"ar": 6, "ja": 1, "zh-Hans": 1}.get(language, 2)


def test_own_words_by_language_take_their_place_and_the_rest_stays() -> None:
    own = {"de": "Betrifft {apps}.\n\nCode: {code}", "ja": "Subject: 件名\n\n{name} {code} {due_local}"}
    texts = dict(rendered_texts(directive(notices={"issued": own})))
    assert "Betrifft TikTok" in " ".join(words_of(message(Kind.ISSUED, "de", texts), "plain"))
    assert message(Kind.ISSUED, "ja", texts)["Subject"] == "件名"
    assert texts["issued"] == TEXTS["issued"]
    assert texts["issued@fr"] == TEXTS["issued@fr"]
    assert missing(directive(notices={"issued": own})) == {"issued": ("en", "es", "fr", "pt-BR", "zh-Hans", "hi", "ar")}
    assert missing(directive(notices={"issued": "for everybody"})) == {}


def test_one_text_for_everybody_is_everybodys() -> None:
    texts = dict(rendered_texts(directive(notices={"issued": "Weg mit {apps}, {name}! {code}"})))
    assert text_of(texts, Kind.ISSUED, "ja") == text_of(texts, Kind.ISSUED, "en")
    assert "issued@ja" not in texts


def test_a_bundle_of_before_is_read_in_english_and_has_no_new_kinds() -> None:
    before = {kind.value: TEXTS[kind.value] for kind in (Kind.ISSUED, Kind.RESCINDED)}
    assert text_of(before, Kind.ISSUED, "de") == (TEXTS["issued"], "en")
    assert text_of(before, Kind.EXEMPTED, "de") is None


def test_the_page_that_people_know_may_be_shown_and_no_other() -> None:
    own = "Look {code} up at {page} or call {issuer}."
    page = "https://intranet.example.org/mail"
    assert page in rendered_texts(directive(notices={"issued": own}), page)["issued"]
    with pytest.raises(Refused, match="link"):
        rendered_texts(directive(notices={"issued": own + " Or at https://intranet.example.org.evil.example/mail"}), page)


def test_dates_and_days_are_spoken_as_the_reader_speaks() -> None:
    text = " ".join(words_of(message(Kind.ISSUED, "de"), "plain"))
    assert "Freitag 17 Juli 2020 21 00" in text
    assert "zuletzt gesehen Mittwoch" in text


def test_the_lint_sees_what_a_reader_would_miss() -> None:
    assert lint.lint(directive(), TEXTS) == []
    own = {"en": "Subject: " + "long " * 20 + "\n\n" + "word " * 600, "de": "Nur {code}, bis {due_local}"}
    asked = directive(notices={"issued": own})
    found = lint.lint(asked, rendered_texts(asked))
    seen = {(one.flaw, one.language) for one in found}
    assert {(lint.Flaw.LONG_SUBJECT, "en"), (lint.Flaw.LONG_TEXT, "en"), (lint.Flaw.NOT_SAID, "en")} <= seen
    assert (lint.Flaw.LANGUAGE_MISSING, "ja") in seen
    assert not any(language == "de" for _, language in seen)


def test_contrast_is_reckoned_as_wcag_says() -> None:
    assert lint.contrast("#000000", "#ffffff") == pytest.approx(21)
    assert lint.contrast("#777777", "#ffffff") == pytest.approx(4.48, abs=0.01)


def test_no_font_is_fetched_from_anywhere() -> None:
    for language in LANGUAGES:
        part = message(Kind.ISSUED, language).get_body(("html",))
        assert part is not None
        assert not re.search(r"(href|src|url)\s*[=(]|@import", str(part.get_content()))
