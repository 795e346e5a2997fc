"""Signing in by the company's identity provider, which does not need company mail."""

from secrets import compare_digest

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect

from countermand.core.errors import Refused
from countermand.lib import openid
from countermand.lib.openid import Client, NotSignedIn
from countermand.reads import mine
from countermand.web import signed_in
from countermand.web.pages import config_of, see_other, view


@view("GET")
def begin(request: HttpRequest) -> HttpResponse:
    """Off to the provider."""
    client = _client(request)
    try:
        question = openid.ask(client)
    except NotSignedIn as wrong:
        raise Refused("sign-in-failed", why=str(wrong)) from wrong
    signed_in.wait(request, question.state, question.nonce, question.verifier)
    return HttpResponseRedirect(question.url)


@view("GET")
def back(request: HttpRequest) -> HttpResponse:
    """Back from the provider, with a code or with an error. What does not answer our own question signs nobody in."""
    client, waited = _client(request), signed_in.waited(request)
    if waited is None or not compare_digest(request.GET.get("state", "").encode(), waited[0].encode()):
        raise Refused("sign-in-failed", why="it was not begun here, or too long ago")
    if not (code := request.GET.get("code", "")):
        raise Refused("sign-in-failed", why="the identity provider did not agree")
    try:
        said = openid.claims(client, code, waited[1], waited[2])
    except NotSignedIn as wrong:
        raise Refused("sign-in-failed", why=str(wrong)) from wrong
    login = said.get(config_of(request).sign_in.claim)
    if not isinstance(login, str) or not login:
        raise Refused("sign-in-failed", why="the identity provider does not say who you are")
    signed_in.sign_in_employee(request, mine.who(login))
    return see_other("/me/")


@view("POST")
def leave(request: HttpRequest) -> HttpResponse:
    signed_in.sign_out(request)
    return see_other("/")


def _client(request: HttpRequest) -> Client:
    config = config_of(request)
    known = config.sign_in
    if not known.issuer or not known.client_id:
        raise Refused("sign-in-unset")
    address = (config.pages.url or config.control.url).rstrip("/")
    return Client(known.issuer, known.client_id, known.client_secret, f"{address}/sign-in/back", known.ca_file)
