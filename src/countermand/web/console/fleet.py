"""The fleet at the console: what the sources can see of it, how old that is, and what asked for mail that nobody knows."""

from django.http import HttpResponse

from countermand.core.errors import Refused
from countermand.operations import devices
from countermand.operations import sources as operations
from countermand.operations.sightings import list_sightings
from countermand.operations.standing import fleet_shape
from countermand.reads.fleet_shape import AGES
from countermand.web.console.desk import Desk
from countermand.web.console.screens import screen
from countermand.web.pages import see_other

_MOST = 200


@screen("fleet/", action="read", about="the fleet in numbers, and its sources")
def fleet(desk: Desk) -> HttpResponse:
    found = desk.do(operations.list_sources, "", _MOST)
    shape = desk.do(fleet_shape)
    looks = [
        {"source": one.source, "grade": one.grade, "whole": one.whole, "ages": list(zip(one.devices, one.people, strict=True))}
        for one in shape.looks
    ]
    return desk.page(
        "fleet.html",
        shape=shape,
        looks=looks,
        ages=AGES,
        sources=found.items,
        links=desk.may("read-person"),
        done=desk.asked("done"),
    )


@screen("fleet/unknown/", action="read-person", about="devices that gates saw and nobody knows", personal=True)
def unknown(desk: Desk) -> HttpResponse:
    """Pairs of a proven login and a device's id. They are no evidence about apps."""
    found = desk.do(list_sightings, "", _MOST)
    return desk.page("unknown.html", found=found.items)


@screen("fleet/links/", action="read-person", about="devices that may be one phone", personal=True)
def links(desk: Desk) -> HttpResponse:
    """Hints: nothing is joined but by whoever looks at both."""
    found = desk.do(devices.suggest_links, _MOST)
    return desk.page("links.html", found=found, joins=desk.may("link"), done=desk.asked("done"))


@screen("fleet/links/join/", "POST", action="link", about="two devices")
def join(desk: Desk) -> HttpResponse:
    """They are one phone: the name at the mail server is a device of its own, or was seen at a gate alone."""
    desk.do(devices.link, desk.said("device"), desk.said("other"))
    return see_other("/console/fleet/links/?done=joined")


@screen("fleet/sources/<str:name>/check/", "POST", action="ingest", about="a source")
def check(desk: Desk, name: str) -> HttpResponse:
    """What works with its credentials, and what it can and cannot see."""
    return desk.page("source_checked.html", found=desk.do(operations.check_source, name))


@screen("fleet/sources/<str:name>/", "POST", action="release", about="a source")
def decide(desk: Desk, name: str) -> HttpResponse:
    """Pause it, resume it, or let in what waits of it."""
    verb = desk.said("verb")
    if verb == "pause":
        desk.do(operations.pause_source, name)
    elif verb == "resume":
        desk.do(operations.resume_source, name)
    elif verb == "release":
        desk.do(operations.release_source, name)
    else:
        raise Refused("unknown-choice", what="choice", name=verb, known="pause, resume, release")
    return see_other(f"/console/fleet/?done={verb}")
