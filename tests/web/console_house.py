"""A house whose first operators come in at the console: each by a link and a passkey of their own."""

import html
import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from authenticator import Authenticator
from page_house import Browser, Page

from countermand.access import Role
from countermand.config import Config, Control, Database, standard
from countermand.flows.accounts import First, init
from countermand.web.console import sign_in
from countermand.web.site import Site

ROLES = [role for role in Role if role is not Role.SYSTEM]
URL = "http://localhost"


def options_of(page: Page) -> str:
    """What the page's script would hand to the authenticator."""
    return html.unescape(re.findall(r'data-options="([^"]*)"', page.text)[0])


@dataclass
class ConsoleHouse:
    site: Site
    config: Config
    links: Mapping[str, str]
    keys: dict[str, Authenticator] = field(default_factory=dict)

    def browser(self) -> Browser:
        sign_in._limits._buckets.clear()
        return Browser(self.site, host="localhost")

    def join(self, name: str, secret: str = "") -> Authenticator:
        """Somebody opens their link and makes a passkey."""
        browser, key = self.browser(), Authenticator()
        path = f"/console/join/{secret or self.links[name]}/"
        page = browser.get(path)
        assert page.status == 200, page.words
        made = browser.submit(page, path, label="first", answer=key.make(options_of(page)))
        assert made.status == 200, made.words
        self.keys[name] = key
        return key

    def signed_in(self, name: str) -> Browser:
        """A browser in which they have signed in by their passkey."""
        if name not in self.keys:
            self.join(name)
        browser = self.browser()
        page = browser.get("/console/sign-in/")
        home = browser.submit(page, "/console/sign-in/", answer=self.keys[name].use(options_of(page)))
        assert "Sign out" in home.words, home.words
        return browser


def console_house(store: Database, folder: Path, **changes: object) -> ConsoleHouse:
    folder.mkdir(mode=0o700)
    config = replace(standard(folder), database=store, control=Control(url=URL), **changes)  # type: ignore[arg-type]
    made = init(config, [First(role.value, frozenset({role})) for role in ROLES])
    return ConsoleHouse(Site(config), config, made.links)
