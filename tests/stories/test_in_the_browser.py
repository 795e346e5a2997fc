"""The pages in Chromium: on a phone and on a desk, light and dark, in Arabic, at twice the size, by keyboard alone.

axe-core must find nothing. Pictures lie in build/screenshots.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import pytest
from glass import DESKTOP, PHONE, chromium, looked_at, served
from her_page import HerPage, her_page
from identity import SECRET, provider
from playwright.sync_api import Browser, BrowserContext, Page
from test_employee_page import number
from world import DUE_IN_LONDON, ORDER, TIKTOK, World

from countermand.access import Role
from countermand.config import Database, SignIn
from countermand.store import operators
from countermand.store.unit import unit
from countermand.web.selfservice import messages

pytestmark = [pytest.mark.live, pytest.mark.parametrize("database", ["sqlite"], indirect=True)]

#: Bytes of a page and of all that it loads, as if nothing had been kept of another.
_WEIGHT = """() => [...performance.getEntriesByType('navigation'), ...performance.getEntriesByType('resource')]
    .reduce((sum, one) => sum + one.encodedBodySize, 0)"""


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """One for all of these, and gone before others run: its loop would be in their way."""
    with chromium() as made:
        yield made


@dataclass
class Stage:
    page: HerPage
    browser: Browser
    url: str
    code: str

    def open(self, login: str = "", token: str = "", **how: object) -> BrowserContext:
        """A window in which somebody is signed in."""
        context = self.browser.new_context(**{"viewport": PHONE, "locale": "en-GB", **how})  # type: ignore[arg-type]
        session = self.page.browser(login, token).cookies.get("session")
        if session:
            context.add_cookies([{"name": "session", "value": session, "url": self.url}])
        return context


@pytest.fixture
def stage(world: World, store: Database, browser: Browser) -> Iterator[Stage]:
    messages._limits._buckets.clear()
    made = her_page(world, store)
    made.site._config = replace(made.config, pages=replace(made.config.pages, mail_passwords=True))
    world.cast(alice=[TIKTOK], bob=[])
    world.give("alice", "OWN", ownership="personal")
    world.orders("old-order", title="Remove FaceApp from every device")
    world.orders()
    world.rescinds("old-order")
    with unit():
        operators.add(operators.Operator("hedi", frozenset({Role.HELPDESK}), "", 0, 0, active=True), "token of hedi")
    world.until(DUE_IN_LONDON)
    with served(made.site) as url, made.time():
        text = made.site and made.world.inbox("alice")[1]
        yield Stage(made, browser, url, text.rsplit(": ", 1)[1].strip())
    made.site.end()


def test_every_page_in_every_light(stage: Stage) -> None:
    """One walk: each page on a phone, then the employee's in every way that somebody may look at it."""
    wrong: dict[str, list[str]] = {}
    token = "token of hedi"
    paths = {"home": "/", "code": "/message/", "unknown": "/message/AAAAA-AAAAA/", "message": f"/message/{stage.code}/"}
    own = {"me": "/me/", "history": "/me/history/"}
    with stage.open("alice") as context:
        page = context.new_page()
        page.on("console", lambda said: wrong.setdefault("console", []).append(said.text) if said.type == "error" else None)
        for name, path in {**paths, **own, "missing": "/nothing"}.items():
            page.goto(stage.url + path)
            wrong[name] = looked_at(page, f"phone-{name}")
            page.evaluate("document.querySelectorAll('details').forEach(one => one.open = true)")
            page.evaluate("Promise.all([...document.images].map(one => (one.loading = 'eager', one.decode())))")
            assert 0 < page.evaluate(_WEIGHT) < 60_000, name
    with stage.open(token=token) as context:
        page = context.new_page()
        page.goto(f"{stage.url}/help-desk/")
        wrong["desk"] = looked_at(page, "phone-desk")
        page.fill("#what", "alice")
        page.click("form[action='/help-desk/find/'] button")
        wrong["desk-found"] = looked_at(page, "phone-desk-found")
    ways: dict[str, dict[str, object]] = {
        "desktop": {"viewport": DESKTOP},
        "dark": {"color_scheme": "dark"},
        "arabic": {"locale": "ar"},
        "arabic-desktop-dark": {"locale": "ar", "viewport": DESKTOP, "color_scheme": "dark"},
        "japanese": {"locale": "ja"},
        "hindi": {"locale": "hi"},
        "german-twice-the-size": {"locale": "de", "viewport": {"width": 320, "height": 500}, "device_scale_factor": 2},
        "forced-colours": {"forced_colors": "active"},
    }
    for name, how in ways.items():
        with stage.open("alice", **how) as context:
            page = context.new_page()
            page.goto(f"{stage.url}/me/")
            page.evaluate("document.querySelectorAll('details').forEach(one => one.open = true)")
            wrong[name] = looked_at(page, f"me-{name}")
            page.click("form[action$='/mail-password/'] button")
            assert page.url.endswith("/mail-password/")
            wrong[f"password-{name}"] = looked_at(page, f"password-{name}")
            assert 0 < page.evaluate(_WEIGHT) < 60_000, name
    device = number(stage.page, "ALICE")
    with stage.open("alice", locale="ar", color_scheme="dark") as context:
        page = context.new_page()
        page.goto(f"{stage.url}/me/")
        page.click(f"form[action='/me/{device}/{ORDER}/removed/'] button")
        page.wait_for_url("**/check/?look=on")
        wrong["check"] = looked_at(page, "check-arabic-dark")
        assert 0 < page.evaluate(_WEIGHT) < 60_000
        page.set_viewport_size(DESKTOP)  # type: ignore[arg-type]
        page.emulate_media(color_scheme="light")
        wrong["check-desktop"] = looked_at(page, "check-arabic-desktop")
    with stage.open("alice") as context:
        page = context.new_page()
        page.goto(f"{stage.url}/me/")
        contest = f"form[action='/me/{device}/{ORDER}/contest/']"
        page.locator("details", has=page.locator(contest)).locator("summary").click()
        page.fill(f"{contest} textarea", "I never had it.")
        page.click(f"{contest} button")
        page.wait_for_url("**/me/?done=contested")
        wrong["contested"] = looked_at(page, "phone-contested")
        assert "hedi has it, can give mail back, and answers until" in page.inner_text("main")
    with stage.open(token=token) as context:
        page = context.new_page()
        page.goto(f"{stage.url}/help-desk/")
        wrong["contest-desk"] = looked_at(page, "phone-contest-desk")
        page.set_viewport_size(DESKTOP)  # type: ignore[arg-type]
        page.emulate_media(color_scheme="dark")
        wrong["contest-desk-dark"] = looked_at(page, "desktop-dark-contest-desk")
    assert {name: found for name, found in wrong.items() if found and name != "console"} == {}
    assert [text for text in wrong.get("console", []) if "404" not in text] == []


def test_by_keyboard_alone_and_without_a_script(stage: Stage) -> None:
    """She says that the app is gone: every step by Tab and Enter, in a browser that runs no script."""
    with stage.open("alice", java_script_enabled=False) as context:
        page = context.new_page()
        page.goto(f"{stage.url}/me/")
        page.keyboard.press("Tab")
        assert page.locator(":focus").inner_text() == "Skip to the content"
        page.keyboard.press("Enter")
        action = f"/me/{number(stage.page, 'ALICE')}/{ORDER}/removed/"
        _tab_to(page, f"form[action='{action}'] button")
        page.keyboard.press("Enter")
        page.wait_for_url(f"**/me/{number(stage.page, 'ALICE')}/{ORDER}/check/?look=on")
        assert "You said that the app is gone" in page.inner_text("ol.steps")
        page.goto(f"{stage.url}/me/")
        device = number(stage.page, "ALICE")
        _tab_to(page, f"#device-{device} ~ details:last-of-type summary")
        page.keyboard.press("Enter")
        assert page.locator(f"#not-mine-{device}").is_visible()
        contest = f"form[action='/me/{device}/{ORDER}/contest/']"
        page.goto(f"{stage.url}/me/")
        _tab_to(page, f"summary:has(+ {contest})")
        page.keyboard.press("Enter")
        _tab_to(page, f"{contest} textarea")
        page.keyboard.type("I never had it.")
        _tab_to(page, f"{contest} button")
        page.keyboard.press("Enter")
        page.wait_for_url("**/me/?done=contested")
        password = f"form[action='/me/{device}/mail-password/']"
        _tab_to(page, f"summary:has(+ {password})")
        page.keyboard.press("Enter")
        _tab_to(page, f"{password} button")
        page.keyboard.press("Enter")
        assert len(page.inner_text("code.secret")) == 30


def test_a_code_is_looked_up_and_the_correction_comes_first(stage: Stage) -> None:
    with stage.open() as context:
        page = context.new_page()
        page.goto(stage.url)
        page.fill("#code", stage.code.lower().replace("-", " "))
        page.keyboard.press("Enter")
        page.wait_for_url(f"**/message/{stage.code}/")
        assert page.inner_text("h1") == "This message is real"
        with page.expect_download() as proof:
            page.click("text=Download the proof")
        assert "c2sp.org/tlog-proof" in proof.value.path().read_text()
        stage.page.world.rescinds()
        page.reload()
        assert page.locator("main > *").first.inner_text().startswith("This order no longer applies.")


def _tab_to(page: Page, selector: str) -> None:
    wanted = page.locator(selector).first
    for _ in range(60):
        page.keyboard.press("Tab")
        if wanted.evaluate("one => one === document.activeElement"):
            outline = wanted.evaluate("one => getComputedStyle(one).outlineStyle")
            assert outline != "none", "where the keyboard is cannot be seen"
            return
    raise AssertionError(f"the keyboard does not reach {selector}")


def test_she_signs_in_at_a_certified_provider_and_out_again(stage: Stage, tmp_path: Path) -> None:
    (tmp_path / "oidc.secret").write_text(SECRET)
    with provider(f"{stage.url}/sign-in/back") as issuer, stage.open() as context:
        known = SignIn(issuer=issuer, client_id="countermand", client_secret_file=tmp_path / "oidc.secret")
        site = stage.page.site
        site._config = replace(site._config, sign_in=known, pages=replace(site._config.pages, url=stage.url))
        page = context.new_page()
        page.goto(stage.url)
        page.click("text=See my devices")
        page.fill("input[name=login]", "alice")
        page.fill("input[name=password]", "anything")
        page.click("button[type=submit]")
        page.click("button[type=submit]")  # it asks whether she agrees
        page.wait_for_url(f"{stage.url}/me/")
        assert "Mail is blocked on this device" in page.inner_text("main")
        came_back = next(one for one in context.cookies(stage.url) if one["name"] == "session")
        assert (came_back["httpOnly"], came_back["sameSite"]) == (True, "Lax")
        page.goto(f"{stage.url}/sign-in/back?code=x&state=y")
        assert "Signing in did not work" in page.inner_text("main")
        page.goto(f"{stage.url}/me/")
        page.click("text=Sign out")
        page.wait_for_url(f"{stage.url}/")
        assert context.request.get(f"{stage.url}/me/", max_redirects=0).status == 303
