"""Where an operator begins: every directive, and what waits."""

from django.http import HttpResponse

from countermand.operations import standing
from countermand.web.console.desk import Desk
from countermand.web.console.screens import screen


@screen("", action="read", about="every directive")
def home(desk: Desk) -> HttpResponse:
    return desk.page("home.html", seen=desk.do(standing.status))
