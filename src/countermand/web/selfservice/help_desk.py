"""The help desk: find a person, see the page that they see, and give mail back for a while. Each look stands in the ledger,
where the person sees it."""

from django.http import HttpRequest, HttpResponse

from countermand.access import require
from countermand.core.errors import Refused
from countermand.flows import look_up as looking
from countermand.flows import unblock as unblocking
from countermand.flows.resend import resend
from countermand.reads import installation, mine, objections
from countermand.web import signed_in
from countermand.web.pages import config_of, page, see_other, view
from countermand.web.selfservice.mine import shown
from countermand.web.signed_in import operator


@view("GET", "POST")
def sign_in(request: HttpRequest) -> HttpResponse:
    """By the operator's token."""
    if request.method == "GET":
        return page(request, "selfservice/help_sign_in.html", form=True)
    signed_in.sign_in_operator(request, request.POST.get("token", "").strip())
    return see_other("/help-desk/")


@view("GET")
def desk(request: HttpRequest) -> HttpResponse:
    """Whom to look for, and what waits for an answer."""
    act = installation.act(operator(request))
    require(act.actor, "read-person")
    waiting = objections.waiting(act)
    looking.look_at_people(act, "objections", "", sorted({one.login for one in waiting}))
    return page(request, "selfservice/help_desk.html", form=True, waiting=waiting, name=act.actor.name)


@view("POST")
def find(request: HttpRequest) -> HttpResponse:
    """Somebody's page, as they see it. That it was looked at is written before it is shown."""
    act = installation.act(operator(request))
    found = looking.look_up(act, request.POST.get("what", ""), request.POST.get("case", ""))
    if not found.login:
        raise Refused("not-found", what="owner of", name=request.POST.get("what", "")[:80], nearest="none")
    page_ = mine.mine(act, mine.who(found.login), config_of(request).state_dir)
    return shown(request, page_, act, helping=found.login)


@view("POST")
def unblock(request: HttpRequest, device: int, name: str) -> HttpResponse:
    hours = request.POST.get("hours", "")
    number = int(hours) if hours.isascii() and hours.isdigit() and len(hours) < 4 else 0
    unblocking.unblock(installation.act(operator(request)), device, name, number, request.POST.get("why", ""))
    return see_other("/help-desk/?done=unblocked")


@view("POST")
def send_again(request: HttpRequest, name: str) -> HttpResponse:
    """Their message, once more."""
    resend(installation.act(operator(request)), request.POST.get("login", ""), name)
    return see_other("/help-desk/?done=resent")


@view("POST")
def answer(request: HttpRequest, objection: int) -> HttpResponse:
    act, said = installation.act(operator(request)), request.POST
    unblocking.answer_objection(act, objection, said.get("words", ""), mend=said.get("mend") == "on")
    return see_other("/help-desk/?done=answered")
