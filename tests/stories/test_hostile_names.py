"""Whatever people and sources can fill in stays words: in every page, in mail, in a spreadsheet, on paper."""

import csv
import io
import unicodedata
from collections.abc import Iterator
from html.parser import HTMLParser

import pytest
from django.apps import apps
from pypdf import PdfReader
from quick_desks import QuickDesks, quick_desks
from world import DUE_IN_LONDON, ORDER, TIKTOK, WECHAT, World

from countermand.access import Role
from countermand.config import Database
from countermand.core.instants import DAY, HOUR
from countermand.flows.course import note
from countermand.flows.exempt import agree_exemption, exempt
from countermand.flows.hear_gate import Report, hear_gate
from countermand.flows.protect import protect
from countermand.flows.watch import watch
from countermand.reads.report import report
from countermand.reads.report_page import render
from countermand.store import feed, models
from countermand.web.console.screens import SCREENS

pytestmark = pytest.mark.parametrize("database", ["sqlite"], indirect=True)

TURNED = "\u202e\u2066"
HOSTILE = (
    f"""=HYPERLINK("x")"' data-hostile="1"><hostile onclick=alert(1)><script>alert(1)</script>{{{{7*7}}}}{TURNED}#set text(9pt)"""
)
LONG = HOSTILE + "x" * 10_000
#: Every field that somebody outside of the house may fill: the directory, a source, a gate, a mail server, an employee; and those
#: of operators, who are not believed either.
FILLED = {
    "Person": ("name", "country", "locale", "zone", "employment", "manager", "email"),
    "Device": ("model",),
    "Identity": ("value",),
    "Source": ("name", "kind", "fault", "conflicts"),
    "Sighting": ("login", "value"),
    "Notice": ("answer",),
    "GateSeen": ("name", "version"),
    "Objection": ("words",),
    "Refusal": ("why",),
    "Exemption": ("ground", "target"),
    "ProtectedLogin": ("login", "why"),
    "Watch": ("purpose",),
    "App": ("app_id",),
    "ApiToken": ("label",),
    "Passkey": ("label",),
}
#: What ends a line of text, so that a mark that turns the direction turns nothing beyond it.
APART = {
    "bdi",
    "td",
    "th",
    "dd",
    "dt",
    "li",
    "p",
    "code",
    "pre",
    "textarea",
    "option",
    "title",
    "h1",
    "h2",
    "h3",
    "div",
    "a",
    "button",
    "strong",
    "span",
}


class Reader(HTMLParser):
    """Which elements and attributes a page has, and where its turned words stand."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.open: list[str] = []
        self.elements: set[str] = set()
        self.attributes: set[str] = set()
        self.scripts: list[str] = []
        self.turned: list[list[str]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.add(tag)
        self.attributes |= {name for name, _ in attrs}
        if tag not in ("meta", "link", "input", "img", "br", "hr"):
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        while self.open and self.open.pop() != tag:
            pass

    def handle_data(self, text: str) -> None:
        if "script" in self.open:
            self.scripts.append(text)
        if TURNED[0] in text:
            self.turned.append(list(self.open))


def wrong_with(page: str) -> list[str]:
    read = Reader()
    read.feed(page)
    found = [f"an element <{one}>" for one in read.elements & {"hostile"}]
    found += [f"an attribute {one}" for one in read.attributes if one.startswith("on") or one == "data-hostile"]
    found += [f"a script {text[:40]}" for text in read.scripts if text.strip()]
    found += [f"turned in {where}" for where in read.turned if where[-1] not in APART]
    return found


@pytest.fixture
def house(world: World, store: Database) -> Iterator[QuickDesks]:
    """An order in force over a company, then every such field full of what nobody should be called."""
    world.cast(alice=[TIKTOK], bob=[WECHAT], carol=[], dan=[TIKTOK], erin=[TIKTOK])
    world.orders()
    world.bounces("bob")
    agree_exemption(
        world.act("petra", Role.APPROVER),
        exempt(world.operator, ORDER, "person:dan", "security-research", world.now + 9 * DAY).pk,
    )
    protect(world.operator, "mailadmin", "Mail")
    watch(world.act("anna", Role.AUTHOR), "ios:com.tencent.xin", "A purpose", world.now + 30 * DAY)
    world.until(DUE_IN_LONDON + HOUR)
    note(ORDER, world.now)
    seen = [("bob", "eas", "UNKNOWN1", world.now, world.now, 3)]
    shown = {ORDER: feed.DenialsShown(2, 3, 7)}
    hear_gate("gate", Report(1, feed.last(1).n, world.now, False, {"deny/denied": 7}, seen, "1.0", shown), world.now)
    someone, phone = models.Person.objects.get(login="alice"), models.Device.objects.order_by("ordinal").first()
    assert phone is not None
    models.Objection.objects.create(kind="contest", person=someone, device=phone, lineage=ORDER, words="No.", at=world.now)
    models.Refusal.objects.create(
        version_id=models.Version.objects.get(lineage=ORDER).pk, operator="petra", bundle_digest="", why="No.", at=world.now
    )
    models.Operator.objects.filter(name="otto").update(roles="operator helpdesk")
    with quick_desks(world, store) as made:
        made.join("otto")
        made.join("ada")
        poisoned()
        yield made


def poisoned() -> None:
    for model, names in FILLED.items():
        for number, row in enumerate(apps.get_model("store", model).objects.all()):
            for name in names:
                text = LONG if name in ("fault", "answer", "words", "why", "purpose") else f"{HOSTILE}{number}"
                if model == "App" and row.app_id == TIKTOK.id:
                    continue
                type(row).objects.filter(pk=row.pk).update(**{name: text})
    for row in models.FactSet.objects.filter(name__startswith="country:"):
        models.FactSet.objects.filter(pk=row.pk).update(name=f"country:{HOSTILE}{row.pk}")


def test_every_page_shows_them_as_words(house: QuickDesks) -> None:
    wrong: dict[str, list[str]] = {}
    shown = 0
    desks = {"otto": house.of("otto"), "ada": house.of("ada")}
    for one in SCREENS:
        if "GET" not in one.methods or one.action == "anybody":
            continue
        path = "/console/" + one.path.replace("<slug:name>", ORDER).replace("<int:leaf>", "0")
        if "<" in path:
            continue
        for name, browser in desks.items():
            page = browser.get(path)
            assert page.status < 500, (path, page.words)
            if page.headers.get("content-type", "").startswith("text/html"):
                assert "unsafe" not in page.headers["content-security-policy"]
                shown += page.text.count("&lt;hostile")
                wrong[f"{name} {path}"] = wrong_with(page.text)
    assert {path: found for path, found in wrong.items() if found} == {}
    assert shown > 20, "the pages do not show what was put in"
    gates = desks["otto"].get(f"/console/directives/{ORDER}/gates/").text
    assert "2 devices denied mail in the last ten minutes, 3 in the last hour" in gates


def test_spreadsheets_and_paper_take_them_as_words(house: QuickDesks) -> None:
    browser = house.of("otto")
    cells = [
        cell for row in csv.reader(io.StringIO(browser.get(f"/console/directives/{ORDER}/figures.csv").text)) for cell in row
    ]
    assert any("hostile" in cell for cell in cells)
    assert [cell for cell in cells if unicodedata.normalize("NFKC", cell.strip())[:1] in ("=", "+", "@")] == []
    paper = PdfReader(io.BytesIO(browser.get(f"/console/directives/{ORDER}/page.pdf").body))
    text = "".join(page.extract_text() for page in paper.pages)
    assert "hostile" in text
    assert not set(text) & set(TURNED)
    assert "3 in the last hour" in " ".join(text.split())
    assert len(paper.pages) <= 3
    assert browser.get(f"/console/directives/{ORDER}/page.png").body.startswith(b"\x89PNG")
    assert wrong_with(render(report(ORDER, house.world.now, smallest=1))) == []


def test_mail_says_them_as_words(house: QuickDesks) -> None:
    world = house.world
    models.Person.objects.update(email="somebody@example.org", zone="Europe/London", locale="en", country="GB")
    for person in models.Person.objects.all():
        models.Person.objects.filter(pk=person.pk).update(email=f"{person.login}@example.org")
    world.rescinds()
    world.turn()
    (letter,) = [one for one in world._received("alice") if one["X-Countermand-Kind"] == "rescinded"]
    assert {"to", "from", "subject", "message-id"} <= {name.lower() for name in letter.keys()}  # noqa: SIM118
    for part in letter.walk():
        if part.get_content_maintype() == "text":
            words = part.get_content()
            assert not set(words) & set(TURNED)
            assert part.get_content_subtype() != "html" or [one for one in wrong_with(words) if "turned" not in one] == []
