""" "Is this message real?": what was sent under a look-up code, for whoever has the code, without signing in."""

from urllib.parse import quote

from django.http import HttpRequest, HttpResponse

from countermand.core.errors import Refused
from countermand.lib import clock
from countermand.lib.addresses import host_of
from countermand.reads import letters
from countermand.web.api.limits import Limits
from countermand.web.pages import config_of, page, see_other, view

#: One in twenty million codes is somebody's: at this pace nobody finds one, and a person who mistypes is not kept waiting.
_PER_MINUTE, _BURST = 30, 30
_limits = Limits(_PER_MINUTE, _BURST)


@view("GET")
def home(request: HttpRequest) -> HttpResponse:
    """Where everybody comes in."""
    return page(request, "selfservice/home.html", sign_in=bool(config_of(request).sign_in.issuer), zone="UTC")


@view("GET")
def look_up(request: HttpRequest) -> HttpResponse:
    """The form for a code; with one, on to its page, or the word that there is none."""
    config = config_of(request)
    code = request.GET.get("code", "")
    if not code:
        return page(request, "selfservice/message_form.html", sender=config.smtp.sender)
    _count(request)
    known = letters.normal_code(code)
    if letters.sent(config.state_dir, known) is None:
        return _unknown(request, code)
    return see_other(f"/message/{quote(known)}/")


@view("GET")
def message(request: HttpRequest, code: str) -> HttpResponse:
    """Everything that was sent under the code, with names left out."""
    _count(request)
    config = config_of(request)
    found = letters.sent(config.state_dir, letters.normal_code(code))
    if found is None:
        return _unknown(request, code)
    return page(request, "selfservice/message.html", found=found, code=letters.normal_code(code), zone=found.zone)


@view("GET")
def proof(request: HttpRequest, code: str) -> HttpResponse:
    """The ledger's proof that the order was issued: a file that any verifier of the format can check."""
    _count(request)
    found = letters.sent(config_of(request).state_dir, letters.normal_code(code))
    if found is None or found.leaf is None:
        raise Refused("not-found", what="proof", name=code[:20], nearest="none")
    response = HttpResponse(letters.proof_of(found.leaf), content_type="text/plain; charset=utf-8")
    response.headers["Content-Disposition"] = f'attachment; filename="{found.lineage}.tlog-proof"'
    return response


def _unknown(request: HttpRequest, code: str) -> HttpResponse:
    sender = config_of(request).smtp.sender
    return page(request, "selfservice/message_form.html", 404, unknown=True, code=code[:20], sender=sender)


def _count(request: HttpRequest) -> None:
    """Who asks too often waits. Behind a proxy everybody comes from one address, and the pace is everybody's together."""
    who = request.META.get("REMOTE_ADDR") or host_of(request.build_absolute_uri())
    if seconds := _limits.wait(who, clock.now()):
        raise Refused("too-many-requests", seconds=seconds)
