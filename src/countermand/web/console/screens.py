"""Every page of the console goes through here: each names its rule, and a page without one cannot be reached.

A rule is an action of access.TABLE and what it is done to. It is asked before anything is read; the flow or read behind the
page asks again, more exactly.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any
from uuid import uuid4

from django.http import HttpRequest, HttpResponse

from countermand.access import Act, Actor, require
from countermand.core.errors import Refused, RefusedMany
from countermand.flows import seats as sitting
from countermand.lib import clock
from countermand.lib.log import failure, say
from countermand.reads import installation, seats
from countermand.reads.seats import Here
from countermand.web import pages
from countermand.web.console import cookie
from countermand.web.console.desk import Desk

#: The action of a page by which people come in: anybody may.
ANYBODY = "anybody"
_NOBODY = Actor("nobody", frozenset())
View = Callable[..., HttpResponse]


@dataclass(frozen=True, slots=True)
class Screen:
    """``path`` under /console/ as Django writes it; ``action`` and ``about``: the rule; ``personal``: people are named, so each
    look is recorded; ``passive``: a script asks for it by itself, which keeps nobody signed in."""

    path: str
    view: View
    methods: tuple[str, ...]
    action: str
    about: str
    personal: bool
    passive: bool

    def __call__(self, request: HttpRequest, **named: Any) -> HttpResponse:
        desk = Desk(request, pages.config_of(request), installation.act(_NOBODY), None)
        try:
            if request.method not in self.methods and not (request.method == "HEAD" and "GET" in self.methods):
                return self._wrong_method(desk)
            if self.action != ANYBODY:
                here = _here(desk)
                desk = Desk(request, desk.config, Act(here.actor, desk.act.now, desk.act.drill), here)
                if not self.passive:
                    sitting.still_there(here.number, here.seen, clock.now())
                require(here.actor, self.action)
            return self._checked(desk, self.view(desk, **named))
        except Refused as refused:
            return _refused(desk, refused, piece=self.passive or self.path.endswith("live/"))
        except Exception as fault:
            reference = uuid4().hex[:12]
            say("page-fault", reference=reference, **failure(fault))
            return desk.page("fault.html", 500, reference=reference)

    def _checked(self, desk: Desk, response: HttpResponse) -> HttpResponse:
        """INVARIANT: nobody is shown a person without its being recorded."""
        if self.personal and not desk.shown and response.status_code == 200:
            raise RuntimeError(f"{self.path} shows people and recorded no look")
        return response

    def _wrong_method(self, desk: Desk) -> HttpResponse:
        response = desk.page("missing.html", 405)
        response.headers["Allow"] = ", ".join(self.methods)
        return response


#: In the order in which modules declare them.
SCREENS: list[Screen] = []


def screen(
    path: str, *methods: str, action: str, about: str, personal: bool = False, passive: bool = False
) -> Callable[[View], View]:
    """Declare ``view(desk, …)`` as the page at ``path``, with its rule."""

    def declare(view: View) -> View:
        SCREENS.append(Screen(path, view, methods or ("GET",), action, about, personal, passive))
        return view

    return declare


public = partial(screen, action=ANYBODY, about="the way in")


def _here(desk: Desk) -> Here:
    known = desk.config.console
    return seats.here(cookie.of(desk.request), known.idle, known.longest)


def _refused(desk: Desk, refused: Refused, *, piece: bool) -> HttpResponse:
    """``piece``: a script puts it into a page."""
    if refused.code == "not-signed-in":
        if piece:
            # A piece stands in the page above it; what asks with a form has something typed that must not be lost.
            to = desk.request.path.rsplit("/", 2)[0] + "/" if desk.request.method == "GET" else ""
            return desk.page("parts/signed_out.html", 401, to=to)
        # A form that was sent too late is not sent again by itself: they come back to where they were.
        to = desk.request.path if desk.request.method == "GET" else "/console/"
        return pages.see_other(f"/console/sign-in/?to={to}")
    problems = refused.problems if isinstance(refused, RefusedMany) else [refused]
    template = "parts/refused.html" if piece else "refused.html"
    return desk.page(template, refused.entry.http, problems=problems)
