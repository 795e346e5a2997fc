"""A picture of every screen of the console, in both themes and some on a phone, for the documentation: ``make screenshots``.

No test of the suite: it is run by name.
"""

import base64
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from desks import Desks
from glass import PHONE, chromium
from led_company import led_company
from playwright.sync_api import Page
from world import ORDER, World

from countermand.access import Role
from countermand.config import Database, Sources
from countermand.flows import connect, passkeys
from countermand.store import models
from countermand.store.unit import unit
from fake_api import served
from fake_fleetdm import TOKEN, Server, host

pytestmark = [pytest.mark.live, pytest.mark.timeout(1500), pytest.mark.parametrize("database", ["sqlite"], indirect=True)]
PLACE = Path(__file__).resolve().parents[2] / "docs" / "pictures"
_TALLEST = 1500


@pytest.fixture
def house(world: World, store: Database, monkeypatch: pytest.MonkeyPatch) -> Iterator[Desks]:
    kinds = ("On (automatic)", "On (automatic)", "On (manual)", "On (personal)", None)
    fleet = Server(hosts=[host(number, kinds[number % len(kinds)]) for number in range(412)])
    with chromium() as browser, served(fleet), led_company(world, store, browser, monkeypatch) as made:
        ada = world.act("ada", Role.ADMINISTRATOR)
        connect.source_add(ada, world.folder, "phones-eu", "fleetdm", {"url": fleet.url}, TOKEN)
        # The name in its ledger's signatures, and a source on this machine.
        made.config = replace(made.config, origin="example.org", sources=Sources(private_hosts=("127.0.0.1",)))
        made.site._config = made.config
        yield made


def take(page: Page, name: str, *, whole: bool = True, of: str = "") -> None:
    """A WebP of the page, no taller than somebody scrolls, or of one part of it."""
    tall = page.evaluate("document.documentElement.scrollHeight")
    width = page.viewport_size["width"] if page.viewport_size else 1280
    tall = min(tall, _TALLEST) if whole else page.viewport_size["height"] if page.viewport_size else 900
    page.set_viewport_size({"width": width, "height": tall})
    session = page.context.new_cdp_session(page)
    how: dict[str, object] = {"format": "webp", "quality": 78}
    if of:
        # What is off the screen may not be drawn in a frame of its own process.
        page.locator(of).scroll_into_view_if_needed()
        box = page.locator(of).bounding_box() or {}
        how["clip"] = {**box, "y": box["y"] + page.evaluate("scrollY"), "scale": 1}
    shot = session.send("Page.captureScreenshot", how)
    PLACE.mkdir(parents=True, exist_ok=True)
    (PLACE / f"{name}.webp").write_bytes(base64.b64decode(shot["data"]))


SCREENS: dict[str, dict[str, str]] = {
    "otto": {
        "directives": "",
        "lead": f"directives/{ORDER}/",
        "halt": f"directives/{ORDER}/halt/",
        "rescind": f"directives/{ORDER}/rescind/",
        "compare": f"directives/{ORDER}/compare/",
        "untold": f"directives/{ORDER}/untold/",
        "preview": "directives/no-wechat/preview/",
        "issue": "directives/no-wechat/issue/",
        "ended": "directives/no-capcut/stopping/",
        "ledger": f"ledger/?about={ORDER}",
        "fleet": "fleet/",
        "fleet-unknown": "fleet/unknown/",
        "fleet-links": "fleet/links/",
        "settings": "settings/",
        "settings-watched": "settings/watched/",
        "settings-protected": "settings/protected/",
        "settings-tokens": "settings/tokens/",
        "keys": "keys/",
    },
    "anna": {"write": "write/no-wechat/"},
    "petra": {"agree": "agree/", "agree-one": "agree/no-wechat/"},
}
#: What a button answers: who presses it, on which page, and which.
PRESSED = {
    "ledger-verified": ("otto", "ledger/", "form[action='/console/ledger/verify/'] button"),
    "source-checked": ("otto", "fleet/", "form[action$='/phones-eu/check/'] button"),
    "operator-added": ("ada", "settings/", "form[action='/console/settings/operators/'] button"),
}
ON_A_PHONE = {
    "directives": "",
    "lead": f"directives/{ORDER}/",
    "halt": f"directives/{ORDER}/halt/",
    "rescind": f"directives/{ORDER}/rescind/",
}


def pictured(house: Desks, way: str) -> None:
    light: dict[str, object] = {"color_scheme": way}
    context = house.browser.new_context(viewport={"width": 1280, "height": 900}, locale="en-GB", **light)  # type: ignore[arg-type]
    context.set_default_timeout(90_000)
    page = context.new_page()
    page.goto(f"{house.url}/console/sign-in/")
    take(page, f"sign-in-{way}")
    with unit():
        link = passkeys.invited("paul", first=True)
    page.goto(f"{house.url}/console/join/{link.secret}/")
    take(page, f"join-{way}")
    context.close()
    for who, screens in SCREENS.items():
        with house.of(who, **light) as page:
            for name, path in screens.items():
                page.set_viewport_size({"width": 1280, "height": 900})
                page.goto(f"{house.url}/console/{path}")
                if who == "anna":
                    page.wait_for_selector("#foreseen:not(.busy) .figures, #foreseen:not(.busy) p")
                take(page, f"{name}-{way}")
                if who == "anna":
                    page.select_option("#notice-device", "ios")
                    page.frame_locator("iframe.narrow-mail").locator("ul li").wait_for()
                    take(page, f"notice-{way}", of="section[aria-labelledby=read]")
    for name, (who, path, button) in PRESSED.items():
        with house.of(who, **light) as page:
            page.goto(f"{house.url}/console/{path}")
            if who == "ada":
                page.click("summary:has-text('Open an account')")
                page.fill("#name", f"vera.{way}")
                page.check(f"{button.removesuffix('button')}input[value=auditor]")
            page.click(button)
            page.wait_for_load_state()
            take(page, f"{name}-{way}")
    with house.of("otto", viewport=PHONE, **light) as page:
        for name, path in ON_A_PHONE.items():
            page.set_viewport_size(PHONE)  # type: ignore[arg-type]
            page.goto(f"{house.url}/console/{path}")
            take(page, f"phone-{name}-{way}", whole=False)


def test_every_screen_in_both_themes(house: Desks) -> None:
    for way in ("light", "dark"):
        pictured(house, way)
    with house.of("otto", viewport=PHONE) as page:
        page.goto(f"{house.url}/console/directives/{ORDER}/rescind/")
        page.check("input[value=sent-in-error]")
        page.click("button.stop")
        page.wait_for_url("**/stopping/")
        for way in ("light", "dark"):
            page.emulate_media(color_scheme=way)  # type: ignore[arg-type]
            take(page, f"phone-stopping-{way}", whole=False)
    models.Installation.objects.update(drill=True)
    for way in ("light", "dark"):
        with house.of("otto", color_scheme=way) as page:
            page.goto(f"{house.url}/console/directives/{ORDER}/")
            take(page, f"drill-{way}", whole=False)
    assert sum(one.stat().st_size for one in PLACE.glob("*.webp")) < 3_000_000
