"""The employee's page: what is asked, why mail is blocked, and every way to put it right."""

import json
import re
from collections.abc import Iterator
from dataclasses import replace

import house
import pytest
from her_page import HerPage, her_page
from page_house import Page
from world import DUE_IN_LONDON, ORDER, TIKTOK, World

from countermand.access import Role
from countermand.config import Database
from countermand.core.devices import Platform
from countermand.core.instants import DAY, HOUR, MINUTE
from countermand.flows import objecting, recheck
from countermand.flows.exempt import agree_exemption
from countermand.flows.mail_passwords import identity, issue_mail_password
from countermand.flows.objecting import Hearing
from countermand.store import models, operators
from countermand.store.unit import unit
from countermand.web import static
from countermand.web.selfservice import messages, mine

pytestmark = pytest.mark.parametrize("database", ["sqlite"], indirect=True)


@pytest.fixture
def page(world: World, store: Database) -> Iterator[HerPage]:
    messages._limits._buckets.clear()
    made = her_page(world, store)
    world.cast(alice=[TIKTOK], bob=[], hedi=[TIKTOK])
    world.orders()
    with unit():
        desk = operators.Operator("hedi", frozenset({Role.HELPDESK}), "", 0, 0, active=True)
        operators.add(desk, "token of hedi")
    yield made
    made.site.end()


def number(page: HerPage, serial: str) -> int:
    return models.Identity.objects.get(kind="serial", value=serial).device_id


def test_before_the_due_she_sees_what_to_do_and_by_when(page: HerPage) -> None:
    seen = page.see(page.browser("alice"))
    assert seen.status == 200
    for said in ("Mail works on this device", "Remove it before the time stated", "Friday, 17 July 2020, 17:00", "Ms Schmidt"):
        assert said in seen.words, said
    assert len(seen.text) < 40_000
    code = re.search(r"/message/([A-Z2-7]{5}-[A-Z2-7]{5})/", seen.text)
    assert code
    assert code[1] in page.world.inbox("alice")[0]
    assert "Remove TikTok" in page.see(page.browser(), f"/message/{code[1]}/").words
    assert "Nothing is asked" not in seen.words
    assert "looked for and is not there" in page.see(page.browser("bob")).words


def test_she_removes_it_says_so_and_mail_works_once_it_was_seen(page: HerPage) -> None:
    world, browser = page.world, page.browser("alice")
    world.until(DUE_IN_LONDON)
    assert "ALICE" in world.cut()
    before = page.see(browser)
    assert "Mail is blocked on this device" in before.words
    after = browser.submit(before, f"/me/{number(page, 'ALICE')}/{ORDER}/removed/")
    assert "Another look" in after.words
    assert after.headers["refresh"] == "3"
    path = f"/me/{number(page, 'ALICE')}/{ORDER}/check/"
    assert "refresh" not in page.see(browser, f"{path}?look=off").headers
    assert recheck.recheck(lambda: world.system, page.config) == 0
    models.Source.objects.update_or_create(name="devices-csv", defaults={"last_contact": world.now, "interval": HOUR})
    told = page.see(browser, f"{path}?look=on")
    assert "devices-csv cannot be asked to look now. It looks by itself: Friday, 17 July 2020, 18:00" in told.words
    assert "refresh" not in told.headers
    assert "ALICE" in world.cut()
    world.later(MINUTE)
    world.reports("ALICE", at=world.now)
    world.publishes()
    assert "ALICE" not in world.cut()
    assert "mdm has looked" in page.see(browser, path).words
    assert "Mail works on this device" in page.see(browser).words
    assert "You said that the app is gone" in page.see(browser, "/me/history/").words


def test_another_persons_device_is_nobodys(page: HerPage) -> None:
    browser = page.browser("bob")
    seen = page.see(browser)
    token = re.search(r'name="csrfmiddlewaretoken" value="([^"]+)"', seen.text)
    assert token
    fields = {"csrfmiddlewaretoken": token[1], "words": "x"}
    answers = [
        browser.post(f"/me/{device}/{action}", fields)
        for device in (number(page, "ALICE"), 4711)
        for action in ("not-mine/", f"{ORDER}/removed/", f"{ORDER}/contest/", f"{ORDER}/attest/")
    ]
    assert {answer.status for answer in answers} == {404}
    assert models.Objection.objects.count() == 0
    assert "ALICE" not in seen.text


def test_nobody_is_shown_anything_without_signing_in_and_no_form_comes_from_elsewhere(page: HerPage) -> None:
    stranger = page.browser()
    assert [stranger.get(path).headers.get("location") for path in ("/me/", "/me/history/", "/me/export/")] == ["/sign-in/"] * 3
    assert stranger.get("/help-desk/").headers["location"] == "/help-desk/sign-in/"
    alice = page.browser("alice")
    assert alice.post(f"/me/{number(page, 'ALICE')}/not-mine/", {"words": "x"}).status == 403
    alice.cookies["session"] += "x"
    assert page.see(alice).headers["location"] == "/sign-in/"


def test_her_word_counts_where_the_order_takes_it_and_nowhere_else(page: HerPage) -> None:
    page.world.give("alice", "OWN", ownership="personal")
    page.world.later(8 * DAY)
    browser = page.browser("alice")
    seen = page.see(browser)
    own, company = number(page, "OWN"), number(page, "ALICE")
    assert f"/me/{own}/{ORDER}/attest/" in seen.text
    assert f"/me/{company}/{ORDER}/attest/" not in seen.text
    assert "recorded" in browser.submit(seen, f"/me/{own}/{ORDER}/attest/", sure="on").words
    assert page.world.verdict("OWN").status == "compliant"
    token = re.search(r'name="csrfmiddlewaretoken" value="([^"]+)"', seen.text)
    assert token
    assert browser.post(f"/me/{company}/{ORDER}/attest/", {"csrfmiddlewaretoken": token[1]}).status == 409
    assert page.world.verdict("ALICE").status != "compliant"


def test_what_she_contests_reaches_a_human_who_gives_mail_back_for_a_while(page: HerPage) -> None:
    world, alice = page.world, page.browser("alice")
    world.until(DUE_IN_LONDON)
    device = number(page, "ALICE")
    seen = page.see(alice)
    sent = alice.submit(seen, f"/me/{device}/{ORDER}/contest/", words="I never <b>had</b> it.")
    assert "A human will answer you" in sent.words
    assert alice.submit(seen, f"/me/{device}/{ORDER}/contest/", words="Again").status == 409
    hedi = page.browser(token="token of hedi")
    desk = page.see(hedi, "/help-desk/")
    assert "I never &lt;b&gt;had&lt;/b&gt; it." in desk.text
    shown: Page = hedi.submit(desk, "/help-desk/find/", what="alice", case="HD-1")
    assert "You see the page of alice" in shown.words
    explained = "blocked on this device because TikTok was seen on it on 10 Jul 2020, 12:00 and the time to remove it ended on 17"
    assert explained in shown.words
    assert explained in page.see(alice).words
    assert "/removed/" not in shown.text
    unblock = f"/help-desk/{device}/{ORDER}/unblock/"
    for turn in range(2):
        hedi.submit(shown, unblock, hours="24", why="she says she never had it")
        world.publishes()
        assert "ALICE" not in world.cut()
        world.later(25 * HOUR)
        assert "ALICE" in world.cut(), turn
        shown = hedi.submit(page.see(hedi, "/help-desk/"), "/help-desk/find/", what="alice")
    assert hedi.submit(shown, unblock, hours="1", why="once more").status == 409
    assert hedi.submit(shown, unblock, hours="25", why="longer").status == 422
    objection = models.Objection.objects.get().pk
    hedi.submit(page.see(hedi, "/help-desk/"), f"/help-desk/objection/{objection}/", words="You are right.")
    history = page.see(alice, "/me/history/").words
    assert "You are right." in history
    assert "Somebody looked at your data" in history
    assert "hedi" in history


def test_nobody_gives_mail_back_to_themselves(page: HerPage) -> None:
    page.world.until(DUE_IN_LONDON)
    hedi = page.browser(token="token of hedi")
    shown = hedi.submit(page.see(hedi, "/help-desk/"), "/help-desk/find/", what="hedi")
    refused = hedi.submit(shown, f"/help-desk/{number(page, 'HEDI')}/{ORDER}/unblock/", hours="1", why="me")
    assert "own-work" in refused.words
    assert "HEDI" in page.world.cut()


def test_an_auditor_sees_nobodys_page(page: HerPage) -> None:
    with unit():
        operators.add(operators.Operator("audrey", frozenset({Role.AUDITOR}), "", 0, 0, active=True), "token of audrey")
    assert page.see(page.browser(token="token of audrey"), "/help-desk/").status == 403
    assert page.see(page.browser(token="token of nobody"), "/help-desk/").headers["location"] == "/help-desk/sign-in/"


def test_what_nobody_answers_in_time_goes_on_to_somebody_else(page: HerPage) -> None:
    world, alice = page.world, page.browser("alice")
    with unit():
        for name, role in (("harald", Role.HELPDESK), ("olga", Role.OPERATOR)):
            operators.add(operators.Operator(name, frozenset({role}), "", 0, 0, active=True), f"token of {name}")
    device = number(page, "ALICE")
    hedi, harald = page.browser("hedi"), page.browser(token="token of harald")
    alice.submit(page.see(alice), f"/me/{device}/{ORDER}/contest/", words="I never had it.")
    hedi.submit(page.see(hedi), f"/me/{number(page, 'HEDI')}/{ORDER}/contest/", words="Nor I.")
    assert [row.answerer for row in models.Objection.objects.order_by("pk")] == ["harald", "harald"]
    assert "harald has it, can give mail back, and answers until Saturday, 11 July 2020, 13:00" in page.see(alice).words
    assert "You have it, until" in page.see(harald, "/help-desk/").words
    hearing = Hearing(beyond=("olga",))
    world.later(24 * HOUR - MINUTE)
    assert objecting.escalate(world.system, hearing) == 0
    world.later(2 * MINUTE)
    assert objecting.escalate(world.system, hearing) == 2
    assert objecting.escalate(world.system, hearing) == 0
    assert {row.answerer for row in models.Objection.objects.all()} == {"olga"}
    assert "olga has it, can give mail back, and answers until Sunday, 12 July 2020, 13:01" in page.see(alice).words
    assert "went on to somebody else" in page.see(alice, "/me/history/").words


def test_a_device_that_is_not_hers_gets_none_of_her_mail_and_its_orders_stand(page: HerPage) -> None:
    world, alice = page.world, page.browser("alice")
    world.give("bob", "SHARED")
    form = f"/me/{number(page, 'ALICE')}/not-mine/"
    assert "none of your mail" in alice.submit(page.see(alice), form, words="sold it").words
    world.publishes()
    assert world.cut() == ["ALICE"]
    assert "You said that this is not your device" in page.see(alice).words
    assert "not-mine" not in page.see(alice).text
    # an order comes and goes, the device changes hands: none of it gives the device her mail
    world.until(DUE_IN_LONDON)
    world.reports("ALICE")
    world.turn()
    assert "ALICE" in world.cut()
    world.rescinds()
    assert world.cut() == ["ALICE"]
    world.hand_down("ALICE", "bob")
    world.turn()
    assert not world.door.denies("bob", "EALICE")
    assert world.door.denies("alice", "EALICE")
    world.ends_well()
    taken = re.search(r'action="(/me/disowned/\d+/mine/)"', page.see(alice).text)
    assert taken
    bob = page.browser("bob")
    seen = page.see(bob)
    token = re.search(r'name="csrfmiddlewaretoken" value="([^"]+)"', seen.text)
    assert token
    assert bob.post(taken[1], {"csrfmiddlewaretoken": token[1]}).status == 404
    alice.submit(page.see(alice), taken[1])
    world.publishes()
    assert not world.door.denies("alice", "EALICE")
    assert world.cut() == []


def test_a_device_taken_back_is_what_its_orders_make_of_it(page: HerPage) -> None:
    world, hedi = page.world, page.browser(token="token of hedi")
    alice = page.browser("alice")
    world.until(DUE_IN_LONDON)
    assert world.cut() == ["ALICE", "HEDI"]
    alice.submit(page.see(alice), f"/me/{number(page, 'ALICE')}/not-mine/", words="")
    world.publishes()
    objection = models.Objection.objects.get().pk
    hedi.submit(page.see(hedi, "/help-desk/"), f"/help-desk/objection/{objection}/", words="It is yours.", mend="on")
    world.publishes()
    assert world.cut() == ["ALICE", "HEDI"]
    world.reports("ALICE")
    world.turn()
    assert world.cut() == ["HEDI"]
    world.ends_well()


def test_an_exemption_that_she_asks_for_holds_once_somebody_agrees(page: HerPage) -> None:
    page.world.until(DUE_IN_LONDON)
    alice = page.browser("alice")
    asked = alice.submit(page.see(alice), f"/me/exemption/{ORDER}/", ground="security-research", days="10")
    assert "You will hear" in asked.words
    assert "ALICE" in page.world.cut()
    agree_exemption(house.approver("petra", page.world.now), models.Exemption.objects.get().pk)
    page.world.later(MINUTE)
    assert "ALICE" not in page.world.cut()
    assert "exemption-granted" in page.world.letters("alice")
    assert "Exempt until" in page.see(alice).words


def test_after_a_rescission_the_page_says_so_first(page: HerPage) -> None:
    page.world.until(DUE_IN_LONDON)
    page.world.rescinds()
    page.world.turn()
    words = page.see(page.browser("alice")).words
    assert words.index("This order no longer applies. It was sent in error.") < words.index("iPhone")
    assert "Nothing is asked of you for this device" in words


def test_everything_held_is_hers_to_take_away(page: HerPage) -> None:
    answer = page.see(page.browser("alice"), "/me/export/")
    assert "attachment" in answer.headers["content-disposition"]
    held = json.loads(answer.text)
    assert held["person"]["login"] == "alice"
    assert [phone["view"]["ordinal"] for phone in held["devices"]] == [number(page, "ALICE")]
    assert [one["kind"] for one in held["notices"]] == ["issued"]
    assert held["ledger"]
    assert "bob" not in answer.text


def test_the_due_is_hers_to_put_into_a_calendar(page: HerPage) -> None:
    alice = page.browser("alice")
    due = re.search(r'href="(/me/\d+/[a-z-]+/due\.ics)"', page.see(alice).text)
    assert due
    entry = page.see(alice, due[1])
    assert entry.headers["content-type"].startswith("text/calendar")
    assert "\r\nDTSTART:20200717T160000Z\r\n" in entry.text
    assert "\r\nSUMMARY:Remove TikTok\r\n" in entry.text
    assert page.see(page.browser("bob"), due[1]).status == 404


def test_her_message_is_sent_again_when_she_asks_and_not_for_ever(page: HerPage) -> None:
    hedi = page.browser(token="token of hedi")
    shown = hedi.submit(page.see(hedi, "/help-desk/"), "/help-desk/find/", what="alice")
    for _ in range(3):
        hedi.submit(shown, f"/help-desk/{ORDER}/resend/")
    assert hedi.submit(shown, f"/help-desk/{ORDER}/resend/").status == 409
    page.world.turn()
    assert page.world.letters("alice") == ["issued", "reminder", "reminder", "reminder"]
    assert "17 July 2020, 17:00" in page.world.inbox("alice")[-1]
    first, *again = page.world._received("alice")
    assert {one["In-Reply-To"] for one in again} == {first["Message-ID"]}


def test_a_new_mail_password_of_hers_is_shown_once_and_is_no_way_round_a_denial(page: HerPage) -> None:
    world, alice = page.world, page.browser("alice")
    assert "mail-password" not in page.see(alice).text
    old = issue_mail_password(world.desk, "serial:ALICE")
    world.until(DUE_IN_LONDON)
    path = f"/me/{number(page, 'ALICE')}/mail-password/"
    shown = alice.submit(page.see(alice), path)
    fresh = re.search(r"<code[^>]*>([a-z2-9-]{30})</code>", shown.text)
    assert fresh
    world.publishes()
    kept = {one.value for one in models.Identity.objects.filter(kind="password")}
    assert kept == {identity("alice", fresh[1]).value} != {identity("alice", old).value}
    assert fresh[1] not in page.see(alice).text
    assert models.Identity.objects.get(kind="password").device_id == number(page, "ALICE")
    assert "ALICE" in world.cut()
    token = re.search(r'name="csrfmiddlewaretoken" value="([^"]+)"', page.see(alice).text)
    assert token
    bob = page.browser("bob")
    bob.cookies["forgery"] = alice.cookies["forgery"]
    assert bob.post(path, {"csrfmiddlewaretoken": token[1]}).status == 404


def test_the_first_mail_password_is_hers_to_issue_where_the_house_says_so(page: HerPage) -> None:
    alice, path = page.browser("alice"), f"/me/{number(page, 'ALICE')}/mail-password/"
    token = re.search(r'name="csrfmiddlewaretoken" value="([^"]+)"', page.see(alice).text)
    assert token
    assert alice.post(path, {"csrfmiddlewaretoken": token[1]}).status == 404
    page.site._config = replace(page.config, pages=replace(page.config.pages, mail_passwords=True))
    seen = page.see(alice)
    assert "Issue one" in seen.words
    shown = alice.submit(seen, path)
    assert "Login alice Password" in shown.words
    fresh = re.search(r"<code[^>]*>([a-z2-9-]{30})</code>", shown.text)
    assert fresh
    held = models.Identity.objects.get(kind="password")
    assert (held.value, held.device_id) == (identity("alice", fresh[1]).value, number(page, "ALICE"))
    assert fresh[1] not in page.see(alice).text
    assert shown.headers["cache-control"] == "no-store"
    page.world.ends_well()


def test_how_to_remove_it_is_said_step_by_step_with_a_picture_for_each(page: HerPage) -> None:
    seen = page.see(page.browser("alice", language="de"))
    assert "den Finger darauf halten" in seen.words
    pictures = re.findall(r'<img src="(/static/[0-9a-f]+/step-ios-[123]\.svg)" alt="" ', seen.text)
    assert len(pictures) == 3
    for platform in Platform:
        steps = mine._steps(platform, "ar")
        assert len(steps) == 3
        assert all(static.address(step.picture) and step.words.strip() for step in steps)
