"""The employee's page over a story's world: its clock, its secret, and a browser that somebody has signed in with."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace

from django.contrib.sessions.backends.signed_cookies import SessionStore
from page_house import Browser, Page
from world import World

from countermand.config import Config, Database, Pages, standard
from countermand.lib import clock, keys
from countermand.store import directory, models
from countermand.web import signed_in
from countermand.web.site import Site


@dataclass
class HerPage:
    world: World
    site: Site
    config: Config

    def browser(self, login: str = "", token: str = "", language: str = "en") -> Browser:
        """A browser in which this employee, or the help desk with this token, is signed in."""
        made = Browser(self.site, language, around=self.time)
        session = SessionStore()
        if login:
            session["person"] = directory.find([login])[login]
        if token:
            session["token"] = signed_in.kept(token)
        if login or token:
            session.save()
            made.cookies["session"] = str(session.session_key)
        return made

    def see(self, browser: Browser, path: str = "/me/") -> Page:
        """The page now."""
        return browser.get(path)

    @contextmanager
    def time(self) -> Iterator[None]:
        """The site goes by the world's clock; a gate, which would take an offset for its own, does not hear of it."""
        models.Installation.objects.update(clock_offset=self.world.now - clock.now())
        try:
            yield
        finally:
            models.Installation.objects.update(clock_offset=0)


def her_page(world: World, place: Database) -> HerPage:
    config = replace(standard(world.folder), database=place, pages=Pages(contact="Ms Schmidt"), origin="mail.example.org")
    site = Site(config)
    key = keys.load_or_create_secret(world.folder / "keys" / "notices.secret")
    world.post.desk = replace(world.post.desk, key=key)
    return HerPage(world, site, config)
