"""Passkeys: the first one by a link, others by whoever is signed in, and away with what was lost."""

import hashlib

from django.http import HttpResponse

from countermand.flows import passkeys as making
from countermand.lib import passkeys
from countermand.operations import passkeys as operations
from countermand.reads import seats
from countermand.web.console import asked
from countermand.web.console.desk import Desk
from countermand.web.console.screens import public, screen
from countermand.web.console.sign_in import place, slowly
from countermand.web.pages import see_other

_JOIN, _ANOTHER = "join", "another"


@public("join/<str:secret>/", "GET", "POST")
def join(desk: Desk, secret: str) -> HttpResponse:
    """The page behind a link: make a passkey, and be signed in by using it."""
    slowly(desk)
    link = making.invitation(secret)
    if desk.request.method == "GET":
        options = _options(desk, link.operator, _JOIN)
        return desk.page("join.html", link=link, options=options, secret=secret)
    question = asked.answered(desk.request, _JOIN)
    rails = desk.config.guard
    making.enrol(secret, desk.said("label"), desk.said("answer"), question, place(desk), desk.act.now, rails=rails)
    return see_other("/console/sign-in/?made=on")


@screen("keys/", "GET", "POST", action="own-keys", about="one's own passkeys")
def own(desk: Desk) -> HttpResponse:
    """What I sign in with, and another one."""
    name = desk.act.actor.name
    if desk.request.method == "GET":
        found = seats.passkeys_of(desk.act, name)
        return desk.page("keys.html", found=found, options=_options(desk, name, _ANOTHER), done=desk.asked("done"))
    question = asked.answered(desk.request, _ANOTHER)
    making.add(desk.act, desk.said("label"), desk.said("answer"), question, place(desk), rails=desk.config.guard)
    return see_other("/console/keys/?done=added")


@screen("keys/<int:number>/remove/", "POST", action="own-keys", about="a passkey of one's own")
def remove(desk: Desk, number: int) -> HttpResponse:
    desk.do(operations.remove_passkey, number)
    return see_other("/console/keys/?done=removed")


def _options(desk: Desk, name: str, purpose: str) -> str:
    handle = hashlib.sha256(f"{desk.config.origin} {name}".encode()).digest()
    return passkeys.to_make(place(desk), name, handle, seats.ids_of(name), asked.challenge(desk.request, purpose))
