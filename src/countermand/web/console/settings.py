"""Settings at the console: who may do what here, who can never be denied, what is watched, and the keys and tokens."""

from dataclasses import dataclass

from django.http import HttpResponse

from countermand.access import Role, Scope
from countermand.core.errors import Refused
from countermand.core.instants import DAY
from countermand.flows.keyring import Key, listed
from countermand.operations import carveouts, house, passkeys, standing, tokens
from countermand.reads import condition
from countermand.reads.settings import examine
from countermand.web.console.desk import Desk
from countermand.web.console.screens import screen
from countermand.web.console.words import in_days
from countermand.web.pages import see_other

_MOST = 1_000
_SOON = 30 * DAY


@dataclass(frozen=True, slots=True)
class Holds:
    """Something that holds until then, and whether that is soon."""

    name: str
    until: int
    soon: bool


@screen("settings/", action="read", about="how the house is set up")
def settings(desk: Desk) -> HttpResponse:
    """Accounts, gates, keys and what runs out. No secret is read for it."""
    administers = desk.may("operator")
    keys, unreadable = _keys(desk)
    holds = [Holds(one.name, one.until, one.until - desk.act.now < _SOON) for one in condition.expiries(desk.config)]
    return desk.page(
        "settings.html",
        operators=desk.do(house.list_operators, "", _MOST).items,
        gates=desk.do(standing.list_gates, "", _MOST).items,
        keys=keys,
        unreadable=unreadable,
        holds=holds,
        smtp=desk.config.smtp,
        doors=[(door, door in desk.config.mail.guarded) for door in desk.config.mail.doors],
        checks=condition.checks(desk.config),
        values=sorted(examine(desk.config).values.items()) if administers else [],
        administers=administers,
        agrees=desk.may("agree-operator"),
        wait=desk.config.guard.new_operator_wait,
        roles=[role.value for role in Role if role is not Role.SYSTEM],
        done=desk.asked("done"),
    )


def _keys(desk: Desk) -> tuple[list[Key], Refused | None]:
    """The keys, or what is wrong with them: the rest of the page is worth seeing then more than ever."""
    try:
        return listed(desk.act, desk.config), None
    except Refused as wrong:
        return [], wrong


@screen("settings/operators/", "POST", action="operator", about="an account")
def add_operator(desk: Desk) -> HttpResponse:
    """A new account, and the link with which its holder makes a passkey. Both are shown this once."""
    name, roles = desk.said("name"), desk.request.POST.getlist("role")
    made = desk.do(house.add_operator, name, [str(role) for role in roles])
    return desk.page("operator_added.html", made=made, link=desk.do(passkeys.invite_operator, name), name=name)


@screen("settings/operators/<str:name>/", "POST", action="operator", about="an account")
def change_operator(desk: Desk, name: str) -> HttpResponse:
    """Close it, make a new link for it, or propose other roles for it."""
    verb = desk.said("verb")
    if verb == "invite":
        return desk.page("operator_added.html", made=None, link=desk.do(passkeys.invite_operator, name), name=name)
    if verb == "roles":
        desk.do(house.change_roles, name, [str(role) for role in desk.request.POST.getlist("role")])
    elif verb == "close":
        desk.do(house.close_operator, name)
    else:
        raise Refused("unknown-choice", what="choice", name=verb, known="invite, roles, close")
    return see_other("/console/settings/?done=changed")


@screen("settings/operators/<str:name>/agree/", "POST", action="agree-operator", about="roles that others proposed for others")
def agree_roles(desk: Desk, name: str) -> HttpResponse:
    """A second person agrees; the roles hold after the waiting time."""
    desk.do(house.agree_roles, name)
    return see_other("/console/settings/?done=agreed")


@screen("settings/operators/<str:name>/stop/", "POST", action="agree-operator", about="roles that do not hold yet")
def stop_roles(desk: Desk, name: str) -> HttpResponse:
    desk.do(house.stop_roles, name)
    return see_other("/console/settings/?done=stopped")


@screen("settings/watched/", "GET", "POST", action="read", about="the watch list")
def watched(desk: Desk) -> HttpResponse:
    """App ids that may be kept for personal devices beyond those of the orders; two people, a purpose and an end for each."""
    if desk.request.method == "POST":
        until = in_days(desk.said("days"), desk.act.now)
        desk.do(carveouts.watch, desk.said("app"), desk.said("purpose"), until)
        return see_other("/console/settings/watched/?done=proposed")
    found = desk.do(carveouts.list_watches, "", _MOST).items
    return desk.page(
        "watched.html", found=found, done=desk.asked("done"), proposes=desk.may("watch"), agrees=desk.may("agree-watch")
    )


@screen("settings/watched/<int:number>/agree/", "POST", action="agree-watch", about="an entry of the watch list")
def agree_watch(desk: Desk, number: int) -> HttpResponse:
    desk.do(carveouts.agree_watch, number)
    return see_other("/console/settings/watched/?done=agreed")


@screen("settings/watched/<int:number>/end/", "POST", action="watch", about="an entry of the watch list")
def end_watch(desk: Desk, number: int) -> HttpResponse:
    desk.do(carveouts.end_watch, number)
    return see_other("/console/settings/watched/?done=ended")


@screen("settings/protected/", action="read-person", about="logins that can never be denied", personal=True)
def protected(desk: Desk) -> HttpResponse:
    found = desk.do(carveouts.list_protections, "", _MOST).items
    return desk.page("protected.html", found=found, done=desk.asked("done"), me=desk.act.actor.name)


@screen("settings/protected/propose/", "POST", action="protect", about="a login")
def protect(desk: Desk) -> HttpResponse:
    desk.do(carveouts.protect, desk.said("login"), desk.said("why"))
    return see_other("/console/settings/protected/?done=proposed")


@screen("settings/protected/agree/", "POST", action="agree-protection", about="a login")
def agree_protection(desk: Desk) -> HttpResponse:
    desk.do(carveouts.agree_protection, desk.said("login"))
    return see_other("/console/settings/protected/?done=agreed")


@screen("settings/protected/end/", "POST", action="protect", about="a login")
def end_protection(desk: Desk) -> HttpResponse:
    found = desk.do(carveouts.end_protection, desk.said("login"))
    return see_other(f"/console/settings/protected/?done={'ended' if found.ended else 'end-proposed'}")


@screen("settings/tokens/", "GET", "POST", action="token", about="one's own tokens")
def own_tokens(desk: Desk) -> HttpResponse:
    """Tokens for programs: narrower than the account, and ending by themselves. A new one is shown this once."""
    made = None
    if desk.request.method == "POST":
        scopes = [str(one) for one in desk.request.POST.getlist("scope")]
        lifetime = in_days(desk.said("days"), desk.act.now) - desk.act.now
        made = desk.do(tokens.add_token, desk.said("label"), scopes, lifetime)
    found = desk.do(tokens.list_tokens, "", _MOST).items
    return desk.page("tokens.html", found=found, made=made, scopes=[one.value for one in Scope], done=desk.asked("done"))


@screen("settings/tokens/<int:number>/revoke/", "POST", action="token", about="a token")
def revoke_token(desk: Desk, number: int) -> HttpResponse:
    desk.do(tokens.revoke_token, number)
    return see_other("/console/settings/tokens/?done=revoked")
