"""Agreeing: exactly what is signed, the number from the approver's own source, and a passkey over the bundle's digest; or no,
and why."""

from dataclasses import dataclass

from django.http import HttpResponse

from countermand.core.bundle import Bundle, Purpose
from countermand.core.errors import Refused
from countermand.core.languages import NAMES
from countermand.lib import passkeys
from countermand.lib.passkeys import NotVerified
from countermand.operations import agreeing, directives
from countermand.reads import agree as agreements
from countermand.reads.preview import Preview
from countermand.web.console import lead
from countermand.web.console.desk import Desk
from countermand.web.console.differ import Changed, differences
from countermand.web.console.numbers import typed
from countermand.web.console.screens import screen
from countermand.web.console.sign_in import place
from countermand.web.pages import see_other

_PURPOSES = {"": Purpose.ISSUE, "resume": Purpose.RESUME}


@dataclass(frozen=True, slots=True)
class Words:
    """A notice as it is signed. ``called``: its language by its own name."""

    language: str
    called: str
    text: str


@screen("agree/", action="read", about="what waits for approvals")
def every(desk: Desk) -> HttpResponse:
    """What waits: first what waits for me."""
    waiting = desk.do(agreeing.list_waiting)
    found = sorted(waiting, key=lambda one: bool(one.mine))
    return desk.page("agree_list.html", found=found)


@screen("agree/<slug:name>/", "GET", "POST", action="approve", about="a proposal that others wrote")
def proposal(desk: Desk, name: str) -> HttpResponse:
    return _agree(desk, name, Purpose.ISSUE)


@screen("agree/<slug:name>/resume/", "GET", "POST", action="approve", about="an order on hold that others wrote")
def resumption(desk: Desk, name: str) -> HttpResponse:
    return _agree(desk, name, Purpose.RESUME)


@screen("agree/<slug:name>/refuse/", "POST", action="approve", about="a proposal that others wrote")
def refuse(desk: Desk, name: str) -> HttpResponse:
    desk.do(agreeing.refuse, name, desk.said("why"))
    lead.forget()
    return see_other(f"/console/directives/{name}/?done=refused")


def _agree(desk: Desk, name: str, purpose: Purpose) -> HttpResponse:
    if desk.request.method == "POST":
        _approve(desk, name, purpose)
        lead.forget()
        return see_other(f"/console/directives/{name}/?done=approved")
    sign = desk.do(directives.to_sign, name, purpose)
    asked = agreements.asked_of(desk.act, name, purpose)
    waiting = next(one for one in desk.do(agreeing.list_waiting) if (one.directive, one.purpose) == (name, purpose))
    foreseen: Preview | None = desk.do(directives.preview, name) if purpose is Purpose.ISSUE else None
    return desk.page(
        "agree.html",
        name=name,
        sign=sign,
        waiting=waiting,
        asked=asked,
        bundle=sign.bundle,
        apps=_apps(sign.bundle, foreseen),
        foreseen=foreseen,
        drift=next((one for one in desk.do(directives.list_drift, name) if one.number == sign.number), None),
        texts=_texts(sign.bundle),
        text=desk.do(agreeing.show_text, name, sign.number).text,
        changed=_changed(desk, name, sign.number),
        options=passkeys.to_use(place(desk), list(asked.passkeys), passkeys.challenge_of(sign.digest)),
        resumes=purpose is Purpose.RESUME,
        action=desk.request.path,
    )


def _texts(bundle: Bundle) -> list[tuple[str, str, list[Words]]]:
    """(kind, its words, the same in other languages): what everybody reads first comes first."""
    kinds = sorted(
        {name.partition("@")[0] for name in bundle.texts}, key=lambda kind: (kind != "issued", kind != "rescinded", kind)
    )
    return [
        (
            kind,
            bundle.texts.get(kind, ""),
            [
                Words(tag := name.partition("@")[2], NAMES.get(tag, tag), text)
                for name, text in sorted(bundle.texts.items())
                if name.startswith(f"{kind}@")
            ],
        )
        for kind in kinds
    ]


def _approve(desk: Desk, name: str, purpose: Purpose) -> None:
    """Refused as the flow does; ``bundle-changed`` if what the page showed is not what waits now."""
    shown = desk.said("digest")
    if desk.do(directives.to_sign, name, purpose).digest != shown:
        raise Refused("bundle-changed", digest=shown[:64])
    expected = typed(desk.said("expected"))
    if expected is None:
        raise Refused("expected-people-missing")
    try:
        signature = passkeys.kept(desk.said("answer"))
    except NotVerified:
        raise Refused("wrong-signature", digest=shown, actor=desk.act.actor.name) from None
    desk.do(directives.approve, name, signature, purpose, expected)


def _apps(bundle: Bundle, foreseen: Preview | None) -> list[tuple[str, str, int | None, tuple[str, ...]]]:
    """(platform, id, devices that have it, why) of every id that is signed."""
    hits = {str(one.app): one for one in foreseen.apps} if foreseen else {}
    found = []
    for app in sorted(bundle.apps, key=str):
        hit = hits.get(str(app))
        found.append((str(app.platform), app.id, hit.devices if hit else None, hit.why if hit else ()))
    return found


def _changed(desk: Desk, name: str, number: int) -> list[Changed]:
    """What the text says otherwise than the version before it."""
    if number < 2:
        return []
    before, after = (desk.do(agreeing.show_text, name, one).text for one in (number - 1, number))
    return differences(before, after)
