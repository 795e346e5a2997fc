"""How soon a page of the console is drawn in Chromium on a CPU slowed down four times: ``make bench-console``.

No test of the suite: it is run by name, asserts nothing of time, and writes its table into docs/performance.md.
"""

import platform
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from statistics import median

import pytest
from desks import Desks
from glass import chromium
from led_company import led_company
from playwright.sync_api import Page
from world import ORDER, World

from countermand.config import Database

pytestmark = [pytest.mark.live, pytest.mark.timeout(900), pytest.mark.parametrize("database", ["sqlite"], indirect=True)]
PAGE = Path(__file__).resolve().parents[2] / "docs" / "performance.md"
BEGIN, END = "<!-- bench-console: begin -->", "<!-- bench-console: end -->"
SLOWER, RUNS, TARGET = 4, 7, 1_000
PAGES = {
    "directives": "",
    "a directive": f"directives/{ORDER}/",
    "halt": f"directives/{ORDER}/halt/",
    "fleet": "fleet/",
    "ledger": "ledger/",
    "settings": "settings/",
}
_ASKED = """() => {
  const page = performance.getEntriesByType("navigation")[0];
  const drawn = performance.getEntriesByName("first-contentful-paint")[0];
  const all = performance.getEntriesByType("resource").concat(page);
  return [drawn.startTime, page.responseStart, all.reduce((sum, one) => sum + one.decodedBodySize, 0)];
}"""


@pytest.fixture
def house(world: World, store: Database, monkeypatch: pytest.MonkeyPatch) -> Iterator[Desks]:
    with chromium() as browser, led_company(world, store, browser, monkeypatch) as made:
        yield made


def measured(page: Page, address: str) -> tuple[float, float, int]:
    """Medians, nothing cached: first contentful paint, of that until the server answered, and octets of the page with all that
    it loads."""
    found = []
    for _ in range(RUNS):
        page.goto("about:blank")
        page.goto(address)
        page.wait_for_function("performance.getEntriesByName('first-contentful-paint').length > 0")
        found.append(page.evaluate(_ASKED))
    drawn, answered, weight = zip(*found, strict=True)
    return median(drawn), median(answered), int(median(weight))


def test_first_render(house: Desks) -> None:
    rows = []
    with house.of("otto") as page:
        session = page.context.new_cdp_session(page)
        session.send("Network.setCacheDisabled", {"cacheDisabled": True})
        session.send("Emulation.setCPUThrottlingRate", {"rate": SLOWER})
        for name, path in PAGES.items():
            drawn, answered, weight = measured(page, f"{house.url}/console/{path}")
            mark = "" if drawn <= TARGET else " ✗"
            rows.append(f"| {name} | {drawn:,.0f} ms{mark} | {answered:,.0f} ms | {weight / 1000:,.0f} kB |")
    lines = [
        "## The console", "",
        f"`make bench-console`; {date.today().isoformat()}, {platform.processor() or platform.machine()}.",  # noqa: DTZ011
        "First contentful paint in Chromium with its CPU slowed down four times and nothing cached; target ≤ 1 s. Medians of "
        f"{RUNS}, with whatever else the machine did; the server runs on the same machine at its own speed.", "",
        "| page | first render | of that, until the server answered | weight, all told |", "|---|---|---|---|", *rows, "",
    ]  # fmt: skip
    part = "\n".join([BEGIN, "", *lines, END])
    print("\n" + part)
    before, begin, rest = PAGE.read_text("utf-8").partition(BEGIN)
    PAGE.write_text(f"{before.rstrip()}\n\n{part}{rest.partition(END)[2] if begin else chr(10)}", "utf-8")
