"""Stopping an order: what will happen in numbers, one button, and what has happened, until the last phone and the last word."""

from dataclasses import dataclass

from django.http import HttpResponse

from countermand.core.lifecycle import EndGround
from countermand.operations import back, leading, standing
from countermand.reads.status import Standing
from countermand.reads.stopping import Stopping
from countermand.web.console import lead, wording
from countermand.web.console.desk import Desk
from countermand.web.console.recent import Recent
from countermand.web.console.screens import screen
from countermand.web.pages import see_other
from countermand.web.streams import Events

#: Whoever looks within these milliseconds at the same order's end sees the same.
_KEPT = 1_000
_stoppings: Recent[Stopping] = Recent(_KEPT)
#: How many were denied when it was stopped, for the page that counts them down. It is shown, and decides nothing.
_LIFTED = "lifted at the console"


@dataclass(frozen=True, slots=True)
class Left:
    """``denials``: that a gate may still answer, None if nobody here knows how many there were."""

    denials: int | None
    lifted: int | None


@screen("directives/<slug:name>/halt/", "GET", "POST", action="halt", about="a directive")
def halt(desk: Desk, name: str) -> HttpResponse:
    if desk.request.method == "GET":
        return desk.page("halt.html", name=name, one=_standing(desk, name))
    _remember(desk, name)
    desk.do(back.halt, name)
    lead.forget()
    return see_other(f"/console/directives/{name}/stopping/")


@screen("directives/<slug:name>/rescind/", "GET", "POST", action="rescind", about="a directive")
def rescind(desk: Desk, name: str) -> HttpResponse:
    if desk.request.method == "GET":
        grounds = [(ground.value, wording.GROUNDS[ground.value]) for ground in EndGround]
        return desk.page("rescind.html", name=name, one=_standing(desk, name), grounds=grounds)
    _remember(desk, name)
    desk.do(back.rescind, name, desk.said("ground"))
    lead.forget()
    return see_other(f"/console/directives/{name}/stopping/")


@screen("directives/<slug:name>/stopping/", action="oversee", about="a directive")
def stopping(desk: Desk, name: str) -> HttpResponse:
    """What has happened, counted down to nothing left."""
    found = desk.do(leading.stopping, name)
    return desk.page("stopping.html", name=name, found=found, left=_left(desk, found))


@screen("directives/<slug:name>/stopping/live/", action="oversee", about="a directive", passive=True)
def stopping_live(desk: Desk, name: str) -> HttpResponse:
    found = desk.do(leading.stopping, name)
    return desk.part("stopping_live.html", name=name, found=found, left=_left(desk, found))


@screen("directives/<slug:name>/stopping/events/", action="oversee", about="a directive", passive=True)
def stopping_events(desk: Desk, name: str) -> HttpResponse:
    """The same for as long as somebody looks, until nothing is left."""
    found = _stoppings.get(f"{desk.config.database} {name}", lambda: desk.do(leading.stopping, name))
    words = desk.piece("stopping_live.html", name=name, found=found, left=_left(desk, found))
    return Events({"live": words}, _KEPT / 1000, over=found.done)


def _standing(desk: Desk, name: str) -> Standing:
    return desk.do(standing.status, name).directives[0]


def _remember(desk: Desk, name: str) -> None:
    """INVARIANT: nobody waits for a figure. What the page before showed is what is counted down."""
    shown = desk.said("denied")
    number = int(shown) if shown.isascii() and shown.isdigit() and len(shown) < 10 else None
    if number is not None:
        desk.request.session[_LIFTED] = {name: number}


def _left(desk: Desk, found: Stopping) -> Left:
    lifted = desk.request.session.get(_LIFTED, {}).get(found.directive)
    if not isinstance(lifted, int):
        return Left(0 if found.gates_done else None, None)
    return Left(0 if found.gates_done else lifted, lifted)
