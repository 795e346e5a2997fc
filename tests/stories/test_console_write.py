"""Writing in the console: the form and the text are one document, mistakes are said where they are, and what it would do is what
it does."""

import html
import json
import re
from collections.abc import Iterator
from dataclasses import replace

import pytest
from django.http import QueryDict
from hypothesis import given
from hypothesis import strategies as st
from page_house import Browser, Page
from quick_desks import QuickDesks, quick_desks
from world import ORDER, TIKTOK, WECHAT, World

from countermand.access import Role
from countermand.catalog import examples
from countermand.config import Database
from countermand.core import schema
from countermand.flows.write import write
from countermand.lib import yaml
from countermand.reads.preview import preview, preview_text
from countermand.reads.scope import choices
from countermand.reads.starts import search
from countermand.store import directives, models
from countermand.web.console import form
from countermand.web.console.differ import differences
from countermand.web.console.fields import said
from countermand.web.console.numbers import typed

_AUTHOR = (Role.AUTHOR,)
ONE_ENGINE = pytest.mark.parametrize("database", ["sqlite"], indirect=True)


@pytest.fixture
def house(world: World, store: Database) -> Iterator[QuickDesks]:
    world.cast(alice=[TIKTOK], bob=[WECHAT], carol=[TIKTOK])
    with quick_desks(world, store) as made:
        yield made


def send(browser: Browser, to: str, text: str, **more: str) -> Page:
    page = browser.get("/console/write/")
    token = page.text.split('name="csrfmiddlewaretoken" value="')[1].split('"')[0]
    return browser.post(to, {"csrfmiddlewaretoken": token, "text": text, **more})


def test_what_is_foreseen_of_a_text_is_what_is_foreseen_of_the_draft(house: QuickDesks) -> None:
    text = house.world.text()
    before = preview_text(text, "anna", house.config, house.world.now)
    assert models.Version.objects.count() == 0
    write(house.world.act("anna", *_AUTHOR), text)
    after = preview(ORDER, house.config, house.world.now)
    assert replace(before, directive=ORDER) == after
    assert (before.proposed, before.audience) == (2, 3)


def test_a_text_about_what_is_in_force_is_foreseen_as_its_next_version(house: QuickDesks) -> None:
    house.world.orders()
    wider = house.world.text(prohibits=[{"product": "TikTok"}, {"product": "WeChat"}])
    seen = preview_text(wider, "anna", house.config, house.world.now)
    assert (seen.proposed, seen.net) == (3, 3)


@ONE_ENGINE
def test_the_whole_way_of_writing(house: QuickDesks) -> None:
    browser = house.of("anna")
    assert "What it would do" in browser.get("/console/write/?from=amazon-2020-07-as-told").words
    live = send(browser, "/console/write/preview/live/", house.world.text())
    assert "It speaks to 3 people" in live.words
    assert "<html" not in live.text
    done = send(browser, "/console/write/", house.world.text())
    assert (done.status, done.headers["location"]) == (303, f"/console/write/{ORDER}/?done=written")
    page = browser.get(done.headers["location"])
    assert "It is stored as a draft." in page.words
    proposed = browser.submit(page, f"/console/write/{ORDER}/propose/", expected="")
    assert "It is proposed." in proposed.words
    assert directives.newest(ORDER).state.value == "proposed"


@ONE_ENGINE
def test_mistakes_are_said_where_they_are_and_nothing_is_lost(house: QuickDesks) -> None:
    browser = house.of("anna")
    text = "# my remark\n" + house.world.text().replace('"72h"', '"72 hours"')
    page = send(browser, "/console/write/", text)
    assert page.status == 422
    assert "my remark" in page.text
    assert "line 34" in page.words or "minimum_notice" in page.words
    assert 'name="form-minimum_notice" value="72 hours"' in page.text
    assert page.text.count('aria-invalid="true"') == 2
    assert models.Version.objects.count() == 0
    assert "1 thing is wrong" in send(browser, "/console/write/preview/live/", "a: [").words


@ONE_ENGINE
def test_hostile_words_are_shown_harmlessly(house: QuickDesks) -> None:
    text = house.world.text(title="</textarea><script>alert(1)</script>\u202e")
    for path in ("/console/write/read/text/", "/console/write/preview/live/", "/console/write/fill/form/"):
        assert "<script>alert" not in send(house.of("anna"), path, text).text


@ONE_ENGINE
def test_the_form_is_put_into_the_text(house: QuickDesks) -> None:
    browser = house.of("anna")
    page = send(
        browser, "/console/write/fill/form/", house.world.text(), **{"form-products": "TikTok, WeChat", "form-title": "Two"}
    )
    assert "The form stands in the text now." in page.words
    assert "product: WeChat" in page.text
    assert "title: Two" in page.text


@ONE_ENGINE
def test_either_side_follows_the_other_and_remarks_stay(house: QuickDesks) -> None:
    browser, text = house.of("anna"), "# my remark\n" + yaml.written(yaml.load(house.world.text()).plain) + "# the end\n"
    page = browser.get("/console/write/")
    token = page.text.split('name="csrfmiddlewaretoken" value="')[1].split('"')[0]
    form = {"csrfmiddlewaretoken": token, "text": text, "form-title": "Two <b>"}
    put = browser.post("/console/write/preview/live/", {**form, "side": "form"}).text
    said = html.unescape(put.split('data-for="text">\n')[1].split("</textarea>")[0])
    assert said.startswith("# my remark\n")
    assert said.endswith("# the end\n")
    assert yaml.load(said).plain == {**yaml.load(text).plain, "title": "Two <b>"}
    assert "It speaks to 3 people" in put
    back = browser.post("/console/write/preview/live/", {**form, "text": said, "side": "text"}).text
    assert 'name="form-title" value="Two &lt;b&gt;"' in back.split('<template data-for="fields">')[1]
    assert 'data-for="text"' not in back
    broken = browser.post("/console/write/preview/live/", {**form, "text": "title: [", "side": "form"}).text
    assert "1 thing is wrong" in broken
    assert 'data-for="text"' not in broken
    kept = browser.post("/console/write/fill/form/", {**form, "text": "title: [  # mine"})
    assert (kept.status, "title: [  # mine" in kept.text) == (422, True)


@ONE_ENGINE
def test_a_scope_is_built_of_what_there_is(house: QuickDesks) -> None:
    page = house.of("anna").get("/console/write/")
    for value in ("ios", "android"):
        assert f'value="{value}"' in page.text, value
    there = choices(house.world.act("anna", *_AUTHOR))
    assert sum(there["platform"].values()) == 3
    assert sum(there["ownership"].values()) == 3
    posted = QueryDict("form-groups=a&form-groups=b&form-groups=c, d&form-countries=&form-platforms=ios&form-platforms=")
    assert said(posted) == {"groups": "a, b, c, d", "countries": "", "platforms": "ios"}
    made = form.put(yaml.load(house.world.text()).plain, {"groups": "a, b", "personal": "recommendation"})
    assert made["applies_to"]["people"]["groups"] == ["a", "b"]
    assert made["applies_to"]["force"] == {"corporate": "mandatory", "personal": "recommendation", "contractor": "mandatory"}
    schema.read(made)


@ONE_ENGINE
def test_what_people_would_read_is_shown_in_their_language_and_on_their_phone(house: QuickDesks) -> None:
    browser, text = house.of("anna"), house.world.text()
    seen = send(browser, "/console/write/preview/live/", text, **{"notice-language": "de", "notice-device": "ios"})
    part = seen.text.split('data-for="notice">')[1]
    assert 'lang="de"' in part
    assert "iPhone 13" in part
    assert "Pixel 7" not in part
    (letter,) = re.findall(r'src="(/console/write/mail/[^"]+)"', part)
    frame = browser.get(letter)
    assert (frame.status, "iPhone 13" in frame.text, "Pixel 7" in frame.text) == (200, True, False)
    policy = frame.headers["content-security-policy"]
    assert "sandbox;" in policy
    assert "\r" not in frame.text, "a browser digests styles with other ends of lines"
    assert "'unsafe-inline'" not in policy
    assert frame.headers["x-frame-options"] == "SAMEORIGIN"
    assert browser.get(letter.replace("/mail/", "/mail/x")).status == 404, "what we did not make is not shown"
    token = browser.get("/console/write/").text.split('name="csrfmiddlewaretoken" value="')[1].split('"')[0]
    seat = browser.cookies.pop("console")
    gone = browser.post("/console/write/preview/live/", {"csrfmiddlewaretoken": token, "text": text})
    assert (gone.status, "what you wrote here stays" in gone.words) == (401, True)
    browser.cookies["console"] = seat
    both = send(browser, "/console/write/read/text/", text, **{"notice-kind": "rescinded"})
    assert '<option value="rescinded" selected>The correction' in both.text
    assert "There is no" in send(browser, "/console/write/preview/live/", text, **{"notice-kind": "x"}).words


@ONE_ENGINE
def test_everything_that_is_foreseen_is_on_the_page(house: QuickDesks) -> None:
    house.world.orders("old-order", prohibits=[{"product": "WeChat"}])
    ground = {"claim": "Its owner <can> be obliged", "source": "https://example.org/law", "as_of": "2020-01-01"}
    text = house.world.text(grounds=[ground, {"claim": "Nobody looked"}])
    words = send(house.of("anna"), "/console/write/preview/live/", text).words
    seen = preview_text(text, "anna", house.config, house.world.now)
    for said_of_it in ("By verdict", "By cause", "denied now, by orders in force", "most in any one hour", "without a source",
                       "without an owner to tell", "would lose mail in the end", "Look at it again:"):  # fmt: skip
        assert said_of_it in words, said_of_it
    assert [one.what for one in seen.grounds[0].since]
    assert seen.grounds[1].since == ()


@ONE_ENGINE
def test_an_order_is_begun_from_another(house: QuickDesks) -> None:
    house.world.orders()
    page = house.of("anna").get("/console/write/")
    assert f"<option>{ORDER}</option>" in page.text
    assert html.unescape(house.of("anna").get(f"/console/write/?like={ORDER}").text).count(house.world.text()) == 1


@ONE_ENGINE
def test_what_is_said_in_public_is_shown_and_two_versions_are_compared(house: QuickDesks) -> None:
    public = {"issued": "Staff are asked to remove TikTok.", "rescinded": "It was sent in error."}
    house.world.orders(public_text=public, vendor={"contacted": "2020-07-08", "statement": "No <comment>."})
    shown = house.of("petra").get(f"/console/directives/{ORDER}/")
    for words in ("Staff are asked to remove TikTok.", "It was sent in error.", "2020-07-08", "No &lt;comment&gt;."):
        assert words in shown.text
    house.world.proposes(reason="Other <reasons>.")
    page = house.of("petra").get(f"/console/directives/{ORDER}/compare/")
    assert "Other &lt;reasons&gt;." in page.text
    assert "<ins>" in page.text
    assert "<del>" in page.text


@pytest.mark.parametrize("name", examples.names())
def test_every_example_goes_through_the_form_unchanged(name: str) -> None:
    text = examples.text_of(name)
    assert text is not None
    plain = yaml.load(text, None).plain
    assert form.put(plain, form.values(plain)) == plain
    again = yaml.load(yaml.written(form.put(plain, {})), None)
    assert schema.read(again.plain) == schema.read(plain)


_WORD = st.text(st.characters(codec="utf-8", exclude_categories=["C", "Z"], exclude_characters=","), min_size=1, max_size=12)


@given(
    st.fixed_dictionaries(
        {
            "title": _WORD,
            "groups": st.lists(_WORD, max_size=3).map(", ".join),
            "products": st.lists(_WORD, min_size=1, max_size=3).map(", ".join),
        }
    )
)
def test_what_the_form_says_is_read_back_from_the_text(said: dict[str, str]) -> None:
    plain = yaml.load(examples.text_of("no-tiktok-on-mail") or "", None).plain
    made = yaml.load(yaml.written(form.put(plain, said)), None).plain
    shown = form.values(made)
    assert {name: shown[name] for name in said} == said
    assert {key: made[key] for key in ("gate", "rollout", "evidence")} == {
        key: plain[key] for key in ("gate", "rollout", "evidence")
    }


@given(st.lists(st.sampled_from("abc"), max_size=30), st.lists(st.sampled_from("abc"), max_size=30))
def test_differences_lead_from_one_text_to_the_other(before: list[str], after: list[str]) -> None:
    found = differences("\n".join(before), "\n".join(after))
    removed, added = ([one.text for one in found if one.kind == kind] for kind in ("del", "add"))
    assert (found == []) is (before == after)
    assert len(before) - len(removed) == len(after) - len(added)


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("840,000", 840_000),
        ("840 000", 840_000),
        ("1’234", 1234),
        ("0", 0),
        ("", None),
        ("-1", None),
        ("1e9", None),
        ("9" * 10, None),
        ("²", None),
    ],
)
def test_numbers_are_read_as_people_type_them(text: str, number: int | None) -> None:
    assert typed(text) == number


def test_the_catalogue_finds_by_letters_and_never_too_much() -> None:
    assert search("tikt")[0].product == "TikTok"
    assert any("com.zhiliaoapp.musically" in str(app) for app in search("zhiliaoapp")[0].apps)
    assert search("t") == []
    assert search("<script>") == []
    assert json.dumps([str(one) for one in search("we")])
