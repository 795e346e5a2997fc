"""The founding case through the console alone, by four people who are signed in at once: written, agreed to, issued, led, and
taken back from a phone, down to the last lifted denial and the last correction."""

from collections.abc import Iterator
from contextlib import ExitStack

import pytest
from desks import Desks, desks
from glass import PHONE, chromium
from playwright.sync_api import Browser, Page, expect
from world import DUE_IN_LONDON, ORDER, TIKTOK, World

from countermand.config import Database
from countermand.core.instants import HOUR
from countermand.flows.hear_gate import Report, hear_gate
from countermand.store import feed, models

pytestmark = [pytest.mark.live, pytest.mark.parametrize("database", ["sqlite"], indirect=True)]


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as made:
        yield made


@pytest.fixture
def house(world: World, store: Database, browser: Browser) -> Iterator[Desks]:
    world.cast(alice=[TIKTOK], bob=[], carol=[TIKTOK], dan=[TIKTOK])
    gate_says(world)
    models.Operator.objects.filter(name="otto").update(roles="operator helpdesk")
    with desks(world, store, browser) as made:
        yield made


def gate_says(world: World) -> None:
    hear_gate("gate", Report(1, feed.last(1).n, world.now, False, {}, []), world.now)


def writes(page: Page, house: Desks) -> None:
    page.goto(f"{house.url}/console/write/")
    page.fill("#text", house.world.text().replace('"72h"', '"72 hours"'))
    expect(page.locator("#foreseen")).to_contain_text("minimum_notice", timeout=10_000)
    page.fill("#text", house.world.text())
    expect(page.locator("#foreseen")).to_contain_text("It speaks to 4 people", timeout=10_000)
    page.fill("#search", "tikt")
    expect(page.locator("#hits")).to_contain_text("com.zhiliaoapp.musically", timeout=10_000)
    page.click("text=Store as a draft")
    page.wait_for_url(f"**/console/write/{ORDER}/**")
    page.click("text=Propose it")
    page.wait_for_url("**/?done=proposed")


def agrees(page: Page, house: Desks, count: str) -> None:
    page.goto(f"{house.url}/console/")
    page.click("text=Read and decide")
    page.wait_for_url(f"**/agree/{ORDER}/")
    page.fill("#expected", count)
    page.click("text=Approve with a passkey")


def test_an_order_and_the_way_back(house: Desks) -> None:
    world = house.world
    with ExitStack() as stack:
        anna, petra, paul = (stack.enter_context(house.of(name)) for name in ("anna", "petra", "paul"))
        otto = stack.enter_context(house.of("otto", viewport=PHONE))
        writes(anna, house)
        agrees(petra, house, "840000")
        expect(petra.locator("main")).to_contain_text("expected-people-differ")
        for page in (petra, paul):
            agrees(page, house, "4")
            page.wait_for_url("**/?done=approved")
        otto.goto(f"{house.url}/console/directives/{ORDER}/issue/")
        expect(otto.locator(".checks")).to_contain_text("Nothing stops it.")
        if otto.locator("input[name=acknowledged]").count():
            otto.check("input[name=acknowledged]")
        otto.click("text=Issue it")
        otto.wait_for_url("**/?done=issued")
        with house.meanwhile():
            world.turn()
            assert world.letters("alice")
            world.until(DUE_IN_LONDON + HOUR)
            assert world.cut() == ["ALICE", "CAROL", "DAN"]
            gate_says(world)
        for page in (anna, petra, otto):
            page.goto(f"{house.url}/console/directives/{ORDER}/")
            expect(page.locator(".state")).to_contain_text("Enforced")
            expect(page.locator(".figures .hot dd")).to_have_text("3")
        otto.click("text=Rescind …")
        expect(otto.locator("main")).to_contain_text("devices that are denied mail now get it back")
        expect(otto.locator(".figures .hot dd")).to_have_text("3")
        otto.check("input[value=sent-in-error]")
        otto.click("text=Rescind now")
        otto.wait_for_url("**/stopping/")
        expect(otto.locator(".figures dd").first).to_have_text("3")
        with house.meanwhile():
            world.publishes()
            assert world.cut() == []
        expect(otto.locator(".checks")).to_contain_text("gate has not said that it heard it", timeout=10_000)
        with house.meanwhile():
            gate_says(world)
            world.turn()
        expect(otto.locator("[data-done]")).to_contain_text("nothing is left to lift or to say", timeout=10_000)
        expect(otto.locator(".figures dd").first).to_have_text("0")
        expect(anna.locator(".state")).to_contain_text("Rescinded", timeout=10_000)
    models.Installation.objects.update(clock_offset=0)
    assert {world.letters(name)[-1] for name in ("alice", "bob", "carol", "dan")} == {"rescinded"}
    world.ends_well()
