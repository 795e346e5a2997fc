"""A directory provisions people: what becomes of devices, releases and tellings, and how many may leave a carve-out at once."""

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from fleet_words import HEADER as DEVICES
from fleet_words import row, written
from house import NAME, NOW, act, issued, open_house
from pyroaring import BitMap

from countermand.access import Act, Role
from countermand.config import Database, Holdbacks
from countermand.core.errors import Refused
from countermand.core.instants import DAY, HOUR
from countermand.flows import bring, provision, provision_groups, release
from countermand.flows.doctor import doctor
from countermand.flows.exempt import agree_exemption, exempt
from countermand.flows.protect import agree_protection, protect
from countermand.flows.provision import Wanted
from countermand.flows.provision_groups import Change
from countermand.people.scim import Said
from countermand.reads import waiting
from countermand.store import directives, directory, known, models, provisioned, provisioned_groups, told
from countermand.store.unit import unit

HOLD = Holdbacks()
HEADER = "login,email,name,zone,locale,country,groups,employment\n"


def by(now: int = NOW) -> Act:
    return act("otto", Role.OPERATOR, now=now)


def said(login: str, active: bool = True, **more: str) -> Wanted:
    words = {"email": f"{login}@example.org", "name": login, "zone": "Europe/Berlin", "locale": "", "country": "DE"}
    words |= {"employment": "employee", "manager": "", "external": ""} | more
    return Wanted(Said(login=login, user_name=login, active=active, **words), json.dumps({"schemas": [], "userName": login}))


def change(login: str, wanted: Wanted, now: int = NOW) -> None:
    one = provisioned.named(login)
    assert one is not None
    provision.change_person(by(now), one.id, lambda was: wanted, HOLD)


def leaves(login: str, now: int = NOW) -> None:
    one = provisioned.named(login)
    assert one is not None
    provision.remove_person(by(now), one.id, HOLD)


def group(name: str) -> provisioned_groups.Group:
    found = provisioned_groups.group_named(name)
    assert found is not None
    return found


def take_out(name: str, *logins: str, now: int = NOW) -> None:
    ids = frozenset(str(ordinal) for ordinal in directory.find(logins).values())
    provision_groups.change_group(by(now), group(name).id, lambda was, ids_: Change(remove=ids), HOLD)


def names(login: str) -> frozenset[str]:
    ordinal = directory.find([login])[login]
    device = directory.devices_of([ordinal])[0]
    found = known.load([device])[device]
    return found.groups if found.person else frozenset({"nobody's"})


def agrees(now: int = NOW) -> bool:
    return doctor(by(now)).differences == ()


@pytest.fixture
def ordered(store: Database, tmp_path: Path) -> Iterator[Path]:
    """Twenty people with a phone each, ten of them on the night shift, which the order leaves out."""
    open_house()
    rows = "".join(f"p{n},p{n}@example.org,P,Europe/Berlin,,DE,{'staff;night' if n < 10 else 'staff'},\n" for n in range(20))
    bring.bring_people(by(), written(tmp_path, "people.csv", HEADER + rows))
    bring.bring_groups(by(), written(tmp_path, "groups.csv", "group,member_of\nnight,responders\n"))
    phones = "".join(row(f"F{n}", f"p{n}", eas=f"E{n}", at=NOW - HOUR) for n in range(20))
    bring.bring_devices(by(), written(tmp_path, "devices.csv", DEVICES + phones))
    issued(10)
    yield tmp_path
    assert agrees()


def test_few_leave_at_once_and_more_wait(ordered: Path) -> None:
    for number in range(3):
        take_out("night", f"p{number}")
    assert not waiting.batches(by())
    take_out("night", "p3")
    take_out("night", "p4", "p5")
    take_out("night", "p5")  # said again
    (batch,) = waiting.batches(by())
    assert waiting.why(batch) == "Group responders would shrink from 7 to 4."
    assert names("p2") == {"staff"}
    assert names("p3") == names("p5") == {"staff", "night", "responders"}
    seen = [models.Person.objects.get(ordinal=one).login for one in provisioned_groups.members("night")]
    assert seen == ["p6", "p7", "p8", "p9"]  # the directory sees what it said


def test_whoever_waits_is_released_or_stays(ordered: Path) -> None:
    take_out("night", "p0", "p1", "p2", "p3", "p4")
    (batch,) = waiting.batches(by())
    assert names("p0") == {"staff", "night", "responders"}
    release.release(by(), batch.pk)
    assert names("p0") == {"staff"}
    assert not waiting.batches(by())
    take_out("night", "p5", "p6", "p7", "p8")
    (batch,) = waiting.batches(by())
    release.drop(by(), batch.pk)
    assert len(provisioned_groups.members("night")) == 5
    with pytest.raises(Refused):
        release.release(by(), batch.pk)


def test_whoever_comes_back_waits_no_more(ordered: Path) -> None:
    take_out("night", "p0", "p1", "p2", "p3")
    (batch,) = waiting.batches(by())
    ids = frozenset(str(one) for one in directory.find(["p0"]).values())
    provision_groups.change_group(by(), group("night").id, lambda was, ids_: Change(add=ids), HOLD)
    release.release(by(), batch.pk)
    assert names("p0") == {"staff", "night", "responders"}
    assert names("p1") == {"staff"}


def test_a_day_later_few_may_leave_again(ordered: Path) -> None:
    for number in range(3):
        take_out("night", f"p{number}")
    take_out("night", "p3", now=NOW + 2 * DAY)
    assert not waiting.batches(by())
    assert len(directory.members({"night"})) == 6


def test_an_exempt_group_is_a_carve_out_too(ordered: Path) -> None:
    with unit():
        directory.join([(ordinal, "research") for ordinal in range(10, 16)])
        models.Exemption.objects.create(
            lineage_id=NAME, kind="group", target="research", ground="security-research", until=NOW + DAY, proposed_by="anna",
            proposed_at=NOW, agreed_by="petra", agreed_at=NOW,
        )  # fmt: skip
    doctor(by(), repair=True)
    take_out("research", *(f"p{n}" for n in range(10, 15)))
    assert [row.source for row in waiting.batches(by())] == ["research"]
    with pytest.raises(Refused, match="scim-named"):
        provision_groups.change_group(by(), group("research").id, lambda was, ids: Change(name="labs"), HOLD)


def test_a_removed_group_lets_nobody_go_at_once(ordered: Path) -> None:
    provision_groups.remove_group(by(), group("night").id, HOLD)
    assert provisioned_groups.group_named("night") is None
    assert names("p0") == {"staff", "night", "responders"}
    (batch,) = waiting.batches(by())
    release.release(by(), batch.pk)
    assert names("p0") == {"staff"}


def test_a_nesting_that_ends_waits(ordered: Path) -> None:
    outer = group("responders").id
    inner = group("night").id
    provision_groups.change_group(by(), outer, lambda was, ids: Change(remove=frozenset({inner})), HOLD)
    assert names("p0") == {"staff", "night", "responders"}
    assert provisioned_groups.nested("responders") == []
    (batch,) = waiting.batches(by())
    release.release(by(), batch.pk)
    assert names("p0") == {"staff", "night"}


def test_an_order_s_groups_keep_their_names(ordered: Path) -> None:
    for name in ("staff", "responders", "night"):
        with pytest.raises(Refused, match="scim-named"):
            provision_groups.change_group(by(), group(name).id, lambda was, ids: Change(name="other"), HOLD)


def test_who_left_is_in_no_set_and_comes_back_with_everything(ordered: Path) -> None:
    change("p12", said("p12"))
    change("p12", said("p12", active=False))
    assert names("p12") == {"nobody's"}
    assert agrees()
    assert models.Person.objects.get(login="p12").active is False
    change("p12", said("p12"))
    assert names("p12") == {"staff"}
    change("p12", said("p12", active=False))
    file = HEADER + "p12,p12@example.org,p12,Europe/Berlin,,DE,staff,\n"
    assert bring.bring_people(by(), written(ordered, "again.csv", file), whole=False).changed == 1
    assert names("p12") == {"staff"}


def test_a_directory_that_is_emptied_waits(ordered: Path) -> None:
    for number in range(20):
        leaves(f"p{number}")
    assert directory.count_active() == 20 - 20  # twenty are few whatever the share
    for number in range(20):
        provision.add_person(by(), said(f"p{number}"))
    for number in range(30):
        provision.add_person(by(), said(f"q{number}"))
    for number in range(10):
        leaves(f"q{number}")
    assert directory.count_active() == 50
    (batch,) = waiting.batches(by())
    assert waiting.why(batch) == "The directory would shrink from 50 to 40."
    assert provisioned.count() == 40
    release.release(by(), batch.pk)
    assert directory.count_active() == 40


def test_a_login_changes_and_what_was_decided_for_it_stays(ordered: Path) -> None:
    made = exempt(by(), NAME, "person:p15", "security-research", NOW + DAY)
    agree_exemption(act("petra", Role.APPROVER), made.pk)
    protect(by(), "p16", "break-glass")
    agree_protection(act("petra", Role.APPROVER), "p16")
    change("p14", said("p14", manager=str(directory.find(["p15"])["p15"])))
    change("p15", said("q15"))
    models.Dirty.objects.all().delete()
    change("p16", said("q16"))
    marks = {(one.kind, one.key) for one in models.Dirty.objects.all()}
    assert {("logins", "p16"), ("logins", "q16"), ("protected", "p16"), ("protected", "q16")} <= marks
    assert {("identities", "eas\tp16\tE16"), ("identities", "eas\tq16\tE16")} <= marks
    assert agrees()
    found = known.load_people(directory.find(["q15", "q16", "p14"]).values())
    by_login = {one.person.login: one for one in found.values()}
    assert by_login["q15"].exempt
    assert by_login["q16"].protected
    assert by_login["p14"].person.manager == "q15"
    assert provisioned.former_logins(directory.find(["q15"])["q15"]) == ("p15",)
    with pytest.raises(Refused, match="scim-taken"):
        change("q15", said("p14"))


def test_who_is_made_again_is_told_again(ordered: Path) -> None:
    ordinal = directory.find(["p12"])["p12"]
    version = models.Version.objects.get().pk
    with unit():
        told.tell(version, {ordinal: NOW + DAY}, NOW)
        models.Notice.objects.create(version_id=version, person_id=ordinal, kind="issued", state="accepted", promised_at=NOW)
    with unit():
        directives.save_promised(version, directives.promised(version) | BitMap([ordinal]))
    leaves("p12")
    assert models.Told.objects.exists()  # history, until somebody else may be meant
    provision.add_person(by(), said("p12"))
    assert not models.Told.objects.exists()
    assert names("p12") == frozenset()
    assert models.Notice.objects.filter(person_id=ordinal, state="promised", occurrence="again-1").exists()


def test_every_write_is_in_the_ledger(ordered: Path) -> None:
    before = models.LedgerRow.objects.count()
    provision.add_person(by(), said("zoe"))
    change("zoe", replace(said("zoe"), said=replace(said("zoe").said, country="AT")))
    leaves("zoe")
    made = provision_groups.add_group(by(), Change(name="new"))
    provision_groups.remove_group(by(), made.id, HOLD)
    entries = [bytes(one.entry) for one in models.LedgerRow.objects.order_by("id")][before:]
    kinds = ["person-provisioned", "person-changed", "person-removed", "group-provisioned", "group-removed"]
    assert all(any(f'"{kind}"'.encode() in one for one in entries) for kind in kinds)
    assert not any(b"zoe" in one for one in entries)


def test_nobody_without_the_role_provisions(store: Database) -> None:
    open_house()
    for role in (Role.AUTHOR, Role.APPROVER, Role.HELPDESK, Role.AUDITOR):
        with pytest.raises(Refused, match="not-allowed"):
            provision.add_person(act("x", role), said("zoe"))
