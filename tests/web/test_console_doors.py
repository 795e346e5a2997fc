"""Coming in at the console: by a link once, by a passkey, for a while; and nobody else."""

import json
import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from authenticator import Authenticator
from console_house import ConsoleHouse, console_house, options_of

from countermand.access import TABLE, Act, Actor, Role, allowed
from countermand.config import Console, Database
from countermand.config.values import PROVIDED
from countermand.core.errors import Refused
from countermand.core.instants import DAY, HOUR, MINUTE
from countermand.flows import accounts, passkeys, seats
from countermand.lib import clock
from countermand.store import models, operators
from countermand.web.console.addresses import PAGES
from countermand.web.console.screens import ANYBODY, SCREENS
from countermand.web.console.sign_in import roles_of

ADMIN = Act(Actor("administrator", frozenset({Role.ADMINISTRATOR})), 0)


@pytest.fixture
def house(store: Database, tmp_path: Path) -> Iterator[ConsoleHouse]:
    made = console_house(store, tmp_path / "state")
    yield made
    made.site.end()


ONE_ENGINE = pytest.mark.parametrize("database", ["sqlite"], indirect=True)


def kinds() -> list[str]:
    return [json.loads(bytes(row.entry))["kind"] for row in models.LedgerRow.objects.order_by("pk")]


def test_a_link_makes_one_passkey_which_signs_in_and_out(house: ConsoleHouse) -> None:
    browser = house.signed_in("operator")
    assert "operator" in browser.get("/console/").words
    again = house.browser().get(f"/console/join/{house.links['operator']}/")
    assert (again.status, "used, has expired" in again.words) == (410, True)
    left = browser.submit(browser.get("/console/"), "/console/sign-out/")
    assert "Sign in with a passkey" in left.words
    assert browser.get("/console/").status == 303
    assert kinds()[-3:] == ["passkey-added", "signed-in", "signed-out"]


@ONE_ENGINE
def test_the_secrets_are_kept_nowhere(house: ConsoleHouse) -> None:
    browser = house.signed_in("author")
    kept = [str(row) for model in (models.Seat, models.Invitation) for row in model.objects.values()]
    assert all(browser.cookies["console"] not in row and house.links["author"] not in row for row in kept)


@ONE_ENGINE
def test_a_stolen_cookie_of_a_seat_that_was_left_opens_nothing(house: ConsoleHouse) -> None:
    browser = house.signed_in("author")
    stolen = dict(browser.cookies)
    browser.submit(browser.get("/console/"), "/console/sign-out/")
    thief = house.browser()
    thief.cookies = stolen
    assert thief.get("/console/").status == 303


@ONE_ENGINE
def test_an_answer_opens_one_seat(house: ConsoleHouse) -> None:
    key = house.join("author")
    browser = house.browser()
    page = browser.get("/console/sign-in/")
    answer, before = key.use(options_of(page)), dict(browser.cookies)
    browser.submit(page, "/console/sign-in/", answer=answer)
    browser.cookies = before  # everything that the wire has seen, once more
    assert "Signing in did not work" in browser.submit(page, "/console/sign-in/", answer=answer).words


@ONE_ENGINE
@pytest.mark.parametrize(
    "wrong",
    [
        lambda key: replace(key, origin="http://localhost.evil.example"),
        lambda key: replace(key, site="evil.example"),
        lambda key: replace(key, verifies=False),
        lambda key: replace(key, key=Authenticator().key),
        lambda key: replace(key, id=b"another credential"),
    ],
)
def test_what_is_not_quite_the_passkey_signs_nobody_in(house: ConsoleHouse, wrong: object) -> None:
    key = wrong(house.join("author"))  # type: ignore[operator]
    browser = house.browser()
    page = browser.get("/console/sign-in/")
    refused = browser.submit(page, "/console/sign-in/", answer=key.use(options_of(page)))
    assert (refused.status, "Signing in did not work" in refused.words) == (403, True)
    assert "console" not in browser.cookies


@ONE_ENGINE
def test_a_copied_passkey_whose_counter_fell_behind_is_refused(house: ConsoleHouse) -> None:
    key = house.join("author")
    copy = replace(key)
    house.signed_in("author")
    house.keys["author"] = copy
    with pytest.raises(AssertionError, match="Signing in did not work"):
        house.signed_in("author")


@ONE_ENGINE
@pytest.mark.parametrize(("busy", "gone"), [(29 * MINUTE, False), (31 * MINUTE, True)])
def test_a_seat_ends_when_nobody_does_anything(
    house: ConsoleHouse, monkeypatch: pytest.MonkeyPatch, busy: int, gone: bool
) -> None:
    browser, began = house.signed_in("author"), clock.now()
    monkeypatch.setattr(clock, "now", lambda: began + busy)
    assert (browser.get("/console/").status == 303) is gone


@ONE_ENGINE
def test_a_seat_ends_after_a_working_day_whatever_was_done(house: ConsoleHouse, monkeypatch: pytest.MonkeyPatch) -> None:
    browser, began = house.signed_in("author"), clock.now()
    answers = []
    for spent in range(0, 11 * HOUR, 20 * MINUTE):
        monkeypatch.setattr(clock, "now", lambda spent=spent: began + spent)
        answers.append(browser.get("/console/").status)
    assert answers.index(303) * 20 * MINUTE in (10 * HOUR, 10 * HOUR + 20 * MINUTE)


@ONE_ENGINE
def test_a_closed_account_is_out_at_once(house: ConsoleHouse) -> None:
    browser = house.signed_in("author")
    accounts.operator_close(ADMIN, "author")
    assert browser.get("/console/").status == 303
    with pytest.raises(AssertionError, match="Signing in did not work"):
        house.signed_in("author")


@ONE_ENGINE
def test_only_a_link_of_the_first_hour_lets_a_passkey_approve_at_once(house: ConsoleHouse) -> None:
    house.join("approver")
    house.join("author", passkeys.invite(ADMIN, "author").secret)
    counts = {row.operator: row.counts_from - row.added for row in models.Passkey.objects.all()}
    assert counts["approver"] <= 0
    assert counts["author"] == house.config.guard.new_operator_wait


@ONE_ENGINE
def test_a_new_link_voids_the_earlier_one_and_an_old_one_opens_nothing(
    house: ConsoleHouse, monkeypatch: pytest.MonkeyPatch
) -> None:
    second = passkeys.invite(ADMIN, "author").secret
    assert house.browser().get(f"/console/join/{house.links['author']}/").status == 410
    began = clock.now()
    monkeypatch.setattr(clock, "now", lambda: began + 3 * DAY)
    assert house.browser().get(f"/console/join/{second}/").status == 410


@ONE_ENGINE
def test_a_lost_passkey_is_removed_and_no_other_persons(house: ConsoleHouse) -> None:
    browser = house.signed_in("author")
    house.join("operator")
    theirs = models.Passkey.objects.get(operator="operator").pk
    mine = models.Passkey.objects.get(operator="author").pk
    token = re.findall(r'name="csrfmiddlewaretoken" value="([^"]+)"', browser.get("/console/keys/").text)[0]
    assert browser.post(f"/console/keys/{theirs}/remove/", {"csrfmiddlewaretoken": token}).status == 404
    assert browser.post(f"/console/keys/{mine}/remove/", {"csrfmiddlewaretoken": token}).status == 303
    assert models.Passkey.objects.get(operator="author").removed_at is not None


@ONE_ENGINE
def test_a_form_from_elsewhere_does_nothing(house: ConsoleHouse) -> None:
    browser = house.signed_in("author")
    assert browser.post("/console/sign-out/", {}).status == 403
    assert browser.get("/console/").status == 200


@ONE_ENGINE
@pytest.mark.parametrize("to", ["https://evil.example/", "//evil.example", "/console/../me", "/\\evil.example", "/me/"])
def test_signing_in_leads_nowhere_else(house: ConsoleHouse, to: str) -> None:
    key, browser = house.join("author"), house.browser()
    page = browser.get(f"/console/sign-in/?to={to}")
    fields = dict(re.findall(r'<input type="hidden" name="([^"]+)" value="([^"]*)"', page.text))
    answer = browser.post("/console/sign-in/", {**fields, "to": to, "answer": key.use(options_of(page))})
    assert answer.headers["location"].startswith("/console/")
    assert "evil" not in answer.headers["location"]


# -- the identity provider --

KNOWN = Console(roles={"mail-authors": ("author",), "mail-approvers": ("approver",), "both": ("author", "operator")})


def sit(groups: object, name: str = "carla", nonce: str = "n") -> frozenset[str]:
    rails = accounts.Rails()
    taken = seats.sit_by_provider(name, roles_of(KNOWN, groups), nonce, 0, rails=rails)
    from countermand.reads.seats import here

    return frozenset(str(role) for role in here(taken.secret, HOUR, HOUR).actor.roles)


def test_groups_open_an_account_and_change_its_roles(house: ConsoleHouse) -> None:
    assert sit(["mail-authors", "football"]) == {"author"}
    assert sit("both", nonce="m") == {"author", "operator"}
    assert operators.find("carla").may_approve_from == house.config.guard.new_operator_wait  # type: ignore[union-attr]
    assert kinds().count("operator-roles-changed") == 1
    with pytest.raises(Refused, match="no-account"):
        sit(["football"], nonce="o")


@ONE_ENGINE
@pytest.mark.parametrize("groups", [[], ["football"], None, {"mail-authors": 1}, [["mail-authors"]], 7])
def test_whoever_comes_without_a_group_is_nobody(house: ConsoleHouse, groups: object) -> None:
    with pytest.raises(Refused, match="no-account"):
        sit(groups)
    assert operators.find("carla") is None


@ONE_ENGINE
def test_an_account_opened_by_hand_keeps_its_roles_and_administering_takes_a_passkey(house: ConsoleHouse) -> None:
    assert sit(["mail-approvers"], name="operator") == {"operator"}
    assert sit(["mail-approvers"], name="administrator", nonce="m") == frozenset()


@ONE_ENGINE
def test_an_answer_of_the_provider_opens_one_seat(house: ConsoleHouse) -> None:
    sit(["mail-authors"])
    with pytest.raises(Refused, match="sign-in-failed"):
        sit(["mail-authors"])


@ONE_ENGINE
def test_becoming_an_approver_waits(house: ConsoleHouse) -> None:
    rails = accounts.Rails()
    seats.sit_by_provider("carla", {"author"}, "n", 0, rails=rails)
    seats.sit_by_provider("carla", {"approver"}, "m", 50 * DAY, rails=rails)
    assert operators.find("carla").may_approve_from == 50 * DAY + rails.new_operator_wait  # type: ignore[union-attr]


def test_a_group_gives_every_role_but_the_administrators() -> None:
    assert {*PROVIDED, "administrator", "system"} == {role.value for role in Role}
    assert "administrator" not in PROVIDED


# -- the matrix --


def test_every_page_of_the_console_is_declared_with_a_rule() -> None:
    from countermand.web.addresses import urlpatterns

    served = [one for one in urlpatterns if str(one.pattern).startswith("console/")]
    assert [one.callback for one in served] == SCREENS == [one.callback for one in PAGES]
    assert [one.path for one in SCREENS if one.action != ANYBODY and one.action not in TABLE] == []
    assert all(one.about for one in SCREENS)
    assert {one.path for one in SCREENS if one.action == ANYBODY} == {
        "sign-in/", "sign-in/provider/", "sign-in/back/", "join/<str:secret>/",
    }  # fmt: skip


def somewhere(path: str) -> str:
    """An address of the page that names nothing."""
    return "/console/" + re.sub(r"<int:\w+>", "999", re.sub(r"<(str|slug):\w+>", "nothing", path))


@ONE_ENGINE
def test_each_role_reaches_exactly_what_the_table_says(house: ConsoleHouse) -> None:
    screens = [(one, method) for one in SCREENS for method in one.methods if one.action != ANYBODY and one.path != "sign-out/"]
    for role in [role for role in Role if role is not Role.SYSTEM]:
        browser = house.signed_in(role.value)
        page = browser.get("/console/")
        token = re.findall(r'name="csrfmiddlewaretoken" value="([^"]+)"', page.text)[0]
        for one, method in screens:
            path = somewhere(one.path)
            found = browser.get(path) if method == "GET" else browser.post(path, {"csrfmiddlewaretoken": token})
            assert found.status != 500, (path, found.words)
            refused = "not-allowed" in found.text
            assert refused is not allowed(Actor(role.value, frozenset({role})), one.action), (path, method, role, found.status)


@ONE_ENGINE
def test_nobody_who_is_not_signed_in_reaches_anything(house: ConsoleHouse) -> None:
    for one in SCREENS:
        if one.action != ANYBODY and "GET" in one.methods:
            found = house.browser().get(somewhere(one.path))
            assert found.status == (401 if one.passive else 303), one.path
