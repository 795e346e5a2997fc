"""Pages: whole without a script, dressed from here alone, in the reader's language, and telling strangers nothing."""

import json
import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from page_house import Browser

import control_rows as rows
from countermand.config import Database, Notices, standard
from countermand.core import schema
from countermand.lib import keys
from countermand.notices import codes
from countermand.notices.texts import rendered_texts
from countermand.store import models
from countermand.web import static
from countermand.web.selfservice import messages
from countermand.web.site import Site

pytestmark = pytest.mark.parametrize("database", ["sqlite"], indirect=True)


@pytest.fixture
def site(store: Database, tmp_path: Path) -> Iterator[Site]:
    (tmp_path / "state").mkdir(mode=0o700)
    made = Site(replace(standard(tmp_path / "state"), database=store, notices=Notices()))
    messages._limits._buckets.clear()
    yield made
    made.end()


@pytest.fixture
def code(site: Site, tmp_path: Path) -> str:
    """The look-up code of Ann, who was sent a notice."""
    rows.found_house()
    version = rows.issue_order()
    rows.hire(0, "ann")
    models.Person.objects.update(name="Ann <b>Onymous</b>", zone="Europe/Berlin", locale="en")
    row = models.Version.objects.get(pk=version)
    row.bundle = json.dumps({"texts": dict(rendered_texts(schema.read(row.document)))})
    row.save()
    models.Notice.objects.create(
        version_id=version, person_id=0, kind="issued", state="accepted", reached=True, promised_at=1, settled_at=2, stated_due=3
    )
    return codes.code_of(keys.load_or_create_secret(tmp_path / "state/keys/notices.secret"), version, 0)


def test_every_page_brings_its_own_rules(site: Site) -> None:
    page = Browser(site).get("/")
    assert page.status == 200
    policy = page.headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    assert not re.search(r"<script|style=|\son\w+=", page.text)
    assert page.headers["cache-control"] == "no-store"
    assert page.headers["x-frame-options"] == "DENY"
    sheet = static.address("countermand.css")
    assert sheet in page.text
    dressed = Browser(site).get(sheet)
    assert (dressed.status, "immutable" in dressed.headers["cache-control"]) == (200, True)
    assert len(page.text) + len(dressed.text) < 60_000


@pytest.mark.parametrize("path", ["/nothing", "/static/0/countermand.css", "/static/../site.py", "/message/../x"])
def test_what_is_not_there_says_so(site: Site, path: str) -> None:
    assert Browser(site).get(path).status == 404


def test_a_code_shows_what_was_sent_and_names_nobody(site: Site, code: str) -> None:
    browser = Browser(site)
    found = browser.get(f"/message/?code={code.lower().replace('-', '%20')}")
    assert (found.status, found.headers["location"]) == (303, f"/message/{code}/")
    page = browser.get(f"/message/{code}/")
    assert page.status == 200
    assert "This message is real" in page.words
    assert code in page.words
    assert "bundle-of-no-tiktok" in page.words
    assert "Onymous" not in page.text
    assert "ann" not in page.words.lower().split()
    assert "(your devices)" in page.words


@pytest.mark.parametrize(("halted", "ended", "words"), [(1, None, "on hold"), (None, 1, "no longer applies")])
def test_what_became_of_the_order_comes_first(site: Site, code: str, halted: int | None, ended: int | None, words: str) -> None:
    models.Lineage.objects.update(halted_at=halted, ended_at=ended)
    text = Browser(site).get(f"/message/{code}/").words
    assert text.index(words) < text.index("This message is real", text.index("Skip"))


@pytest.mark.parametrize("wrong", ["AAAAA-AAAAA", "x", "<script>", "ABCDE-FGHI9", "%00"])
def test_an_unknown_code_is_said_to_be_none(site: Site, code: str, wrong: str) -> None:
    page = Browser(site).get(f"/message/?code={wrong}")
    assert page.status == 404
    assert "We know no message with this code." in page.words
    assert "<script>" not in page.text


def test_whoever_guesses_is_made_to_wait(site: Site, code: str) -> None:
    browser = Browser(site)
    assert [browser.get("/message/?code=AAAAA-AAAAA").status for _ in range(31)][-2:] == [404, 429]
    assert Browser(site, address="127.0.0.2").get(f"/message/{code}/").status == 200


def test_no_other_host_is_answered(site: Site) -> None:
    assert Browser(site).get("/", host="evil.example").status == 400


def test_the_language_is_the_browsers_until_another_is_chosen(site: Site) -> None:
    browser = Browser(site, language="fr-CH, de;q=0.5")
    assert '<html lang="fr" dir="ltr">' in browser.get("/").text
    assert '<html lang="ar" dir="rtl">' in browser.get("/?language=ar").text
    assert '<html lang="ar" dir="rtl">' in browser.get("/").text
    assert '<html lang="ar" dir="rtl">' in browser.get("/?language=%3Cscript%3E").text


def test_a_refusal_is_in_the_readers_language(site: Site, code: str) -> None:
    page = Browser(site, language="de").get("/message/AAAAA-AAAAA/proof")
    assert (page.status, "Das Gewünschte gibt es nicht" in page.words) == (404, True)


def test_nobody_signs_in_where_no_provider_is_named(site: Site) -> None:
    page = Browser(site, language="ja").get("/sign-in/")
    assert (page.status, "ヘルプデスク" in page.words) == (409, True)
