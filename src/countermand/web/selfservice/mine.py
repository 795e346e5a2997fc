"""My devices: what is asked of each and by when, what is held and why, and every way to put it right."""

import json
from collections.abc import Sequence
from dataclasses import dataclass

from django.http import HttpRequest, HttpResponse

from countermand.access import Act
from countermand.core.devices import IdentityKind, Platform
from countermand.core.errors import Refused
from countermand.core.instants import DAY, HOUR
from countermand.flows import objecting, own
from countermand.flows.objecting import Hearing
from countermand.lib import words
from countermand.notices.templates import GROUNDS, PLATFORMS
from countermand.notices.texts import names_of
from countermand.operations.plain import plain
from countermand.reads import installation, mine, person
from countermand.reads.mine import CONTEST, Asked, Mine, Objection, Phone
from countermand.web.pages import config_of, page, see_other, view
from countermand.web.selfservice import calendar, wording
from countermand.web.signed_in import employee

#: For how long an exemption may be asked here; the order may allow less.
_DAYS = 365
#: Seconds after which the page of a check asks for itself again.
_LOOKS_EVERY = 3


@dataclass(frozen=True, slots=True)
class Card:
    """An order on a device, in the reader's words. ``contested``: what they said against it and nobody has answered yet."""

    asked: Asked
    apps: str
    why: str
    state: str
    contested: Objection | None


@dataclass(frozen=True, slots=True)
class Step:
    """One step of removing an app, in words that say all that its picture shows."""

    words: str
    picture: str


@dataclass(frozen=True, slots=True)
class Sheet:
    """A device, in the reader's words. ``disowned``: they said that it is not theirs."""

    phone: Phone
    kind: str
    ownership: str
    steps: tuple[Step, ...]
    has_password: bool
    disowned: Objection | None
    cards: tuple[Card, ...]


@view("GET")
def devices(request: HttpRequest) -> HttpResponse:
    """The page itself."""
    act, me = _act(), employee(request)
    found = mine.mine(act, me, config_of(request).state_dir)
    return shown(request, found, act, done=request.GET.get("done", ""))


def shown(request: HttpRequest, found: Mine, act: Act, *, done: str = "", helping: str = "") -> HttpResponse:
    """The page of a person. ``helping``: the login, when somebody of the help desk looks; then there are no forms of theirs."""
    language: str = request.language  # type: ignore[attr-defined]
    config = config_of(request)
    return page(
        request,
        "selfservice/me.html",
        form=True,
        zone=found.zone,
        found=found,
        sheets=[_sheet(phone, found.said, language) for phone in found.phones],
        elsewhere=[one for one in found.said if one.cuts and one.device not in {each.view.ordinal for each in found.phones}],
        over=[(one, words.say(language, GROUNDS.get(one.ground, ""))) for one in found.over],
        done=words.say(language, wording.DONE.get(done, "")),
        contact=config.pages.contact,
        mail_passwords=config.pages.mail_passwords,
        hours=config.pages.answer_in // HOUR,
        helping=helping,
        now=act.now,
    )


@view("GET")
def history(request: HttpRequest) -> HttpResponse:
    """What was done about me, and who looked."""
    language: str = request.language  # type: ignore[attr-defined]
    me = employee(request)
    found = mine.mine(_act(), me, config_of(request).state_dir)
    events = [(one, words.say(language, wording.EVENTS.get(one.kind, one.kind))) for one in mine.history(me)]
    return page(request, "selfservice/history.html", zone=found.zone, events=events, said=found.said)


@view("GET")
def export(request: HttpRequest) -> HttpResponse:
    """Everything held about me, as a file."""
    held = plain(person.held(_act(), employee(request)))
    response = HttpResponse(json.dumps(held, indent=2, ensure_ascii=False), content_type="application/json; charset=utf-8")
    response.headers["Content-Disposition"] = 'attachment; filename="my-data.json"'
    return response


@view("GET")
def due(request: HttpRequest, device: int, name: str) -> HttpResponse:
    """The due as a calendar's entry."""
    act, config = _act(), config_of(request)
    found = mine.mine(act, employee(request), config.state_dir)
    asked = _one(found, device, name, "en")[1].asked
    if asked.due is None:
        raise Refused("not-found", what="due", name=name, nearest="none")
    text = calendar.entry(name, asked.directive.title, asked.due, act.now, config.origin)
    response = HttpResponse(text, content_type="text/calendar; charset=utf-8")
    response.headers["Content-Disposition"] = f'attachment; filename="{name}.ics"'
    return response


@view("POST")
def removed(request: HttpRequest, device: int, name: str) -> HttpResponse:
    own.say_removed(_act(), employee(request), device, name)
    return see_other(f"/me/{device}/{name}/check/?look=on")


@view("GET")
def check(request: HttpRequest, device: int, name: str) -> HttpResponse:
    """How far another look has come. It looks again by itself while there is something to wait for, unless that is turned off."""
    act, language = _act(), request.language  # type: ignore[attr-defined]
    found = mine.mine(act, employee(request), config_of(request).state_dir)
    try:
        sheet, card = _one(found, device, name, language)
    except Refused:
        return see_other("/me/")  # the order is over, or was never theirs: that page says what is
    waiting = any(one.waiting for one in card.asked.checks)
    looking = waiting and request.GET.get("look") == "on"
    response = page(
        request, "selfservice/check.html", zone=found.zone, sheet=sheet, card=card, waiting=waiting, looking=looking, now=act.now
    )
    if looking:
        response.headers["Refresh"] = str(_LOOKS_EVERY)
    return response


@view("POST")
def attest(request: HttpRequest, device: int, name: str) -> HttpResponse:
    own.attest_own(_act(), employee(request), device, name)
    return see_other("/me/?done=attested")


@view("POST")
def contest(request: HttpRequest, device: int, name: str) -> HttpResponse:
    own.contest(_act(), _hearing(request), employee(request), device, name, request.POST.get("words", ""))
    return see_other("/me/?done=contested")


@view("POST")
def mail_password(request: HttpRequest, device: int) -> HttpResponse:
    """A new mail password, shown in the answer and never again."""
    act, me, config = _act(), employee(request), config_of(request)
    password = own.mail_password(act, me, device, first=config.pages.mail_passwords)
    found = mine.mine(act, me, config.state_dir)
    phone = next(one for one in found.phones if one.view.ordinal == device)
    sheet = _sheet(phone, found.said, request.language)  # type: ignore[attr-defined]
    return page(request, "selfservice/mail_password.html", sheet=sheet, login=found.person.login, password=password)


@view("POST")
def not_mine(request: HttpRequest, device: int) -> HttpResponse:
    own.not_mine(_act(), _hearing(request), employee(request), device, request.POST.get("words", ""))
    return see_other("/me/?done=not-mine")


@view("POST")
def mine_after_all(request: HttpRequest, objection: int) -> HttpResponse:
    objecting.take_back(_act(), employee(request), objection)
    return see_other("/me/?done=mine")


@view("POST")
def ask_exemption(request: HttpRequest, name: str) -> HttpResponse:
    act = _act()
    days = request.POST.get("days", "")
    if not (days.isascii() and days.isdigit() and 0 < int(days) <= _DAYS):
        raise Refused("unknown-choice", what="number of days", name=days[:10], known=f"1 to {_DAYS}")
    own.ask_exemption(act, employee(request), name, request.POST.get("ground", ""), act.now + int(days) * DAY)
    return see_other("/me/?done=asked")


def _hearing(request: HttpRequest) -> Hearing:
    pages = config_of(request).pages
    return Hearing(pages.answerers, pages.escalate_to, pages.answer_in)


def _act() -> Act:
    return installation.act(own.EMPLOYEE)


def _one(found: Mine, device: int, name: str, language: str) -> tuple[Sheet, Card]:
    """One order on one of their devices. Refused ``not-found``."""
    for phone in found.phones:
        if phone.view.ordinal == device:
            sheet = _sheet(phone, found.said, language)
            for card in sheet.cards:
                if card.asked.lineage == name:
                    return sheet, card
    raise Refused("not-found", what="order on this device", name=name, nearest="none")


def _sheet(phone: Phone, said: Sequence[Objection], language: str) -> Sheet:
    view_ = phone.view
    here = [one for one in said if one.device == view_.ordinal]
    open_ = {one.lineage: one for one in here if one.answered_at is None and one.kind == CONTEST}
    return Sheet(
        phone=phone,
        kind=words.say(language, PLATFORMS.get(view_.platform, view_.platform)),
        ownership=words.say(language, wording.OWNERSHIP[view_.ownership]),
        steps=_steps(view_.platform, language),
        has_password=any(one.kind is IdentityKind.PASSWORD for one in view_.identities),
        disowned=next((one for one in here if one.cuts), None),
        cards=tuple(_card(one, open_.get(one.lineage), language) for one in phone.asked),
    )


def _steps(platform: Platform, language: str) -> tuple[Step, ...]:
    said = enumerate(wording.STEPS[platform], 1)
    return tuple(Step(words.say(language, text), f"step-{platform.value}-{number}.svg") for number, text in said)


def _card(asked: Asked, contested: Objection | None, language: str) -> Card:
    directive = asked.directive
    state = "denied" if asked.denied else "free" if not asked.live or asked.exempt_until else str(asked.status)
    apps = names_of(directive.prohibits, language) if directive.prohibits else ""
    return Card(asked, apps, words.say(language, wording.REASONS[asked.reason]), state, contested)
