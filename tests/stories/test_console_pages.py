"""The console's pages in Chromium: light and dark, on a phone, right to left, at four times the size, by keyboard. axe-core
must find nothing."""

from collections.abc import Iterator

import pytest
from desks import Desks, desks
from glass import PHONE, chromium, looked_at
from playwright.sync_api import Browser, Page
from world import DUE_IN_LONDON, ORDER, TIKTOK, World

from countermand.config import Database
from countermand.core.instants import HOUR
from countermand.store import models

pytestmark = [pytest.mark.live, pytest.mark.parametrize("database", ["sqlite"], indirect=True)]


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as made:
        yield made


@pytest.fixture
def house(world: World, store: Database, browser: Browser) -> Iterator[Desks]:
    world.cast(**{f"p{number:02d}": [TIKTOK] if number % 3 else [] for number in range(24)})
    world.give("p01", "OWN", ownership="personal")
    world.orders("old-order", title="Remove FaceApp from every device")
    world.rescinds("old-order")
    world.orders(
        stages=[{"what": "identify", "due": "2020-07-12"}], title="Remove TikTok from mobile devices that read company mail"
    )
    for step in range(8):
        world.later(20 * HOUR)
        world.reports(f"P{step + 1:02d}")
    world.until(DUE_IN_LONDON + HOUR)
    world.proposes(
        "another", prohibits=[{"product": "WeChat"}], due={"at": "2020-08-17T17:00", "zone": "recipient", "fallback_zone": "UTC"}
    )
    with desks(world, store, browser) as made:
        yield made


WAYS: dict[str, dict[str, object]] = {
    "desk": {},
    "dark": {"color_scheme": "dark"},
    "phone": {"viewport": PHONE},
    "arabic": {"locale": "ar", "viewport": PHONE},
    "at-400-percent": {"viewport": {"width": 320, "height": 256}, "device_scale_factor": 4},
}


@pytest.mark.parametrize("way", WAYS)
def test_every_page_in_every_light(house: Desks, way: str) -> None:
    wrong: dict[str, list[str]] = {}
    how = WAYS[way]
    with house.of("otto", **how) as page:
        page.on("console", lambda said: wrong.setdefault("console", []).append(said.text) if said.type == "error" else None)
        for name, path in {
            "home": "",
            "lead": f"directives/{ORDER}/",
            "halt": f"directives/{ORDER}/halt/",
            "rescind": f"directives/{ORDER}/rescind/",
            "untold": f"directives/{ORDER}/untold/",
            "ended": "directives/old-order/stopping/",
            "keys": "keys/",
            "compare": f"directives/{ORDER}/compare/",
            "preview": f"directives/{ORDER}/preview/",
            "agree": "agree/",
            "ledger": f"ledger/?about={ORDER}",
            "fleet": "fleet/",
            "unknown": "fleet/unknown/",
            "settings": "settings/",
            "watched": "settings/watched/",
            "protected": "settings/protected/",
            "tokens": "settings/tokens/",
        }.items():
            page.goto(f"{house.url}/console/{path}")
            wrong[f"{way} {name}"] = looked_at(page, f"console-{name}-{way}")
    with house.of("anna", **how) as page:
        for name, path in {"write": "write/", "write-next": f"write/{ORDER}/"}.items():
            page.goto(f"{house.url}/console/{path}")
            wrong[f"{way} {name}"] = looked_at(page, f"console-{name}-{way}")
    with house.of("petra", **how) as page:
        page.goto(f"{house.url}/console/agree/another/")
        wrong[f"{way} agree-one"] = looked_at(page, f"console-agree-one-{way}")
    assert {name: found for name, found in wrong.items() if found} == {}


def test_pages_are_light_and_ask_nobody_else(house: Desks) -> None:
    with house.of("otto") as page:
        asked: list[str] = []
        page.on("request", lambda one: asked.append(one.url))
        page.goto(f"{house.url}/console/directives/{ORDER}/")
        sizes = page.evaluate(
            "performance.getEntriesByType('resource').concat(performance.getEntriesByType('navigation'))"
            ".reduce((sum, one) => sum + one.decodedBodySize, 0)"
        )
        assert sizes < 200_000
        assert all(url.startswith(house.url) for url in asked)


def test_a_halt_by_keyboard_alone(house: Desks) -> None:
    with house.of("otto", viewport=PHONE) as page:
        page.goto(f"{house.url}/console/directives/{ORDER}/")
        tab_to(page, f"a[href='/console/directives/{ORDER}/halt/']")
        page.keyboard.press("Enter")
        page.wait_for_url("**/halt/")
        assert "gets it back" in page.inner_text("main") or "get it back" in page.inner_text("main")
        tab_to(page, "button.stop")
        page.keyboard.press("Enter")
        page.wait_for_url("**/stopping/")
        assert page.inner_text("h1") == "It is on hold"
    assert models.Lineage.objects.get(pk=ORDER).halted_at is not None


def tab_to(page: Page, selector: str) -> None:
    wanted = page.locator(selector).first
    for _ in range(60):
        page.keyboard.press("Tab")
        if wanted.evaluate("one => one === document.activeElement"):
            assert wanted.evaluate("one => getComputedStyle(one).outlineStyle") != "none", "where the keyboard is cannot be seen"
            return
    raise AssertionError(f"the keyboard does not reach {selector}")
