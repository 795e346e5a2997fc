"""Coming in: by a passkey, which works when nothing else does, or by the identity provider; and going out."""

from secrets import compare_digest
from urllib.parse import urlsplit

from django.http import HttpResponse, HttpResponseRedirect
from django.middleware.csrf import rotate_token

from countermand.config import Console
from countermand.core.errors import Refused
from countermand.flows import seats as sitting
from countermand.lib import clock, openid, passkeys
from countermand.lib.openid import Client, NotSignedIn
from countermand.lib.passkeys import Place
from countermand.web.api.limits import Limits
from countermand.web.console import asked, cookie
from countermand.web.console.desk import Desk
from countermand.web.console.screens import public, screen
from countermand.web.pages import see_other

#: A minute: of one address. Somebody mistypes nothing here; who tries more often is trying something else.
_limits = Limits(30, 20)
_PASSKEY, _PROVIDER = "sign-in", "provider"


def place(desk: Desk) -> Place:
    """Where passkeys are bound to."""
    return passkeys.place(desk.config.console_url, desk.config.origin)


@public("sign-in/", "GET", "POST")
def sign_in(desk: Desk) -> HttpResponse:
    """By a passkey: the browser answers a question that was asked here."""
    if desk.request.method == "GET":
        options = passkeys.to_use(place(desk), [], asked.challenge(desk.request, _PASSKEY))
        provider = bool(desk.config.console.issuer)
        return desk.page("sign_in.html", options=options, to=_inside(desk.asked("to")), provider=provider)
    slowly(desk)
    question = asked.answered(desk.request, _PASSKEY)
    taken = sitting.sit_by_passkey(desk.said("answer"), question, place(desk), desk.act.now)
    return sat(desk, taken.secret, desk.said("to"))


@public("sign-in/provider/")
def begin(desk: Desk) -> HttpResponse:
    """Off to the identity provider."""
    try:
        question = openid.ask(_client(desk))
    except NotSignedIn as wrong:
        raise Refused("sign-in-failed", why=str(wrong)) from wrong
    asked.keep(desk.request, _PROVIDER, [question.state, question.nonce, question.verifier, _inside(desk.asked("to"))])
    return HttpResponseRedirect(question.url)


@public("sign-in/back/")
def back(desk: Desk) -> HttpResponse:
    """Back from it. What does not answer our own question signs nobody in."""
    state, nonce, verifier, to = asked.kept(desk.request, _PROVIDER, 4)
    if not compare_digest(desk.asked("state").encode(), state.encode()):
        raise Refused("sign-in-failed", why="it was not begun here, or too long ago")
    if not (code := desk.asked("code")):
        raise Refused("sign-in-failed", why="the identity provider did not agree")
    try:
        said = openid.claims(_client(desk), code, nonce, verifier)
    except NotSignedIn as wrong:
        raise Refused("sign-in-failed", why=str(wrong)) from wrong
    known = desk.config.console
    name, groups = said.get(known.claim), said.get(known.groups, [])
    if not isinstance(name, str) or not name:
        raise Refused("sign-in-failed", why="the identity provider does not say who you are")
    roles = roles_of(known, groups)
    taken = sitting.sit_by_provider(name, roles, nonce, desk.act.now, rails=desk.config.guard)
    return sat(desk, taken.secret, to)


@screen("sign-out/", "POST", action="oversee", about="one's own seat")
def sign_out(desk: Desk) -> HttpResponse:
    if desk.here is not None:
        sitting.leave(desk.act, desk.here.number)
    return cookie.take(see_other("/console/sign-in/"))


def sat(desk: Desk, secret: str, to: str) -> HttpResponse:
    """Signed in, with a new secret and new forms; and on to where they wanted."""
    rotate_token(desk.request)
    return cookie.give(desk.request, see_other(_inside(to)), secret, desk.config.console.longest // 1000)


def slowly(desk: Desk) -> None:
    """Refused ``too-many-requests`` for an address that tries too often."""
    if seconds := _limits.wait(desk.request.META.get("REMOTE_ADDR", ""), clock.now()):
        raise Refused("too-many-requests", seconds=seconds)


def roles_of(known: Console, groups: object) -> frozenset[str]:
    """What the groups that a provider names are worth here."""
    named = [groups] if isinstance(groups, str) else groups if isinstance(groups, list) else []
    return frozenset(role for group in named if isinstance(group, str) for role in known.roles.get(group, ()))


def _client(desk: Desk) -> Client:
    known = desk.config.console
    if not known.issuer or not known.client_id:
        raise Refused("console-sign-in-unset")
    return Client(known.issuer, known.client_id, known.client_secret, f"{desk.config.console_url}sign-in/back/", known.ca_file)


def _inside(to: str) -> str:
    """A path of the console, whatever somebody wrote into an address."""
    parts = urlsplit(to)
    inside = to.startswith("/console/") and not (parts.scheme or parts.netloc) and "\\" not in to and to.isprintable()
    return to if inside else "/console/"
