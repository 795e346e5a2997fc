"""Operators of a story at their desks: a browser each, and a passkey each, in Chromium's own virtual authenticator."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from urllib.parse import urlsplit

from glass import served
from playwright.sync_api import Browser, BrowserContext, Page
from world import World

from countermand.config import Config, Console, Control, Database, standard
from countermand.flows import passkeys
from countermand.lib import clock
from countermand.store import models
from countermand.store.unit import unit
from countermand.web.console import lead, sign_in
from countermand.web.site import Site


@dataclass
class Desks:
    """``url``: where the console is; browsers make passkeys on localhost alone without TLS."""

    world: World
    browser: Browser
    site: Site
    config: Config
    url: str

    @contextmanager
    def of(self, name: str, **how: object) -> Iterator[Page]:
        """The page of somebody who has come in by a link, made a passkey, and signed in with it."""
        context = self.browser.new_context(**{"viewport": {"width": 1280, "height": 900}, "locale": "en-GB", **how})  # type: ignore[arg-type]
        context.set_default_timeout(90_000)  # machines of tests are shared
        page = context.new_page()
        with_passkeys(context, page)
        self.join(page, name)
        yield page
        context.close()

    def join(self, page: Page, name: str) -> None:
        sign_in._limits._buckets.clear()
        with unit():
            link = passkeys.invited(name, first=True)
        page.goto(f"{self.url}/console/join/{link.secret}/")
        page.click("main button")
        page.wait_for_url("**/console/sign-in/**")
        page.click("text=Sign in with a passkey >> nth=-1")
        page.wait_for_url("**/console/")

    @contextmanager
    def meanwhile(self) -> Iterator[None]:
        """What happens outside of the console goes by the story's own clock, to which nothing is added."""
        models.Installation.objects.update(clock_offset=0)
        yield
        models.Installation.objects.update(clock_offset=self.world.now - clock.now())
        lead.forget()

    @contextmanager
    def time(self) -> Iterator[None]:
        """The site goes by the world's clock."""
        models.Installation.objects.update(clock_offset=self.world.now - clock.now())
        try:
            yield
        finally:
            models.Installation.objects.update(clock_offset=0)


def with_passkeys(context: BrowserContext, page: Page) -> None:
    """An authenticator of this browser's own, which verifies its owner without being asked."""
    session = context.new_cdp_session(page)
    session.send("WebAuthn.enable")
    options = {
        "protocol": "ctap2",
        "transport": "internal",
        "hasResidentKey": True,
        "hasUserVerification": True,
        "isUserVerified": True,
        "automaticPresenceSimulation": True,
    }
    session.send("WebAuthn.addVirtualAuthenticator", {"options": options})


@contextmanager
def desks(world: World, place: Database, browser: Browser) -> Iterator[Desks]:
    """The console of a story's world, served on localhost."""
    lead.forget()
    config = replace(standard(world.folder), database=place, origin="mail.example.org")
    site = Site(config)
    with served(site) as address:
        url = f"http://localhost:{urlsplit(address).port}"
        site._config = config = replace(config, control=Control(url=url), console=Console(longest=10**12))
        made = Desks(world, browser, site, config, url)
        with made.time():
            yield made
    site.end()
