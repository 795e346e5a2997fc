"""The console's pages in Chromium: light and dark, on a phone, right to left, at four times the size, by keyboard. axe-core
must find nothing."""

from collections.abc import Iterator

import pytest
from desks import Desks, desks
from glass import PHONE, chromium, looked_at
from playwright.sync_api import Browser
from world import DUE_IN_LONDON, ORDER, TIKTOK, World

from countermand.config import Database
from countermand.core.instants import HOUR

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
    with desks(world, store, browser) as made:
        yield made


def test_every_page_in_every_light(house: Desks) -> None:
    wrong: dict[str, list[str]] = {}
    ways: dict[str, dict[str, object]] = {
        "desk": {},
        "dark": {"color_scheme": "dark"},
        "phone": {"viewport": PHONE},
        "arabic": {"locale": "ar", "viewport": PHONE},
        "at-400-percent": {"viewport": {"width": 320, "height": 256}, "device_scale_factor": 4},
    }
    for way, how in ways.items():
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
    assert {name: found for name, found in wrong.items() if found} == {}
