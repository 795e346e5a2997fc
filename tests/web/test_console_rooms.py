"""The console's rooms for ledger, fleet and settings: what they show, what they do, and that words of strangers stay words."""

import ast
import html
import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from api_house import DOCUMENT
from console_house import ConsoleHouse, console_house

import countermand
from countermand.access import SYSTEM, Act, Actor, Role
from countermand.config import Database
from countermand.core.instants import DAY, HOUR
from countermand.flows.seal import seal
from countermand.lib import clock
from countermand.operations.directives import write
from countermand.operations.operation import Call, perform
from countermand.store import models, sightings
from countermand.store.sightings import Sighting
from countermand.store.unit import unit
from countermand.web.console.ledger_words import WORDS

ONE_ENGINE = pytest.mark.parametrize("database", ["sqlite"], indirect=True)
HOSTILE = "<script>alert(1)</script>\u202e=HYPERLINK(1)"


@pytest.fixture
def house(store: Database, tmp_path: Path) -> Iterator[ConsoleHouse]:
    made = console_house(store, tmp_path / "state")
    yield made
    made.site.end()


def said_kinds() -> set[str]:
    """Every kind of entry that the program writes as a plain word."""
    found: set[str] = set()
    for path in Path(countermand.__file__).parent.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.Call) and ast.unparse(node.func) == "log.append" and node.args:
                found |= {
                    one.value for one in ast.walk(node.args[0]) if isinstance(one, ast.Constant) and isinstance(one.value, str)
                }
    return found


def test_every_kind_of_entry_has_words() -> None:
    kinds = {kind for kind in said_kinds() if re.fullmatch(r"[a-z]+(-[a-z]+)*", kind)}
    assert len(kinds) > 40
    assert kinds - WORDS.keys() == set()


@ONE_ENGINE
def test_the_ledger_is_read_verified_and_taken_away(house: ConsoleHouse) -> None:
    browser = house.signed_in("auditor")
    page = browser.get("/console/ledger/")
    assert "An operator signed in" in page.words
    assert "The house was set up" in page.words
    assert "Not sealed yet" in page.words
    only = browser.get("/console/ledger/?kind=installed")
    assert "The house was set up" in only.words
    assert "An operator signed in" not in only.words
    seal(Act(SYSTEM, clock.now()), house.config.state_dir / "keys" / "ledger.key", state_dir=house.config.state_dir)
    assert "The ledger verifies" in browser.submit(page, "/console/ledger/verify/").words
    proof = browser.get("/console/ledger/0/")
    assert proof.text.startswith("c2sp.org/tlog-proof@v1")
    assert "attachment" in proof.headers["content-disposition"]


@ONE_ENGINE
def test_what_does_not_verify_is_said_in_red(house: ConsoleHouse) -> None:
    seal(Act(SYSTEM, clock.now()), house.config.state_dir / "keys" / "ledger.key", state_dir=house.config.state_dir)
    row = models.LedgerRow.objects.order_by("pk").first()
    assert row is not None
    row.entry = bytes(row.entry).replace(b'"kind":"', b'"kind":"x', 1)
    row.save()
    browser = house.signed_in("auditor")
    found = browser.submit(browser.get("/console/ledger/"), "/console/ledger/verify/")
    assert "The ledger does not verify" in found.words
    assert "ledger-" in found.words


@ONE_ENGINE
def test_the_evidence_of_a_directive_is_one_file(house: ConsoleHouse) -> None:
    perform(write, Call(Act(Actor("author", frozenset({Role.AUTHOR})), clock.now()), house.config), DOCUMENT)
    browser = house.signed_in("auditor")
    page = browser.get("/console/ledger/?about=no-tiktok")
    answer = browser.submit(page, "/console/ledger/evidence/")
    assert answer.headers["content-type"] == "application/zip"
    assert 'filename="evidence-no-tiktok.zip"' in answer.headers["content-disposition"]
    assert "evidence-exported" in [json.loads(bytes(one.entry))["kind"] for one in models.LedgerRow.objects.all()]


@ONE_ENGINE
def test_unknown_devices_are_shown_and_the_look_is_recorded(house: ConsoleHouse) -> None:
    with unit():
        sightings.add(Sighting("mallory", "eas", HOSTILE, 1_600_000_000_000, 1_600_000_000_000 + HOUR, 3))
    browser = house.signed_in("operator")
    page = browser.get("/console/fleet/unknown/")
    assert html.escape(HOSTILE) in page.text
    assert "<script>" not in re.sub(r'<script src="[^"]+" defer></script>', "", page.text)
    last = json.loads(bytes(models.LedgerRow.objects.order_by("-pk")[0].entry))
    assert (last["kind"], last["about"]["screen"], len(last["subjects"])) == ("looked-up", "unknown devices", 1)


@ONE_ENGINE
def test_an_app_is_watched_by_two_people_until_its_end(house: ConsoleHouse) -> None:
    author, approver = house.signed_in("author"), house.signed_in("approver")
    page = author.get("/console/settings/watched/")
    assert "It is empty" in page.words
    refused = author.submit(page, "/console/settings/watched/", app="ios:com.example", purpose="p", days="soon")
    assert "days-unreadable" in refused.text
    page = author.submit(page, "/console/settings/watched/", app="ios:com.example", purpose=HOSTILE, days="30")
    assert html.escape(HOSTILE) in page.text
    assert "nobody yet" in page.words
    (row,) = models.Watch.objects.all()
    assert abs(row.until - clock.now() - 30 * DAY) < HOUR
    agreed = approver.submit(approver.get("/console/settings/watched/"), f"/console/settings/watched/{row.pk}/agree/")
    assert "agreed to by approver" in agreed.words
    author.submit(author.get("/console/settings/watched/"), f"/console/settings/watched/{row.pk}/end/")
    assert models.Watch.objects.get().until <= clock.now()


@ONE_ENGINE
def test_a_login_is_protected_by_two(house: ConsoleHouse) -> None:
    operator = house.signed_in("operator")
    page = operator.submit(
        operator.get("/console/settings/protected/"), "/console/settings/protected/propose/", login="Postmaster", why="runs mail"
    )
    assert "postmaster proposed" in page.words
    assert 'action="/console/settings/protected/agree/"' not in page.text  # whoever proposed does not agree
    token = re.findall(r'name="csrfmiddlewaretoken" value="([^"]+)"', page.text)[0]
    own = operator.post("/console/settings/protected/agree/", {"csrfmiddlewaretoken": token, "login": "postmaster"})
    assert "own-work" in own.text
    administrator = house.signed_in("administrator")
    page = administrator.get("/console/settings/")
    token = re.findall(r'name="csrfmiddlewaretoken" value="([^"]+)"', page.text)[0]
    administrator.post("/console/settings/protected/agree/", {"csrfmiddlewaretoken": token, "login": "postmaster"})
    assert "postmaster protected" in operator.get("/console/settings/protected/").words


@ONE_ENGINE
def test_a_token_is_shown_once_and_revoked(house: ConsoleHouse) -> None:
    browser = house.signed_in("author")
    page = browser.submit(
        browser.get("/console/settings/tokens/"), "/console/settings/tokens/", label="ci", scope="read", days="7"
    )
    token = re.findall(r'<code class="long">([^<]+)</code>', page.text)[0]
    assert len(token) > 30
    again = browser.get("/console/settings/tokens/")
    assert token not in again.text
    number = models.ApiToken.objects.get().pk
    assert "revoked" in browser.submit(again, f"/console/settings/tokens/{number}/revoke/").words


@ONE_ENGINE
def test_an_administrator_opens_an_account_and_closes_it(house: ConsoleHouse) -> None:
    browser = house.signed_in("administrator")
    made = browser.submit(browser.get("/console/settings/"), "/console/settings/operators/", name="dora", role="helpdesk")
    secret = re.findall(r"/console/join/([^/]+)/", made.text)[0]
    house.links = {**house.links, "dora": secret}
    dora = house.signed_in("dora")
    assert "dora" in dora.get("/console/").words
    assert "Open an account" not in dora.get("/console/settings/").words
    token = re.findall(r'name="csrfmiddlewaretoken" value="([^"]+)"', browser.get("/console/settings/").text)[0]
    browser.post("/console/settings/operators/dora/", {"csrfmiddlewaretoken": token, "verb": "close"})
    assert dora.get("/console/").status == 303


@ONE_ENGINE
def test_a_source_is_paused_and_resumed(house: ConsoleHouse) -> None:
    models.Source.objects.create(name="mdm", kind="file", interval=DAY)
    browser = house.signed_in("operator")
    page = browser.submit(browser.get("/console/fleet/"), "/console/fleet/sources/mdm/", verb="pause")
    assert "mdm paused" in page.words
    page = browser.submit(page, "/console/fleet/sources/mdm/", verb="resume")
    assert "mdm paused" not in page.words
    assert "unknown-choice" in browser.submit(page, "/console/fleet/sources/mdm/", verb="wipe").text
