"""The last step forward: what stops it, if anything does, and what it will do from then on."""

from collections.abc import Callable

from django.http import HttpResponse

from countermand.core.errors import Refused, RefusedMany
from countermand.operations import directives, forward, standing
from countermand.web.console import lead
from countermand.web.console.desk import Desk
from countermand.web.console.numbers import typed
from countermand.web.console.screens import screen
from countermand.web.pages import see_other


@screen("directives/<slug:name>/issue/", "GET", "POST", action="issue", about="a proposal that is approved")
def issue(desk: Desk, name: str) -> HttpResponse:
    """Issue it, or put it in the place of the version in force."""
    verb = forward.supersede if _in_force(desk, name) else forward.issue
    if desk.request.method == "POST":
        desk.do(verb, name, typed(desk.said("expected")), typed(desk.said("acknowledged")))
        return _done(name, "issued")
    foreseen = desk.do(directives.preview, name)
    stops = _stops(lambda: desk.do(verb, name, None, foreseen.busiest_denials, dry_run=True))
    return desk.page("issue.html", name=name, foreseen=foreseen, stops=stops, resumes=False, instead=verb is forward.supersede)


@screen("directives/<slug:name>/resume/", "GET", "POST", action="resume", about="an order on hold")
def resume(desk: Desk, name: str) -> HttpResponse:
    """Lift a halt."""
    if desk.request.method == "POST":
        desk.do(forward.resume, name, typed(desk.said("expected")), typed(desk.said("acknowledged")))
        return _done(name, "resumed")
    foreseen = desk.do(directives.preview, name)
    stops = _stops(lambda: desk.do(forward.resume, name, None, foreseen.busiest_denials, dry_run=True))
    return desk.page("issue.html", name=name, foreseen=foreseen, stops=stops, resumes=True, instead=False)


def _in_force(desk: Desk, name: str) -> bool:
    return desk.do(standing.status, name).directives[0].state.value == "issued"


def _stops(attempt: Callable[[], object]) -> list[Refused]:
    """Everything that would stop it now, as the flow itself says."""
    try:
        attempt()
    except RefusedMany as many:
        return many.problems
    except Refused as one:
        return [one]
    return []


def _done(name: str, what: str) -> HttpResponse:
    lead.forget()
    return see_other(f"/console/directives/{name}/?done={what}")
