"""The real NanoMDM with phones of our own, from enrolment to removal: what was asked decides, and what was lost is asked again.

Where NanoMDM cannot be built these tests do not run, and say why.
"""

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import house
import pytest
from front_door import Door, wait_for
from nanomdm_server import API_KEY, Missing, Phone, PhoneAuthority, Post, binary, command

from countermand.access import Act, Actor, Role
from countermand.config import Config, Database, Sources
from countermand.core.devices import IdentityKind, Ownership
from countermand.core.instants import DAY, HOUR, MINUTE, iso
from countermand.flows import asking, connect, recheck, rounds
from countermand.lib import clock
from countermand.reads import device as devices
from countermand.reads import sources
from countermand.store import evidence, fleet, known, models, rechecks
from countermand.store.unit import unit
from ports import free_port

pytestmark = pytest.mark.live

TIKTOK, CHESS, MAIL = "com.zhiliaoapp.musically", "org.example.chess", "com.example.mail"


@dataclass
class Office:
    """An installation, a NanoMDM beside it, and a company's phone and a person's own, both known from before."""

    door: Door
    post: Post
    config: Config
    corporate: Phone
    personal: Phone

    def act(self, later: int = 0, name: str = "system", role: Role = Role.SYSTEM) -> Act:
        return Act(Actor(name, frozenset({role})), clock.now() + later)

    def operator(self) -> Act:
        return self.act(0, "otto", Role.OPERATOR)

    def look(self) -> int:
        """The worker's turn: what is wanted is asked."""
        return recheck.recheck(self.act, self.config)

    def ask_again(self, later: int) -> int:
        return asking.ask_again(lambda: self.act(later), self.config)

    def said(self, device: int) -> None:
        """The person says that the app is gone."""
        with unit():
            recheck.want(self.act(), device, house.NAME)

    def enrol(self, phone: Phone) -> None:
        phone.authenticate()
        self.arrived()
        phone.update_token()
        self.arrived()

    def arrived(self) -> None:
        """Whatever the phones said was posted, and is taken unless it was lost."""
        spoke = self.corporate.spoke + self.personal.spoke
        wait_for(lambda: self.post.seen >= spoke, f"{spoke} events")
        wait_for(lambda: not models.SourceEvent.objects.filter(taken_at=None).exists(), "events to be taken")

    def sees(self, device: int) -> tuple[set[str], str]:
        """The apps that count as present, and what the order makes of the device."""
        present = {app.id for app in evidence.apps(known.load([device])[device].present).values()}
        (under,) = devices.device(self.operator(), device).directives
        return present, under.explanation.status.value


def installed(*ids: str) -> list[dict[str, Any]]:
    return [{"Identifier": one, "Name": one, "Version": "1", "Installing": False} for one in ids]


@pytest.fixture
def program(record_property: Callable[[str, object], None]) -> Path:
    try:
        return binary()
    except Missing as missing:
        record_property("said", f"NOT RUN: the tests with the real NanoMDM: {missing}")
        pytest.skip(str(missing))


@pytest.fixture
def office(program: Path, store: Database, tmp_path: Path) -> Iterator[Office]:
    begin = clock.now() - 8 * DAY
    house.open_house(begin)
    made = house.move_in([house.Phone("p00000"), house.Phone("p00001", ownership=Ownership.PERSONAL)])
    for number in (0, 1):
        models.Identity.objects.create(kind="serial", value=f"F{number}", device_id=number)
    issued = house.issued(2, house.document(due=iso(clock.now() - DAY)[:16]), begin)
    house.told(issued.version, made, list(made.people), clock.now() + HOUR, begin)
    door, post, port = Door(tmp_path), Post(), free_port()
    config = Config(tmp_path / "plane", store, sources=Sources(private_hosts=("127.0.0.1",)))
    administrator = Act(Actor("ada", frozenset({Role.ADMINISTRATOR})), clock.now())
    try:
        door.start_web(store)
        settings = {"url": f"http://127.0.0.1:{port}"}
        new = connect.source_add(administrator, config.state_dir, "mdm", "nanomdm", settings, API_KEY)
        post.to = f"http://127.0.0.1:{door.web_port}/api/v1/sources/mdm/events"
        phones = PhoneAuthority(tmp_path / "phones")
        door.run("nanomdm", command(program, tmp_path, port, post.url, new.secret), port)
        corporate = Phone(port, phones.phone("corporate"), "00008110-000A", "F0", "Appl0000", apps=installed(MAIL, CHESS, TIKTOK))
        personal = Phone(port, phones.phone("personal"), "00008110-000B", "F1", "Appl0001", supervised=False)
        personal.apps = installed(CHESS)
        yield Office(door, post, config, corporate, personal)
    finally:
        door.close()
        post.close()


def enrolled(office: Office) -> None:
    for phone in (office.corporate, office.personal):
        office.enrol(phone)
    assert office.look() == 2
    for phone in (office.corporate, office.personal):
        assert phone.poll() == ["DeviceInformation", "InstalledApplicationList"]
    office.arrived()


def test_a_phone_enrols_is_asked_and_its_full_list_is_taken(office: Office) -> None:
    enrolled(office)
    assert office.sees(0) == ({MAIL, CHESS, TIKTOK}, "in_grace")
    names = {(one.kind, one.value) for one in fleet.identities([0])[0]}
    assert {(IdentityKind.UDID, "00008110-000A"), (IdentityKind.SERIAL, "F0"), (IdentityKind.EAS, "Appl0000")} <= names
    asked = office.corporate.asked[1]
    assert (asked["ManagedAppsOnly"], asked.get("Identifiers")) == (False, None), "of the company's own phone, everything"
    named = office.personal.asked[1]["Identifiers"]
    assert set(named) & {TIKTOK, CHESS} == {TIKTOK}, "of somebody's own phone, only what is watched"
    assert office.sees(1) == (set(), "compliant")
    assert models.App.objects.filter(app_id=CHESS).exists(), "the company's phone has it"
    found = connect.source_check(office.operator(), office.config, "mdm")
    assert [(one.works, one.why) for one in found.abilities] == [(True, ""), (True, "")]
    assert sorted((one.how, count) for one, count in found.sees.items()) == [
        ("a full list that we asked for", 1), ("a named query that we asked for", 1),
    ]  # fmt: skip


def test_the_person_says_that_it_is_gone_and_a_named_query_clears_that_app_alone(office: Office) -> None:
    enrolled(office)
    office.corporate.apps = installed(MAIL)  # both are gone, and only one is asked for
    office.said(0)
    assert office.look() == 1
    assert office.corporate.poll() == ["InstalledApplicationList"]
    assert TIKTOK in office.corporate.asked[-1]["Identifiers"]
    office.arrived()
    assert office.sees(0) == ({MAIL, CHESS}, "compliant")
    (row,) = [one for one in rechecks.of_device(0) if one.lineage]
    assert row.state is rechecks.State.ASKED


def test_an_answer_that_was_lost_is_asked_for_again_until_it_is_heard(office: Office) -> None:
    enrolled(office)
    office.corporate.apps = installed(MAIL)
    office.said(0)
    office.look()
    office.post.lose = True
    assert office.corporate.poll() == ["InstalledApplicationList"]
    office.arrived()
    office.post.lose = False
    assert office.corporate.poll() == [], "NanoMDM was answered and asks no more"
    office.arrived()
    assert office.sees(0)[1] == "in_grace"
    assert office.ask_again(HOUR - MINUTE) == 0
    assert office.ask_again(HOUR + MINUTE) == 1
    assert office.ask_again(HOUR + 2 * MINUTE) == 0, "and then it is waited for longer"
    assert office.corporate.poll() == ["InstalledApplicationList"]
    office.arrived()
    assert office.sees(0)[1] == "compliant"
    assert office.ask_again(30 * DAY) == 0


def test_a_locked_phone_answers_when_it_is_unlocked(office: Office) -> None:
    enrolled(office)
    office.corporate.apps, office.corporate.locked = installed(MAIL), True
    office.said(0)
    office.look()
    assert office.corporate.poll() == ["InstalledApplicationList"]
    office.arrived()
    assert office.sees(0) == ({MAIL, CHESS, TIKTOK}, "in_grace"), "not now is not absent"
    assert office.ask_again(50 * MINUTE) == 0, "it has the question"
    office.corporate.locked = False
    assert office.corporate.poll() == ["InstalledApplicationList"]
    office.arrived()
    assert office.sees(0)[1] == "compliant"


def test_events_out_of_order_and_again_and_forged(office: Office) -> None:
    enrolled(office)
    office.post.hold = True
    for later, apps in enumerate((installed(MAIL, TIKTOK), installed(MAIL)), 1):
        office.corporate.apps = apps
        with unit():
            recheck.want(office.act(later * 10 * MINUTE), 0, house.NAME)
        assert office.look() == 1
        office.corporate.poll()
    office.arrived()
    lists = [one for one in office.post.held if json.loads(one[0])["acknowledge_event"]["status"] == "Acknowledged"]
    assert len(lists) == 2
    for body, headers in reversed(lists):
        assert office.post.hand(body, headers) == 200
    office.arrived()
    assert office.sees(0)[1] == "compliant", "what was seen last counts, not what came last"
    ledger = models.LedgerRow.objects.count()
    assert office.post.hand(*lists[0]) == 200
    assert models.LedgerRow.objects.count() == ledger, "a replay is known by its id"
    body, headers = lists[0]
    assert office.post.hand(body.replace(b'"Acknowledged"', b'"NotNow"'), headers) == 401
    assert office.post.hand(body, {"content-type": "application/json"}) == 401


def test_a_token_that_comes_before_the_phone_is_introduced(office: Office) -> None:
    """NanoMDM posts events side by side, so the second may overtake the first."""
    office.post.hold = True
    office.corporate.authenticate()
    office.corporate.update_token()
    office.arrived()
    office.post.hold = False
    for event in sorted(office.post.held, key=lambda one: b"mdm.TokenUpdate" not in one[0]):
        assert office.post.hand(*event) == 200
    office.arrived()
    assert not [one for one in models.Device.objects.filter(retired=False) if one.ordinal > 1], "it is the one that was known"
    assert office.look() == 1
    assert office.corporate.poll() == ["DeviceInformation", "InstalledApplicationList"]
    assert office.corporate.asked[1]["ManagedAppsOnly"] is False
    office.arrived()
    assert office.sees(0) == ({MAIL, CHESS, TIKTOK}, "in_grace")


def test_a_command_of_somebody_elses_proves_presence_only(office: Office) -> None:
    enrolled(office)
    office.corporate.apps = installed("org.example.new")
    found = connect.caller(office.act(), office.config, connect.known("mdm"))
    question = found.again("apps", ["00008110-000A"], evidence.Coverage(None))
    question.send()  # nobody remembered what it asks
    assert office.corporate.poll() == ["InstalledApplicationList"]
    office.arrived()
    assert office.sees(0) == ({MAIL, CHESS, TIKTOK, "org.example.new"}, "in_grace")


def test_a_round_asks_everybody_and_is_a_contact_once_they_answered(office: Office) -> None:
    enrolled(office)
    done = rounds.go_round(office.act, office.config, "mdm", holder="me")
    assert (done.source, done.devices, bool(done.asleep)) == ("mdm", 2, True), "without a push certificate nobody is woken"
    assert rounds.hear(office.act(), office.config.holdbacks) == 0
    assert [one.state for one in sources.sources(office.operator())] == ["failing"]
    began = models.SyncRun.objects.get().began
    for phone in (office.corporate, office.personal):
        assert phone.poll() == ["InstalledApplicationList"], "its names are known"
    office.arrived()
    assert rounds.hear(office.act(), office.config.holdbacks) == 1
    row = models.Source.objects.get(name="mdm")
    assert (row.last_contact, row.last_count) == (began, 2)
    office.corporate.poll()
    rounds.go_round(office.act, office.config, "mdm", holder="me")
    assert rounds.hear(office.act(4 * HOUR), office.config.holdbacks) == 0
    assert "0 answered" in models.Source.objects.get(name="mdm").fault
    assert models.Source.objects.get(name="mdm").last_contact == began, "a silent source ages nobody"


def test_a_phone_that_leaves_is_asked_no_more_and_leaving_clears_nothing(office: Office) -> None:
    enrolled(office)
    office.said(0)
    office.look()
    office.corporate.leave()
    office.arrived()
    assert fleet.enrolled([0, 1], "mdm") == {1}
    assert office.sees(0) == ({MAIL, CHESS, TIKTOK}, "in_grace")
    assert office.ask_again(2 * HOUR) == 0
    assert rounds.go_round(office.act, office.config, "mdm", holder="me").devices == 1


def test_a_wrong_key_is_said_so(office: Office) -> None:
    administrator = Act(Actor("ada", frozenset({Role.ADMINISTRATOR})), clock.now())
    settings = dict(connect.known("mdm").settings)
    connect.source_add(administrator, office.config.state_dir, "other", "nanomdm", settings, "wrong")
    found = connect.source_check(office.operator(), office.config, "other")
    assert [(one.works, one.why) for one in found.abilities] == [(True, ""), (False, "it does not take the API key")]


def test_an_enrolment_that_nobody_was_there_to_take_is_lost_until_the_next_one(office: Office) -> None:
    office.door.end("web")
    office.enrol(office.corporate)
    assert models.SourceEvent.objects.count() == 0, "what nobody was there to take is lost: NanoMDM posts once"
    office.door.start_web(office.config.database)
    office.enrol(office.corporate)
    assert fleet.enrolled([0], "mdm") == {0}
