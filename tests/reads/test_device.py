"""One device in words, for those who may look; and the look itself is in the ledger."""

import json

import abroad
import house
import pytest

from countermand.access import Act, Role
from countermand.config import Database
from countermand.core.apps import App
from countermand.core.coverage import EVERYTHING, Coverage, Grade, Report
from countermand.core.devices import Platform
from countermand.core.errors import Refused
from countermand.core.instants import DAY
from countermand.core.presence import Presence, fold
from countermand.flows.look_up import look_up
from countermand.flows.stop import halt
from countermand.reads.device import DeviceView, device
from countermand.reads.ledger import entries
from countermand.store import evidence, models, sightings
from countermand.store.sightings import Sighting
from countermand.store.unit import unit

NEWS = App(Platform.IOS, "com.example.news")


def desk(now: int = abroad.NOW) -> Act:
    return house.act("hugo", Role.HELPDESK, now=now)


@pytest.fixture
def version(store: Database) -> int:
    """The fleet of ``abroad`` with one phone's rows of evidence: the app and another were shown, a day before the due."""
    _, _, version = abroad.settle()
    with unit():
        seen = Report("mdm", abroad.DUE - DAY, Grade.INVENTORY, EVERYTHING, frozenset({house.TIKTOK, NEWS}))
        said = Report("attestation", abroad.DUE, Grade.ATTESTED, Coverage(frozenset({house.TIKTOK})), frozenset())
        evidence.save_presences({0: (Presence(), fold(Presence(), [seen, said]))}, evidence.Met())
    return version


def view(ordinal: int = 0, now: int = abroad.NOW) -> DeviceView:
    return device(desk(now), ordinal)


def test_what_was_seen_and_by_whom_is_said(version: int) -> None:
    found = view()
    assert found.owner is not None
    assert (found.owner.login, found.owner.groups) == ("p00000", ("staff",))
    assert [(one.source, one.grade, one.healthy) for one in found.evidence] == [
        ("attestation", "attested", None),
        ("mdm", "inventory", False),
    ]
    assert found.evidence[1].could_show == "every app of the device"
    assert found.evidence[0].could_show == f"1 named apps: {house.TIKTOK.id}"


def test_only_watched_apps_are_shown(version: int) -> None:
    assert [(one.app, one.at) for one in view().apps] == [(house.TIKTOK, abroad.DUE - DAY)]
    models.Version.objects.update(state="withdrawn")
    assert view().apps == ()


def test_the_verdict_is_in_words_on_the_owners_clock(version: int) -> None:
    (one,) = view().directives
    assert (one.explanation.status, one.explanation.reason) == ("noncompliant", "present")
    assert one.explanation.due == one.explanation.denied_from == abroad.DUE
    assert one.due_local == "Friday 2020-07-17 17:00 PDT (America/Los_Angeles)"
    assert any("no name is known" in said for said in one.words)  # phone 0 has no mail identity
    models.Identity.objects.filter(device=0).update(kind="eas")
    assert f"Mail on it is denied since {one.due_local}." in view().directives[0].words
    assert f"Mail on it will be denied from {one.due_local}." in view(now=abroad.DUE - 1).directives[0].words


def test_a_halt_is_said(version: int) -> None:
    halt(house.operator(abroad.NOW), house.NAME)
    (one,) = view().directives
    assert "The directive is halted: it denies nobody." in one.words
    assert one.explanation.denied_from is None


def test_what_gates_saw_of_the_owner_is_shown(version: int) -> None:
    with unit():
        sightings.add(Sighting("p00000", "eas", "Strange1", 1, 2, 3))
        sightings.add(Sighting("p00001", "eas", "Strange2", 1, 2, 3))
    assert [one.value for one in view().sightings] == ["Strange1"]


def test_a_password_is_not_shown(version: int) -> None:
    models.Identity.objects.create(kind="password", value="secret-name", device_id=0)
    assert "secret-name" not in repr(view().identities)


@pytest.mark.parametrize("role", [Role.AUTHOR, Role.APPROVER, Role.ADMINISTRATOR, Role.AUDITOR, Role.SYSTEM])
def test_others_may_not_look(version: int, role: Role) -> None:
    act = house.act("x", role, now=abroad.NOW)
    for look in (lambda: device(act, 0), lambda: look_up(act, "p00000")):
        with pytest.raises(Refused) as refused:
            look()
        assert refused.value.code == "not-allowed"


@pytest.mark.parametrize("text", ["p00001", "P00001", "Appl0001", "eas:Appl0001", "#1", " corp\\p00001 "])
def test_a_device_is_found_by_what_people_have_at_hand(version: int, text: str) -> None:
    found = look_up(desk(), text, case="HD-4711")
    assert (found.devices, found.login) == ((1,), "p00001")


def test_each_look_is_in_the_ledger_under_commitments(version: int) -> None:
    look_up(desk(), "Appl0001", case="HD-4711")
    auditor = house.act("aud", Role.AUDITOR, now=abroad.NOW)
    (by_person,) = entries(auditor, subject="person:p00001", kind="looked-up")
    assert (by_person.entry.actor, by_person.entry.about) == ("hugo", {"case": "HD-4711", "devices": 1})
    assert entries(auditor, subject="device:1", kind="looked-up") == [by_person]
    assert "p00001" not in json.dumps(by_person.entry.about)


@pytest.mark.parametrize(
    ("text", "case", "code"), [("nobody", "", "not-found"), ("#99", "", "not-found"), ("p00001", "x" * 81, "case-too-long")]
)
def test_a_look_that_finds_nothing_writes_nothing(version: int, text: str, case: str, code: str) -> None:
    before = house.ledger_kinds()
    with pytest.raises(Refused) as refused:
        look_up(desk(), text, case)
    assert refused.value.code == code
    assert house.ledger_kinds() == before


def test_a_name_of_two_devices_is_not_guessed_at(version: int) -> None:
    models.Identity.objects.create(kind="serial", value="Appl0001", device_id=2)
    with pytest.raises(Refused) as refused:
        look_up(desk(), "Appl0001")
    assert refused.value.code == "identity-ambiguous"
    assert look_up(desk(), "serial:Appl0001").devices == (2,)
