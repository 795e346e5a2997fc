"""Writing an order: form and text side by side, what it would do while it is typed, and what is missing before it can go."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.http import HttpResponse

from countermand.core.errors import Refused, RefusedMany
from countermand.core.instants import MINUTE
from countermand.core.languages import NAMES, SOURCE
from countermand.core.lifecycle import State
from countermand.lib import yaml
from countermand.lib.words import word
from countermand.lib.yaml_patch import patched
from countermand.operations import agreeing, directives
from countermand.reads import notices, starts
from countermand.reads import preview as previews
from countermand.reads.preview import Preview
from countermand.reads.scope import choices
from countermand.reads.starts import Needed
from countermand.web.console import form, lead, mailed
from countermand.web.console.desk import Desk
from countermand.web.console.differ import Changed, differences
from countermand.web.console.fields import Shown, said, shown
from countermand.web.console.lead import shares_of
from countermand.web.console.numbers import typed
from countermand.web.console.recent import Recent
from countermand.web.console.screens import screen
from countermand.web.pages import see_other

_BEGUN = "no-tiktok-on-mail"
#: What there is to choose a scope from is counted anew after a minute.
_there: Recent[Mapping[str, Mapping[str, int]]] = Recent(MINUTE)
_NOTICE = {"kind": "issued", "language": SOURCE, "device": "computer"}
_DEVICES = (("ios", "iPhone"), ("android", word("Android phone")), ("computer", word("Computer, of somebody with two phones")))


@dataclass(frozen=True, slots=True)
class Foreseen:
    """What a text would do, or what is wrong with it."""

    problems: tuple[Refused, ...]
    preview: Preview | None
    needed: Needed | None
    shares: tuple[tuple[str, float, float], ...]


@screen("write/", "GET", "POST", action="write", about="a draft")
def begin(desk: Desk) -> HttpResponse:
    """A new order, begun from an example or from another order."""
    if desk.request.method == "POST":
        return _written(desk)
    text = (
        desk.do(agreeing.show_text, desk.asked("like")).text
        if desk.asked("like")
        else starts.example(desk.asked("from") or _BEGUN)
    )
    return _page(desk, text)


@screen("write/<slug:name>/", action="write", about="a draft")
def draft(desk: Desk, name: str) -> HttpResponse:
    """Another text for a draft, or the next version of what is in force."""
    return _page(desk, desk.do(agreeing.show_text, name).text, name)


@screen("write/preview/live/", "POST", action="write", about="a text that is stored nowhere")
def preview(desk: Desk) -> HttpResponse:
    """What the text would do, as it stands now; and the side that was not edited, made to say what the other says."""
    text, side = _text(desk), desk.said("side")
    put = _filled(desk, text) if side == "form" else None
    text = put or text
    found = _foreseen(desk, text)
    return desk.part(
        "written.html",
        found=found,
        put=put,
        fields=_fields(desk, text, found) if side == "text" and _plain(text) else [],
        **_notice(desk, text, found),
    )


@screen("write/fill/form/", "POST", action="write", about="a text that is stored nowhere")
def fill(desk: Desk) -> HttpResponse:
    """Put what the form says into the text. A text that cannot be read stays as it is."""
    text = _text(desk)
    put = _filled(desk, text)
    return _page(desk, put or text, desk.said("name"), filled=put is not None, status=422 if put is None else 200)


@screen("write/read/text/", "POST", action="write", about="a text that is stored nowhere")
def read(desk: Desk) -> HttpResponse:
    """Fill the form from the text, and show what the text would do and what people would read."""
    return _page(desk, _text(desk), desk.said("name"))


@screen("write/apps/live/", "POST", action="write", about="the catalogue")
def apps(desk: Desk) -> HttpResponse:
    """Products of the catalogue with some letters in their names."""
    return desk.part("hits.html", hits=starts.search(desk.said("search")), asked=desk.said("search"))


@screen("write/<slug:name>/propose/", "POST", action="propose", about="a draft of one's own or of others")
def propose(desk: Desk, name: str) -> HttpResponse:
    desk.do(directives.propose, name, typed(desk.said("expected")))
    lead.forget()
    return see_other(f"/console/directives/{name}/?done=proposed")


@screen("directives/<slug:name>/preview/", action="oversee", about="a directive")
def foreseen(desk: Desk, name: str) -> HttpResponse:
    """What its newest version would do, were it issued now."""
    seen = desk.do(directives.preview, name)
    return desk.page("preview.html", name=name, found=Foreseen((), seen, None, _shares(seen)))


@screen("directives/<slug:name>/compare/", action="oversee", about="two versions of a directive")
def compare(desk: Desk, name: str) -> HttpResponse:
    """What one version says otherwise than another."""
    newest = desk.do(agreeing.show_text, name)
    after = typed(desk.asked("to")) or newest.number
    before = typed(desk.asked("from")) or max(after - 1, 1)
    texts = [desk.do(agreeing.show_text, name, number) for number in (before, after)]
    changed = differences(texts[0].text, texts[1].text)
    return desk.page("compare.html", name=name, before=before, after=after, newest=newest.number, changed=changed)


def _written(desk: Desk) -> HttpResponse:
    """Stored as a draft; a text with something wrong comes back as it was, with what is wrong."""
    text = _text(desk)
    try:
        done = desk.do(directives.write, text)
    except Refused:
        return _page(desk, text, desk.said("name"), status=422)
    lead.forget()
    return see_other(f"/console/write/{done.lineage}/?done=written")


def _page(desk: Desk, text: str, name: str = "", *, filled: bool = False, status: int = 200) -> HttpResponse:
    found = _foreseen(desk, text)
    state, changed, refusals = None, list[Changed](), []
    if name:
        stored = desk.do(agreeing.show_text, name)
        state, refusals = stored.state, desk.do(agreeing.list_refusals, name)
        if stored.number > 1:
            changed = differences(desk.do(agreeing.show_text, name, stored.number - 1).text, text)
    return desk.page(
        "write.html",
        status,
        name=name,
        text=text,
        fields=_fields(desk, text, found),
        found=found,
        examples=starts.example_names(),
        past=starts.past(),
        filled=filled,
        drafted=state is State.DRAFT and not filled,
        changed=changed,
        refusals=refusals,
        done=desk.asked("done"),
        **_notice(desk, text, found),
    )


def _fields(desk: Desk, text: str, found: Foreseen) -> list[Shown]:
    wrong = {one.where.field.split("[")[0].split(".")[0] for one in found.problems if one.where and one.where.field}
    there = _there.get(str(desk.config.database), lambda: choices(desk.act))
    return shown(_plain(text), wrong, there)


def _filled(desk: Desk, text: str) -> str | None:
    """The text with what the form says in it; None if it cannot be read."""
    try:
        plain = yaml.load(text, None).plain
    except Refused:
        return None
    return patched(text, form.put(plain, said(desk.request.POST)))


def _notice(desk: Desk, text: str, found: Foreseen) -> dict[str, object]:
    """What somebody would read, of the kind, in the language and on the device that the form names."""
    asked = {name: desk.said(f"notice-{name}") or usual for name, usual in _NOTICE.items()}
    offered = {"kinds": notices.KINDS, "tongues": NAMES, "devices": _DEVICES}
    if found.problems:
        return {"notice": None, "asked": asked, **offered}
    device = asked["device"] if asked["device"] in ("ios", "android") else ""
    try:
        made = notices.preview_text(text, asked["kind"], asked["language"], device, desk.config, desk.act.now)
    except Refused as refused:
        return {"notice": None, "unreadable": refused, "asked": asked, **offered}
    return {"notice": made, "letter": mailed.address(made.html), "narrow": bool(device), "asked": asked, **offered}


def _foreseen(desk: Desk, text: str) -> Foreseen:
    try:
        seen = previews.preview_text(text, desk.act.actor.name, desk.config, desk.act.now)
        needed = starts.needed(text, desk.act.actor.name, desk.config.guard, desk.act.now)
    except RefusedMany as many:
        return Foreseen(tuple(many.problems), None, None, ())
    except Refused as one:
        return Foreseen((one,), None, None, ())
    return Foreseen((), seen, needed, _shares(seen))


def _shares(seen: Preview) -> tuple[tuple[str, float, float], ...]:
    return shares_of({status.value: count for status, count in seen.devices.items()})


def _text(desk: Desk) -> str:
    """As it was typed: browsers send lines that end with two characters."""
    return str(desk.request.POST.get("text", "")).replace("\r\n", "\n")


def _plain(text: str) -> Mapping[str, Any]:
    try:
        return yaml.load(text, None).plain
    except Refused:
        return {}
