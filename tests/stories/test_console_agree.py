"""Agreeing in the console: a passkey over exactly what was read, by somebody else, who knows a number of their own."""

import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from quick_desks import QuickDesks, quick_desks
from world import ORDER, TIKTOK, World

from countermand.access import Role
from countermand.config import Database
from countermand.core.bundle import Purpose
from countermand.core.errors import Refused, RefusedMany
from countermand.core.instants import DAY, HOUR
from countermand.flows.approve import approve, refuse
from countermand.flows.issue import issue
from countermand.flows.passkeys import remove
from countermand.lib import passkeys, signatures
from countermand.reads.agree import waiting
from countermand.reads.bundles import to_sign
from countermand.reads.evidence_check import _signatures as check_signatures
from countermand.store import approvals, directives, models, operators


@pytest.fixture
def house(world: World, store: Database) -> Iterator[QuickDesks]:
    world.cast(alice=[TIKTOK], bob=[], carol=[TIKTOK])
    with quick_desks(world, store) as made:
        yield made


_APPROVER = (Role.APPROVER,)
ONE_ENGINE = pytest.mark.parametrize("database", ["sqlite"], indirect=True)


def test_passkeys_of_three_people_issue_an_order_and_verify_offline(house: QuickDesks) -> None:
    house.world.proposes()
    for name in ("petra", "paul", "pia"):
        done = house.approve(name, ORDER, "3")
        assert "Your approval is recorded." in done.words, done.words
    issued = issue(house.world.operator, ORDER)  # the number is the one that they typed
    assert issued.ceiling == 3
    given = approvals.of_version(issued.version)
    assert [signatures.verifies(one.public_key, one.signature, one.bundle_digest) for one in given] == [True] * 3
    assert [one.expected for one in given] == [3, 3, 3]
    for one in given:
        said = json.loads(passkeys._bytes(json.loads(one.signature)["response"]["clientDataJSON"]))
        assert passkeys._bytes(said["challenge"]) == passkeys.challenge_of(one.bundle_digest)
    house.world.turn()
    house.world.ends_well()


@ONE_ENGINE
def test_an_auditor_finds_a_changed_signature_in_the_pack(house: QuickDesks, tmp_path: Path) -> None:
    from dataclasses import asdict

    house.world.proposes()
    house.approve("petra", ORDER, "3")
    given = approvals.of_version(directives.newest(ORDER).pk)[0]

    class Pack:
        signature = given.signature

        def read(self, name: str) -> bytes:
            return (
                json.dumps([{**asdict(given), "file": "x", "version": 1}]).encode()
                if name.endswith("json")
                else self.signature.encode()
            )

    whole = Pack()
    assert check_signatures(whole, []) == 1  # type: ignore[arg-type]
    plain = json.loads(given.signature)
    plain["response"]["signature"] = plain["response"]["signature"][:-4] + "AAAA"
    whole.signature = json.dumps(plain)
    with pytest.raises(Refused, match="wrong-signature"):
        check_signatures(whole, [])  # type: ignore[arg-type]


@ONE_ENGINE
def test_what_is_read_is_what_is_signed(house: QuickDesks) -> None:
    house.world.proposes(grounds=[{"claim": "A law obliges its owner", "source": "https://example.org", "as_of": "2018-01-01"}])
    digest = to_sign(ORDER, house.world.now).digest
    page = house.of("petra").get(f"/console/agree/{ORDER}/")
    for words in (digest, "com.zhiliaoapp.musically", "Remove TikTok", "anna", "It speaks to 3 people", "Look at it again:"):
        assert words in page.text
    assert "What people will read" in page.words


@ONE_ENGINE
def test_who_wrote_it_is_not_asked_and_may_not(house: QuickDesks) -> None:
    models.Operator.objects.filter(name="anna").update(roles="approver author")
    house.world.proposes()
    page = house.of("anna").get(f"/console/agree/{ORDER}/")
    assert "You wrote it: others have to agree." in page.words
    assert 'name="answer"' not in page.text


@ONE_ENGINE
def test_a_number_that_is_not_near_stops_it(house: QuickDesks) -> None:
    house.world.proposes()
    assert "expected-people-differ" in house.approve("petra", ORDER, "840000").text
    assert "expected-people-missing" in house.approve("petra", ORDER, "many").text
    assert approvals.of_version(directives.newest(ORDER).pk) == []


@ONE_ENGINE
def test_an_edit_while_it_is_read_voids_what_was_about_to_be_signed(house: QuickDesks) -> None:
    house.world.proposes()
    browser = house.of("petra")
    page = browser.get(f"/console/agree/{ORDER}/")
    house.world.proposes(reason="Other reasons.")
    from console_house import options_of

    answer = house.keys["petra"].use(options_of(page))
    assert "bundle-changed" in browser.submit(page, f"/console/agree/{ORDER}/", expected="3", answer=answer).text
    now = to_sign(ORDER, house.world.now).digest
    again = browser.submit(page, f"/console/agree/{ORDER}/", expected="3", answer=answer, digest=now)
    assert "wrong-signature" in again.text


@ONE_ENGINE
@pytest.mark.parametrize("how", ["another key", "another digest", "another site", "no owner", "nothing", "long"])
def test_what_is_not_their_passkey_over_the_digest_approves_nothing(house: QuickDesks, how: str) -> None:
    from authenticator import Authenticator

    house.world.proposes()
    key = house.join("petra")
    digest = to_sign(ORDER, house.world.now).digest
    challenge = passkeys.challenge_of(digest)
    stranger = Authenticator(id=key.id)
    answer = {
        "another key": lambda: stranger.sign(challenge),
        "another digest": lambda: key.sign(passkeys.challenge_of("0" * 64)),
        "another site": lambda: Authenticator("https://evil.example", "evil.example", key=key.key, id=key.id).sign(challenge),
        "no owner": lambda: Authenticator(verifies=False, key=key.key, id=key.id).sign(challenge),
        "nothing": lambda: "{}",
        "long": lambda: "{" + " " * 20_000 + "}",
    }[how]()
    assert "wrong-signature" in house.approve("petra", ORDER, "3", answer=answer).text
    assert approvals.of_version(directives.newest(ORDER).pk) == []


@ONE_ENGINE
def test_a_no_makes_it_a_draft_again_and_says_why(house: QuickDesks) -> None:
    house.world.proposes()
    house.approve("paul", ORDER, "3")
    browser = house.of("petra")
    page = browser.get(f"/console/agree/{ORDER}/")
    done = browser.submit(page, f"/console/agree/{ORDER}/refuse/", why="Two of them are on call <b>tonight</b>.")
    assert "Your refusal is recorded" in done.words
    assert "Two of them are on call &lt;b&gt;tonight" in done.text
    assert directives.newest(ORDER).state.value == "draft"
    with pytest.raises((Refused, RefusedMany)):
        issue(house.world.operator, ORDER, expected=3)
    with pytest.raises(Refused, match="wrong-state"):
        refuse(house.world.act("petra", *_APPROVER), ORDER, "Once more.")
    assert [one.void for one in approvals.of_version(directives.newest(ORDER).pk)] == [True]


@ONE_ENGINE
@pytest.mark.parametrize("why", ["", "   ", "x" * 2001])
def test_a_no_needs_a_reason(house: QuickDesks, why: str) -> None:
    house.world.proposes()
    with pytest.raises(Refused, match="refusal-needs-why"):
        refuse(house.world.act("petra", *_APPROVER), ORDER, why)


@ONE_ENGINE
def test_an_approval_lapses_and_can_be_given_anew(house: QuickDesks) -> None:
    house.world.proposes(due={"at": "2020-09-17T17:00", "zone": "recipient", "fallback_zone": "UTC"})
    house.approve("petra", ORDER, "3")
    house.world.now += 29 * DAY
    assert house.approve("paul", ORDER, "3").status == 200
    assert waiting(house.world.act("pia", *_APPROVER))[0].mine == "complete"
    house.world.now += 2 * DAY
    assert waiting(house.world.act("petra", *_APPROVER))[0].mine == ""
    with pytest.raises(RefusedMany, match="too-few-approvals"):
        issue(house.world.operator, ORDER)
    assert "Your approval is recorded." in house.approve("petra", ORDER, "3").words
    assert issue(house.world.operator, ORDER).number == 1


@ONE_ENGINE
def test_a_passkey_that_was_removed_since_does_not_count(house: QuickDesks) -> None:
    house.world.proposes()
    for name in ("petra", "paul", "pia"):
        house.approve(name, ORDER, "3")
    number = models.Passkey.objects.get(operator="paul").pk
    remove(house.world.act("paul", *_APPROVER), number)
    remove(house.world.act("pia", *_APPROVER), models.Passkey.objects.get(operator="pia").pk)
    with pytest.raises(RefusedMany, match="too-few-approvals"):
        issue(house.world.operator, ORDER)


@ONE_ENGINE
def test_a_new_passkey_waits_before_it_approves(house: QuickDesks) -> None:
    house.world.proposes()
    key = house.join("petra", first=False)
    browser = house.of("petra")
    assert "a new passkey waits" in browser.get(f"/console/agree/{ORDER}/").words
    assert "a new passkey waits" in browser.get("/console/keys/").words  # nor does it make others
    assert browser.get(f"/console/directives/{ORDER}/halt/").status == 200
    sign = to_sign(ORDER, house.world.now)
    answer = passkeys.kept(key.sign(passkeys.challenge_of(sign.digest)))
    with pytest.raises(Refused, match="wrong-signature"):
        approve(house.world.act("petra", *_APPROVER), ORDER, answer)
    house.world.now += 25 * HOUR
    assert "Your approval is recorded." in house.approve("petra", ORDER, "3").words


@ONE_ENGINE
def test_going_on_after_a_halt_is_signed_apart(house: QuickDesks) -> None:
    house.world.orders()
    house.world.halts()
    house.approve("petra", ORDER, "3", resume=True)
    house.approve("paul", ORDER, "3", resume=True)
    assert [(one.purpose, one.mine) for one in waiting(house.world.act("pia", *_APPROVER))] == [(Purpose.RESUME, "complete")]
    browser = house.of("otto")
    page = browser.get(f"/console/directives/{ORDER}/resume/")
    acknowledged = re.findall(r'name="acknowledged" value="(\d+)"', page.text)
    done = browser.submit(page, f"/console/directives/{ORDER}/resume/", expected="", acknowledged=(acknowledged or [""])[0])
    assert "It goes on." in done.words
    assert operators.find("otto") is not None
