"""Erasing a person: no row names them any more, nothing else is lost, and the ledger verifies as before."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from fleet_words import HEADER as DEVICES
from fleet_words import TIKTOK, row, written
from house import NAME, NOW, act, issued, open_house

from countermand.access import Act, Role
from countermand.config import Database, Holdbacks
from countermand.core.errors import Refused
from countermand.core.instants import DAY, HOUR
from countermand.flows import bring, provision
from countermand.flows.doctor import doctor
from countermand.flows.erase import erase_person
from countermand.flows.exempt import exempt
from countermand.flows.protect import protect
from countermand.flows.rehearse import rehearse
from countermand.ledger.entry import decode
from countermand.people.scim import Said
from countermand.reads.person import _mentioned
from countermand.store import archive, directory, models, provisioned
from countermand.store.unit import reading

HEADER = "login,email,name,zone,locale,country,groups,employment\n"
#: What is written nowhere once she is erased.
HERS = ("leaver", "leah", "Leah", "SERIAL-OWN", "EASOWN", "EXT-77", "hearsay")


def ada(now: int = NOW) -> Act:
    return act("ada", Role.ADMINISTRATOR, now=now)


def otto() -> Act:
    return act("otto", Role.OPERATOR)


def everything() -> list[str]:
    """Every row of every table, as text."""
    with reading():
        return [f"{table.name} {row!r}" for table in archive.tables() for part in archive.rows(table) for row in part]


@pytest.fixture
def left(store: Database, tmp_path: Path) -> Iterator[int]:
    """Leah has left: her own phone, one of the company's, an exemption, a notice, what she said, and a manager's report."""
    open_house()
    people = "leaver,leah@example.org,Leah Leaver,Europe/Berlin,de,DE,staff,employee\nbob,b@example.org,Bob,,,DE,staff,\n"
    bring.bring_people(otto(), written(tmp_path, "people.csv", HEADER + people))
    own = row("SERIAL-OWN", "leaver", "personal", apps=[TIKTOK], eas="EASOWN", at=NOW - HOUR)
    company = row("SERIAL-COMPANY", "leaver", eas="EASCOMPANY", at=NOW - HOUR)
    bring.bring_devices(otto(), written(tmp_path, "devices.csv", DEVICES + own + company))
    issued(1)
    person = directory.find(["leaver"])["leaver"]
    version = models.Version.objects.get().pk
    models.Notice.objects.create(
        version_id=version, person_id=person, kind="reminder", state="accepted", message_id="<leaver@x>",
        answer="250 leah@example.org", promised_at=NOW,
    )  # fmt: skip
    models.Sighting.objects.create(login="leaver", kind="eas", value="EASOWN2", first=1, last=2)
    models.Person.objects.filter(login="bob").update(manager="leaver")
    models.Attestation.objects.create(device_id=1, apps=["ios:x"], at=7, by="leaver")
    exempt(otto(), NAME, "person:leaver", "security-research", NOW + DAY)
    said = provision.Wanted(
        Said("leaver", "leaver", "leah@example.org", "Leah", "", "", "DE", "employee", "", True, "EXT-77"),
        '{"schemas":[],"userName":"leaver","displayName":"Leah hearsay"}',
    )
    number = provisioned.named("leaver")
    assert number is not None
    provision.change_person(otto(), number.id, lambda was: said, Holdbacks())
    provision.remove_person(otto(), number.id, Holdbacks())
    models.Dirty.objects.all().delete()  # as the publisher does
    yield person
    assert doctor(otto()).differences == ()


def test_no_row_names_her_any_more(left: int) -> None:
    assert any("Leah" in one for one in everything())
    entries = models.LedgerRow.objects.count()
    done = erase_person(ada(), "Leaver", "DSR-12")
    assert (done.devices, done.company) == (1, 1)
    assert done.rows["notices"] >= 1
    models.Dirty.objects.all().delete()
    rows = [one for one in everything() if not one.startswith("store_answered")]
    assert not [one for one in rows for word in HERS if word in one]
    assert models.LedgerRow.objects.count() == entries + 1
    assert _mentioned(["person:leaver"]) == []
    assert models.Device.objects.filter(owner=None).count() == 2
    assert models.Identity.objects.filter(value="EASCOMPANY").exists()
    last = decode(bytes(models.LedgerRow.objects.latest("id").entry))
    assert (last.kind, last.about["case"]) == ("person-erased", "DSR-12")


def test_a_rehearsal_erases_nothing(left: int) -> None:
    before = everything()
    done = rehearse(erase_person, ada(), "leaver", "DSR-12")
    assert done.devices == 1
    assert everything() == before


def test_an_id_that_was_hers_is_nobody_s_again(left: int) -> None:
    erase_person(ada(), "leaver", "DSR-12")
    said = Said("leaver", "leaver", "new@example.org", "New", "", "", "DE", "employee", "", True, "")
    made = provision.add_person(otto(), provision.Wanted(said, '{"schemas":[],"userName":"leaver"}'))
    assert made.ordinal != left
    assert provisioned.entry(str(left)) is None
    assert _mentioned(["person:leaver"])  # of the new one alone
    with pytest.raises(Refused, match="not-found"):
        erase_person(ada(), "leah", "DSR-12")


def test_what_has_to_be_settled_first(left: int) -> None:
    with pytest.raises(Refused, match="case-missing"):
        erase_person(ada(), "leaver", " ")
    with pytest.raises(Refused, match="erase-active"):
        erase_person(ada(), "bob", "DSR-13")
    protect(otto(), "leaver", "drives the mail server")
    with pytest.raises(Refused, match="erase-protected"):
        erase_person(ada(), "leaver", "DSR-12")
    models.Objection.objects.create(kind="contest", person_id=directory.find(["bob"])["bob"], device_id=0, at=NOW)
    with pytest.raises(Refused, match="erase-open"):
        erase_person(ada(), "bob", "DSR-13", leaves=True)
    for role in (Role.OPERATOR, Role.HELPDESK, Role.AUTHOR, Role.APPROVER, Role.AUDITOR):
        with pytest.raises(Refused, match="not-allowed"):
            erase_person(act("x", role), "leaver", "DSR-12")


def test_who_never_left_a_file_leaves_by_it(left: int) -> None:
    bob = directory.find(["bob"])["bob"]
    assert erase_person(ada(), "bob", "DSR-14", leaves=True).devices == 0
    assert models.Person.objects.get(ordinal=bob).login == f"erased-{bob}"
