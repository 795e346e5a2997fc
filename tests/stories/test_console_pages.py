"""The console's pages in Chromium: light and dark, on a phone, right to left, at four times the size, by keyboard. axe-core
must find nothing."""

from collections.abc import Iterator
from urllib.parse import urlsplit

import pytest
from desks import Desks, desks
from glass import PHONE, chromium, looked_at, walked
from playwright.sync_api import Browser, Page
from world import DUE_IN_LONDON, ORDER, TIKTOK, World

from countermand.access import TABLE, Role
from countermand.config import Database
from countermand.core.instants import HOUR
from countermand.store import models
from countermand.web.console.screens import SCREENS, Screen

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
    world.two_names("p04")
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


#: Every page that is looked at, by whose it is.
PAGES: dict[str, dict[str, str]] = {
    "otto": {
        "home": "",
        "lead": f"directives/{ORDER}/",
        "halt": f"directives/{ORDER}/halt/",
        "rescind": f"directives/{ORDER}/rescind/",
        "untold": f"directives/{ORDER}/untold/",
        "issue": "directives/another/issue/",
        "ended": "directives/old-order/stopping/",
        "keys": "keys/",
        "compare": f"directives/{ORDER}/compare/",
        "preview": f"directives/{ORDER}/preview/",
        "agree": "agree/",
        "ledger": f"ledger/?about={ORDER}",
        "fleet": "fleet/",
        "unknown": "fleet/unknown/",
        "links": "fleet/links/",
        "settings": "settings/",
        "watched": "settings/watched/",
        "protected": "settings/protected/",
        "tokens": "settings/tokens/",
    },
    "anna": {"write": "write/", "write-next": f"write/{ORDER}/"},
    "petra": {"agree-one": "agree/another/"},
}


@pytest.mark.timeout(900)  # it looks at twenty pages, and goes through each of them by keyboard
@pytest.mark.parametrize("way", WAYS)
def test_every_page_in_every_light(house: Desks, way: str) -> None:
    wrong: dict[str, list[str]] = {}
    for who, pages in PAGES.items():
        with house.of(who, **WAYS[way]) as page:
            page.on("console", lambda said: wrong.setdefault("console", []).append(said.text) if said.type == "error" else None)
            for name, path in pages.items():
                page.goto(f"{house.url}/console/{path}")
                wrong[f"{way} {name}"] = looked_at(page, f"console-{name}-{way}")
                if way == "phone":
                    wrong[f"keyboard {name}"] = walked(page)
            if who == "otto":
                page.goto(f"{house.url}/console/fleet/links/")
                assert page.locator("form button", has_text="They are one phone").count() == 1, "a page of suggestions with none"
    assert {name: found for name, found in wrong.items() if found} == {}


def test_pages_are_light_and_ask_nobody_else(house: Desks) -> None:
    heavy: dict[str, int] = {}
    with house.of("otto") as page:
        asked: list[str] = []
        page.on("request", lambda one: asked.append(one.url))
        for one in SCREENS:
            path = one.path.replace("<slug:name>", ORDER)
            if "GET" not in one.methods or "<" in path or not house_may(one) or path.endswith(("csv", "pdf", "png", "back/")):
                continue
            page.goto(f"{house.url}/console/{path}")
            weight = page.evaluate(
                "performance.getEntriesByType('resource').concat(performance.getEntriesByType('navigation'))"
                ".reduce((sum, one) => sum + one.decodedBodySize, 0)"
            )
            if weight >= 200_000:
                heavy[path] = weight
        assert heavy == {}
        assert len(asked) > 40
        assert [url for url in asked if not url.startswith(house.url)] == []


def house_may(one: Screen) -> bool:
    return any(one.action in TABLE and role in TABLE[one.action] for role in (Role.OPERATOR, Role.HELPDESK)) and not one.passive


def test_no_name_is_too_long_for_a_phone(house: Desks) -> None:
    name = "<b>\u202e=1" + "x" * 10_000
    models.Person.objects.filter(login="p02").update(name=name)
    models.Source.objects.update(fault=name)
    models.Notice.objects.filter(person__login="p02").update(state="refused", answer=name)
    models.Told.objects.filter(person__login="p02").delete()
    models.GateSeen.objects.create(name=name, epoch=1, n=1, at=1, heard=1)
    models.Sighting.objects.create(login=name, kind="eas", value=name, first=1, last=2, times=3)
    models.ProtectedLogin.objects.create(login=name, why=name, proposed_by="otto", proposed_at=1)
    wrong = {}
    with house.of("otto", viewport=PHONE) as page:
        for path in (
            f"directives/{ORDER}/",
            f"directives/{ORDER}/untold/",
            "fleet/",
            "fleet/unknown/",
            "settings/",
            "settings/protected/",
        ):
            page.goto(f"{house.url}/console/{path}")
            if page.evaluate("document.documentElement.scrollWidth > document.documentElement.clientWidth"):
                wrong[path] = "wider than the screen"
            assert name in page.content().replace("&lt;", "<").replace("&gt;", ">"), path
    assert wrong == {}


def test_a_drill_is_another_world(house: Desks) -> None:
    with house.of("otto", color_scheme="light") as page:
        page.goto(f"{house.url}/console/directives/{ORDER}/")
        real = page.evaluate(
            "[getComputedStyle(document.body).backgroundColor, getComputedStyle(document.querySelector('.bar')).backgroundColor]"
        )
        models.Installation.objects.update(drill=True)
        page.reload()
        drill = page.evaluate(
            "[getComputedStyle(document.body).backgroundColor, getComputedStyle(document.querySelector('.bar')).backgroundColor]"
        )
        assert real[0] != drill[0]
        assert real[1] != drill[1]
        assert page.title().startswith("DRILL")
        assert page.inner_text(".bar .house").endswith("DRILL")
        page.evaluate("window.scrollTo(0, document.body.scrollHeight)")
        assert page.evaluate("document.querySelector('.drill').getBoundingClientRect().top") == 0, "it says so wherever one reads"
        assert looked_at(page, "console-drill") == []
    models.Installation.objects.update(drill=False)


def test_a_halt_by_keyboard_alone(house: Desks) -> None:
    with house.of("otto", viewport=PHONE) as page:
        asked: list[str] = []
        page.on("request", lambda one: asked.append(urlsplit(one.url).path.rpartition(ORDER)[2]))
        with page.expect_request("**/events/"):
            page.goto(f"{house.url}/console/directives/{ORDER}/")
        while not page.evaluate("document.querySelector('[data-event=chart]').shown"):
            page.wait_for_timeout(100)
        before = len(asked)
        page.wait_for_timeout(2_500)
        assert asked[before:] == [], "it asks although it is told"
        page.route("**/events/", lambda one: one.abort())
        with page.expect_request("**/gates/"):  # a broken stream is no loss
            page.reload()
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
