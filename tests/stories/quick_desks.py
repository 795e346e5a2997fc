"""The console over a story's world without a browser's weight: passkeys in software, pages asked as ASGI."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace

from authenticator import Authenticator
from console_house import URL, options_of
from page_house import Browser, Page
from world import World

from countermand.config import Config, Console, Control, Database, standard
from countermand.flows import passkeys
from countermand.lib import clock
from countermand.store import models
from countermand.store.unit import unit
from countermand.web.console import lead, sign_in
from countermand.web.site import Site


@dataclass
class QuickDesks:
    world: World
    site: Site
    config: Config
    keys: dict[str, Authenticator] = field(default_factory=dict)

    def join(self, name: str, *, first: bool = True) -> Authenticator:
        """Somebody opens a link and makes a passkey."""
        sign_in._limits._buckets.clear()
        with unit():
            link = passkeys.invited(name, first=first)
        browser, key, path = self._browser(), Authenticator(), f"/console/join/{link.secret}/"
        page = browser.get(path)
        made = browser.submit(page, path, label="first", answer=key.make(options_of(page)))
        assert made.status == 200, made.words
        self.keys[name] = key
        return key

    def of(self, name: str) -> Browser:
        """A browser in which they have signed in."""
        if name not in self.keys:
            self.join(name)
        sign_in._limits._buckets.clear()
        browser = self._browser()
        page = browser.get("/console/sign-in/")
        home = browser.submit(page, "/console/sign-in/", answer=self.keys[name].use(options_of(page)))
        assert "Sign out" in home.words, home.words
        return browser

    def approve(self, name: str, order: str, expected: object, *, resume: bool = False, **changes: str) -> Page:
        """They read what they are asked to sign, and sign it."""
        lead.forget()
        path = f"/console/agree/{order}/{'resume/' if resume else ''}"
        browser = self.of(name)
        page = browser.get(path)
        if 'data-passkey="use"' not in page.text:
            return page
        fields = {"expected": str(expected), "answer": self.keys[name].use(options_of(page)), **changes}
        return browser.submit(page, path, **fields)

    def _browser(self) -> Browser:
        return Browser(self.site, host="localhost", around=self._time)

    @contextmanager
    def _time(self) -> Iterator[None]:
        models.Installation.objects.update(clock_offset=self.world.now - clock.now())
        try:
            yield
        finally:
            models.Installation.objects.update(clock_offset=0)


@contextmanager
def quick_desks(world: World, place: Database) -> Iterator[QuickDesks]:
    lead.forget()
    config = replace(
        standard(world.folder), database=place, origin="mail.example.org", control=Control(url=URL), console=Console()
    )
    site = Site(config)
    yield QuickDesks(world, site, config)
    site.end()
