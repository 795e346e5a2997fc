"""A real browser before the site: Debian's Chromium by Playwright, axe-core, and pictures of what was seen."""

import os
import shutil
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import uvicorn
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, sync_playwright

from countermand.web.site import Site

#: Pictures of every page that was looked at; they are artefacts, not of the tree.
PICTURES = Path(__file__).resolve().parents[2] / "build" / "screenshots"
PHONE, DESKTOP = {"width": 360, "height": 740}, {"width": 1280, "height": 900}


@contextmanager
def chromium() -> Iterator[Browser]:
    """One browser. Playwright runs a loop in this thread; that the tests ask the database from it is safe, they wait."""
    before = os.environ.get("DJANGO_ALLOW_ASYNC_UNSAFE")
    os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "1"
    try:
        with sync_playwright() as player:
            made = player.chromium.launch(executable_path=shutil.which("chromium"), args=["--no-sandbox", "--disable-gpu"])
            yield made
            made.close()
    finally:
        if before is None:
            del os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"]


@contextmanager
def served(site: Site) -> Iterator[str]:
    """The site on a port of its own; its address."""
    with socket.create_server(("127.0.0.1", 0)) as plug:
        server = uvicorn.Server(uvicorn.Config(site, lifespan="off", log_config=None, ws="none", access_log=False))
        thread = threading.Thread(target=server.run, kwargs={"sockets": [plug]}, daemon=True)
        thread.start()
        try:
            yield f"http://127.0.0.1:{plug.getsockname()[1]}"
        finally:
            server.should_exit = True
            thread.join(10)


def looked_at(page: Page, name: str) -> list[str]:
    """Take the picture, and say what is wrong with the page: what axe-core finds, and what does not fit the width."""
    PICTURES.mkdir(parents=True, exist_ok=True)
    page.screenshot(path=PICTURES / f"{name}.png", full_page=True)
    rules = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
    found = Axe().run(page, options={"runOnly": rules, "resultTypes": ["violations"]})
    wrong = [f"{one['id']}: {one['nodes'][0]['html'][:120]}" for one in found.response["violations"]]
    if page.evaluate("document.documentElement.scrollWidth > document.documentElement.clientWidth"):
        wrong.append("it is wider than the screen")
    return wrong


#: What the keyboard has to reach, with everything unfolded; of radio buttons of one name it reaches one.
_REACHED = """() => {
  document.querySelectorAll("details").forEach(one => { one.open = true; });
  const wanted = [...document.querySelectorAll("a[href], button, input, select, textarea, summary, [tabindex='0']")]
    .filter(one => one.checkVisibility({ visibilityProperty: true }) && !one.disabled && one.tabIndex >= 0);
  const seen = new Map();
  document.addEventListener("focusin", event => {
    const style = getComputedStyle(event.target);
    if (!seen.has(event.target)) seen.set(event.target, style.outlineStyle !== "none" && parseFloat(style.outlineWidth) >= 2);
  });
  const called = one => one.outerHTML.slice(0, 120);
  window.reached = () => {
    const order = [...seen.keys()], group = one => one.type === "radio" && order.some(other => other.name === one.name);
    const wrong = wanted.filter(one => !seen.has(one) && !group(one)).map(one => "the keyboard does not reach " + called(one));
    order.forEach((one, at) => {
      if (!seen.get(one)) wrong.push("where the keyboard is cannot be seen at " + called(one));
      if (at && order[at - 1].compareDocumentPosition(one) & Node.DOCUMENT_POSITION_PRECEDING)
        wrong.push("out of order: " + called(one));
    });
    if (order.length && document.activeElement === order.at(-1)) wrong.push("no way on from " + called(order.at(-1)));
    return wrong;
  };
  document.activeElement.blur();
  return wanted.length;
}"""


def walked(page: Page) -> list[str]:
    """What is wrong with the page for whoever has a keyboard alone: what it does not reach, or in another order than it is
    read, or unseen; and what does not let go of it. An open dialog closes by Escape."""
    for _ in range(page.evaluate(_REACHED) + 2):
        page.keyboard.press("Tab")
    wrong: list[str] = page.evaluate("window.reached()")
    if page.locator("dialog[open], [popover]:popover-open").count():
        page.keyboard.press("Escape")
        if page.locator("dialog[open], [popover]:popover-open").count():
            wrong.append("a dialog that Escape does not close")
    return wrong
