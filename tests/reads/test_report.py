"""The report: its figures equal a count by hand over the phones, and small ones are not told."""

import csv
import io
import json
from collections import Counter
from dataclasses import replace
from html.parser import HTMLParser
from xml.etree import ElementTree

import abroad
import house
import pytest

from countermand.cli.render import as_json
from countermand.config import Database
from countermand.core.apps import App
from countermand.core.devices import Platform
from countermand.core.errors import Refused
from countermand.core.instants import from_iso
from countermand.flows.stop import halt, rescind
from countermand.flows.telling import rescind_all
from countermand.reads import report_page, report_sheet
from countermand.reads.report import AppRow, Breakdown, Report, report
from countermand.store import models

STAGES = "stages: [{what: identify, due: 2020-07-12}, {what: remove, due: 2020-12-31}, {what: plan}]"
HOSTILE = ["<script>alert(1)</script>", '"><img src=x onerror=alert(1)>', "=HYPERLINK(1)", "a & b", "\u202eevil", "'; drop"]


def naive(phones: list[abroad.Phone]) -> Counter[str]:
    """What the report must say of these phones a day after the due: told means due, and untold ones come due with the
    document's last zone, which is past as well; but only the told are denied."""
    counted: Counter[str] = Counter()
    for phone in phones:
        denied = phone.has_app and phone.told and phone.named
        counted.update({"in scope": 1, "told": phone.told, "noncompliant": phone.has_app, "compliant": not phone.has_app})
        counted.update({"denied": denied})
    return counted


def counted(found: Report, dimension: str) -> dict[str, dict[str, int | str]]:
    table = next(one for one in found.breakdowns if one.dimension == dimension)
    return {value: dict(zip(table.columns, cells, strict=True)) for value, cells in table.rows.items()}


def test_totals_equal_a_count_by_hand(store: Database) -> None:
    spec, _, _ = abroad.settle(STAGES)
    found = report(house.NAME, abroad.NOW)
    by_hand = naive(spec)
    assert {name: count for name, count in found.totals.items() if count} == {name: n for name, n in by_hand.items() if n}
    assert found.denied == by_hand["denied"]
    assert found.not_deniable == sum(phone.has_app and phone.told and not phone.named for phone in spec)
    assert found.telling.told == sum(phone.told for phone in spec)
    assert {row.app: row.devices for row in found.apps}[house.TIKTOK] == sum(phone.has_app for phone in spec)
    assert [(one.what, one.state) for one in found.stages] == [("identify", "missed"), ("remove", "open"), ("plan", "open")]


@pytest.mark.parametrize("dimension", ["country", "ownership", "platform", "group"])
def test_each_breakdown_equals_a_count_by_hand(store: Database, dimension: str) -> None:
    spec, _, _ = abroad.settle()
    found = counted(report(house.NAME, abroad.NOW, smallest=1), dimension)
    value = {
        "country": lambda phone: phone.country or "not known",
        "ownership": lambda phone: phone.ownership,
        "platform": lambda _: "ios",
        "group": lambda _: "staff",
    }[dimension]
    for name in {value(phone) for phone in spec}:
        by_hand = naive([phone for phone in spec if value(phone) == name])
        assert {column: count for column, count in found[name].items() if count} == {k: n for k, n in by_hand.items() if n}
    assert found.keys() == {value(phone) for phone in spec}


def test_small_counts_by_country_are_not_told(store: Database) -> None:
    spec, _, _ = abroad.settle()
    real = counted(report(house.NAME, abroad.NOW, smallest=1), "country")
    found = counted(report(house.NAME, abroad.NOW), "country")
    assert set(found["LU"].values()) <= {"<5", 0}
    for country, cells in found.items():
        for column, cell in cells.items():
            if 0 < int(real[country][column]) < 5:
                assert cell == "<5"
            else:
                assert cell in (real[country][column], "hidden")
    hidden = [country for country, cells in found.items() if isinstance(cells["noncompliant"], str)]
    assert len(hidden) != 1
    assert counted(report(house.NAME, abroad.NOW), "ownership") == counted(report(house.NAME, abroad.NOW, 1), "ownership")
    assert len(spec) == 40


@pytest.mark.parametrize(("consequence", "means"), [("hand_over", "to be denied by others"), ("report_only", "would be denied")])
def test_an_order_that_denies_nothing_itself_says_whom_it_would(store: Database, consequence: str, means: str) -> None:
    spec, _, _ = abroad.settle(consequence=consequence)
    found = report(house.NAME, abroad.NOW)
    assert (found.denied, found.denied_means) == (naive(spec)["denied"], means)


def test_why_it_is_not_known_is_said(store: Database) -> None:
    spec, _, _ = abroad.settle()
    models.Source.objects.update(last_contact=abroad.NOW)
    found = report(house.NAME, abroad.NOW)
    without = sum(not phone.has_app for phone in spec)
    assert found.totals["unknown"] == without
    assert {reason: count for reason, count in found.unknown.items() if count} == {"stale": without}


def test_before_the_due_nobody_is_denied(store: Database) -> None:
    spec, _, _ = abroad.settle()
    found = report(house.NAME, abroad.DUE - 1)
    assert (found.denied, found.totals["in_grace"]) == (0, sum(phone.has_app for phone in spec))


def test_a_rescinded_order_is_still_reported_with_its_corrections(store: Database) -> None:
    abroad.settle()
    halt(house.operator(abroad.NOW), house.NAME)
    assert (report(house.NAME, abroad.NOW).denied, report(house.NAME, abroad.NOW).halted) == (0, True)
    models.Notice.objects.update(reached=True)
    rescind(house.operator(abroad.NOW), house.NAME, "sent-in-error")
    rescind_all(house.worker(abroad.NOW), house.NAME)
    found = report(house.NAME, abroad.NOW)
    assert (found.state, found.ground, found.denied) == ("rescinded", "sent-in-error", 0)
    assert found.telling.correcting == models.Notice.objects.filter(kind="rescinded").count()
    assert found.telling.told == sum(phone.told for phone in abroad.phones())


def test_what_was_never_issued_has_no_report(store: Database) -> None:
    house.open_house()
    house.move_in(house.staff(3))
    house.proposed()
    with pytest.raises(Refused) as refused:
        report(house.NAME, house.NOW)
    assert refused.value.code == "never-issued"


# -- renderers: a report with hostile names in it, whatever importing would have refused --


@pytest.fixture
def hostile(store: Database) -> Report:
    abroad.settle(STAGES)
    found = report(house.NAME, from_iso("2020-07-20T00:00:00Z"))
    groups = Breakdown("group", found.breakdowns[0].columns, {name: (9,) * len(found.breakdowns[0].columns) for name in HOSTILE})
    apps = tuple(AppRow(App(Platform.IOS, name), 1) for name in HOSTILE)
    return replace(found, title=HOSTILE[0], issuer=HOSTILE[1], breakdowns=(*found.breakdowns[:3], groups), apps=apps)


class Page(HTMLParser):
    """What a browser makes of a page: the tags with their attributes, in order, and the text by tag."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.text: dict[str, list[str]] = {}
        self._open: list[str] = []
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag != "meta":
            self._open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self._open.pop() == tag, f"</{tag}> closes nothing"

    def handle_data(self, data: str) -> None:
        if self._open and data.strip():
            self.text.setdefault(self._open[-1], []).append(data)

    def close(self) -> None:
        super().close()
        assert self._open == [], "every tag is closed"


def test_the_page_runs_nothing_and_loads_nothing(hostile: Report) -> None:
    text = report_page.render(hostile)
    page = Page(text)
    names = {tag for tag, _ in page.tags}
    assert not names & {"script", "img", "iframe", "object", "embed", "link", "form", "base", "a", "foreignobject"}
    attributes = {name for _, found in page.tags for name in found}
    assert not [name for name in attributes if name.startswith("on") or name in ("style", "src", "href")]
    assert [found["content"] for tag, found in page.tags if tag == "meta" and "http-equiv" in found] == [
        "default-src 'none'; style-src 'unsafe-inline'"
    ]
    assert "\u202e" not in text
    assert "url(" not in text


def test_hostile_names_are_text(hostile: Report) -> None:
    page = Page(report_page.render(hostile))
    said = page.text["th"] + page.text["td"]
    for name in HOSTILE:
        assert name.replace("\u202e", "\ufffd") in said
    assert page.text["title"][0] == f"{house.NAME}: {HOSTILE[0]}"


def test_the_page_can_be_read_aloud(hostile: Report) -> None:
    page = Page(report_page.render(hostile))
    tags = [tag for tag, _ in page.tags]
    assert dict(page.tags)["html"]["lang"] == "en"
    assert (tags.count("title"), tags.count("h1"), tags.count("main")) == (1, 1, 1)
    assert tags.count("h2") == tags.count("section") >= 6
    assert tags.count("caption") == tags.count("table") >= 6
    headers = [found for tag, found in page.tags if tag == "th"]
    assert headers
    assert {found.get("scope") for found in headers} == {"row", "col"}
    assert tags.count("tr") == len([found for found in headers if found["scope"] == "row"]) + tags.count("thead")
    pictures = [found for tag, found in page.tags if tag == "svg"]
    assert pictures
    assert all(found["role"] == "img" and found["aria-label"] for found in pictures)
    scrolling = [found for tag, found in page.tags if tag == "div" and found.get("class") == "wide"]
    assert scrolling
    assert all(found["tabindex"] == "0" and found["role"] == "region" and found["aria-label"] for found in scrolling)


def test_a_picture_draws_no_count_that_is_not_told(store: Database) -> None:
    abroad.settle()
    text = report_page.render(report(house.NAME, abroad.NOW))
    pictures = [ElementTree.fromstring("<svg" + part.split("</svg>")[0] + "</svg>") for part in text.split("<svg")[1:]]
    said = {picture.attrib["aria-label"].partition(":")[0]: picture for picture in pictures}
    assert "DE" in said
    assert "LU" not in said
    assert "All devices in scope" in said
    for picture in pictures:
        widths = [float(part.attrib["width"]) for part in picture]
        assert 999 < sum(widths) < 1001


@pytest.mark.parametrize(
    ("halted", "ended", "said"),
    [
        (False, None, "cannot be known, and"),
        (True, None, "The order is on hold"),
        (False, from_iso("2020-07-17T19:00:00Z"), "taken back on"),
    ],
)
def test_the_page_begins_with_what_it_has_come_to(hostile: Report, halted: bool, ended: int | None, said: str) -> None:
    text = report_page.render(replace(hostile, halted=halted, ended_at=ended, ground="sent-in-error"))
    lead = text.partition('<p class="lead">')[2].partition("</p>")[0]
    assert said in lead
    assert ("denies nobody" in lead) is (ended is not None)


@pytest.mark.parametrize(
    ("count", "whole", "share"),
    [(0, 0, ""), (0, 9, "0 %"), (9, 9, "100 %"), (1, 1_000, "under 1 %"), (999, 1_000, "over 99 %"), (1, 2, "50 %")],
)
def test_a_share_is_never_all_or_nothing_by_rounding(count: int, whole: int, share: str) -> None:
    assert report_page._share(count, whole) == share


def test_a_sheet_runs_nothing_and_says_every_figure(hostile: Report) -> None:
    rows = list(csv.DictReader(io.StringIO(report_sheet.render(hostile), newline="")))
    assert {tuple(row) for row in rows} == {report_sheet.COLUMNS}
    assert "'=HYPERLINK(1)" in {row["row"] for row in rows}
    assert not [cell for row in rows for cell in row.values() if cell[:1] in {"=", "+", "-", "@"}]
    figures = {(row["section"], row["row"], row["column"]): row["value"] for row in rows}
    assert figures["devices", "", "noncompliant"] == str(hostile.totals["noncompliant"])
    assert figures["people", "", "told"] == str(hostile.telling.told)
    assert figures["country", "LU", "in scope"] == "<5"
    assert figures["stage", "identify", "missed"] == "2020-07-13T00:00:00Z"


def test_nobody_is_named_in_any_form(store: Database) -> None:
    _, fleet, _ = abroad.settle()
    found = report(house.NAME, abroad.NOW)
    forms = [report_page.render(found), report_sheet.render(found), as_json(found)]
    assert json.loads(forms[2])["denied"] == found.denied
    for form in forms:
        assert not [login for login in fleet.people if login in form]
        assert "Appl0" not in form
