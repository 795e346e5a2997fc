"""Everything that is held about a person, and nobody else's."""

from dataclasses import fields

import abroad
import house
import pytest
from django.apps import apps

from countermand.access import Act, Role
from countermand.config import Database
from countermand.core.apps import App
from countermand.core.coverage import EVERYTHING, Grade, Report
from countermand.core.devices import Platform
from countermand.core.errors import Refused
from countermand.core.instants import DAY
from countermand.core.presence import Presence, fold
from countermand.flows.look_up import look_at_person, look_up
from countermand.flows.objecting import Hearing
from countermand.flows.own import EMPLOYEE, contest
from countermand.flows.protect import protect
from countermand.operations.plain import plain
from countermand.reads.ledger import entries
from countermand.reads.person import PersonHeld, held
from countermand.store import evidence, models, sightings
from countermand.store.models import Device, Person
from countermand.store.sightings import Sighting
from countermand.store.unit import unit

NEWS = App(Platform.IOS, "com.example.news")


@pytest.fixture
def person(store: Database) -> int:
    """Phone 1 of the fleet of ``abroad``, with everything that can be held about anybody."""
    _, _, version = abroad.settle()
    models.Notice.objects.create(version_id=version, person_id=1, kind="issued", state="accepted", promised_at=1)
    with unit():
        shown = Report("mdm", abroad.DUE - DAY, Grade.INVENTORY, EVERYTHING, frozenset({house.TIKTOK, NEWS}))
        evidence.save_presences({1: (Presence(), fold(Presence(), [shown]))}, evidence.Met())
        sightings.add(Sighting("p00001", "eas", "Strange1", 1, 2, 3))
        sightings.add(Sighting("p00002", "eas", "Strange2", 1, 2, 3))
    models.Enrolled.objects.create(device_id=1, source="mdm", since=5, until=None)
    models.Attestation.objects.create(device_id=1, apps=["ios:x"], at=7, by="hugo")
    models.RingMember.objects.create(lineage_id=house.NAME, person_id=1, index=0)
    models.Exemption.objects.create(
        lineage_id=house.NAME,
        kind="person",
        target="p00001",
        ground="security-research",
        until=9,
        proposed_by="otto",
        proposed_at=8,
    )
    models.Identity.objects.create(kind="password", value="half-of-a-secret", device_id=1)
    protect(house.operator(abroad.NOW), "p00001", "drives the mail server")
    contest(Act(EMPLOYEE, abroad.NOW), Hearing(), 1, 1, house.NAME, "It is not on it.")
    look_up(house.act("hugo", Role.HELPDESK, now=abroad.NOW), "p00001", "HD-1")
    look_up(house.act("hugo", Role.HELPDESK, now=abroad.NOW), "p00002", "HD-2")
    return 1


def asked(me: int) -> PersonHeld:
    return held(house.act("hugo", Role.HELPDESK, now=abroad.NOW), me)


def test_everything_that_is_held_is_in_it(person: int) -> None:
    found = asked(person)
    assert (found.person.login, found.active, found.all_groups) == ("p00001", True, ("staff",))
    (device,) = found.devices
    assert [one.app for one in device.apps] == [NEWS, house.TIKTOK]
    assert [one.source for one in device.sources] == ["mdm"]
    assert [(one.apps, one.by) for one in device.statements] == [(("ios:x",), "hugo")]
    assert [one.directive for one in found.told] == [house.NAME]
    assert [one.kind for one in found.notices] == ["issued"]
    assert [one.directive for one in found.rings] == [house.NAME]
    assert [one.ground for one in found.exemptions] == ["security-research"]
    assert [one.words for one in found.objections] == ["It is not on it."]
    assert [one.value for one in found.seen_at_gates] == ["Strange1"]
    assert found.protected is not None
    assert [one.kind for one in found.ledger][:3] == ["looked-up", "objected", "protection-proposed"]
    assert "case HD-1" in found.ledger[0].about


#: Tables that name a person or a device, or a number of theirs → where the export says what is in them.
TOLD_IN = {
    "store_person": "person", "store_membership": "person", "store_provisioned": "provisioned", "store_listed": "directory_key",
    "store_device": "devices", "store_binding": "bindings", "store_identity": "devices", "store_applist": "devices",
    "store_looked": "devices", "store_enrolled": "devices", "store_attestation": "devices", "store_recheck": "devices",
    "store_leverentry": "devices", "store_sighting": "seen_at_gates", "store_exemption": "exemptions",
    "store_protectedlogin": "protected", "store_told": "told", "store_ringmember": "rings", "store_notice": "notices",
    "store_echo": "echoes", "store_objection": "objections", "store_signal": "signals",
}  # fmt: skip
#: Those that say nothing beyond it: a question under a name of the device, its answers' names for a stream, the ledger's salts.
NOTHING_MORE = {"store_asked", "store_unwanted", "store_salt"}
_WORDS = ("person", "device", "login", "target", "subject", "identity")


def test_no_table_that_names_somebody_is_forgotten(person: int) -> None:
    naming = set()
    for model in apps.get_app_config("store").get_models():
        of = [one.name for one in model._meta.concrete_fields if one.is_relation and one.related_model in (Person, Device)]
        words = [one.name for one in model._meta.concrete_fields if one.name in _WORDS]
        if of or words or model in (Person, Device):
            naming.add(model._meta.db_table)
    assert naming == TOLD_IN.keys() | NOTHING_MORE
    assert set(TOLD_IN.values()) <= {one.name for one in fields(PersonHeld)}


def test_what_other_systems_were_told_is_in_it(person: int) -> None:
    lever = models.Lever.objects.create(name="entra", kind="entra", settings="{}", mark="m", added_at=1)
    models.LeverEntry.objects.create(lever=lever, key="object-1", device=1, want="", value="x")
    models.LeverEntry.objects.create(lever=lever, key="object-2", device=2, want="", value="x")
    models.Recheck.objects.create(device_id=1, source="mdm", lineage=house.NAME, wanted_at=4)
    models.Listed.objects.create(person_id=1, key="S-1-5-21")
    found = asked(person)
    assert [(one.system, one.key) for one in found.devices[0].elsewhere] == [("entra", "object-1")]
    assert [(one.directive, one.source, one.state) for one in found.devices[0].checks] == [(house.NAME, "mdm", "wanted")]
    assert found.directory_key == "S-1-5-21"


def test_nothing_of_anybody_else_is_in_it_and_no_half_of_a_secret(person: int) -> None:
    text = str(plain(asked(person)))
    for strange in ("p00002", "Strange2", "HD-2", "half-of-a-secret"):
        assert strange not in text


def test_one_who_left_is_still_told_what_is_held(person: int) -> None:
    models.Person.objects.filter(ordinal=person).update(active=False)
    found = asked(person)
    assert not found.active
    assert [one.view.ordinal for one in found.devices] == [1]
    assert [one.kind for one in found.notices] == ["issued"]


def test_that_somebody_took_it_out_is_recorded(person: int) -> None:
    desk = house.act("hugo", Role.HELPDESK, now=abroad.NOW)
    assert look_at_person(desk, " Corp\\P00001", "DSR-12") == person
    (entry,) = entries(house.act("aud", Role.AUDITOR, now=abroad.NOW), subject="person:p00001", kind="person-exported")
    assert (entry.entry.actor, entry.entry.about) == ("hugo", {"case": "DSR-12"})
    before = house.ledger_kinds()
    for login, role, code in (
        ("nobody", Role.HELPDESK, "not-found"),
        ("p00001", Role.AUTHOR, "not-allowed"),
        ("p00001", Role.AUDITOR, "not-allowed"),
    ):
        with pytest.raises(Refused) as refused:
            look_at_person(house.act("x", role, now=abroad.NOW), login)
        assert refused.value.code == code
    assert house.ledger_kinds() == before
