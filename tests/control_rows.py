"""Rows of a small control plane, written straight into the store: people told of an order, and phones with the app on them."""

from collections.abc import Iterable

from pyroaring import BitMap

from countermand.core import facts
from countermand.core.devices import Device, Enrollment, Identity, IdentityKind, Ownership, Platform
from countermand.core.facts import Known
from countermand.core.instants import Instant
from countermand.core.people import Person
from countermand.store import feed, models, sets
from countermand.store.unit import unit
from documents_for_gates import ORDER

APP = 1
EPOCH = 3


def found_house(drill: bool = False, created: Instant = 0) -> None:
    models.Installation.objects.create(drill=drill, origin="test", epoch=EPOCH, created=created)
    models.App.objects.create(pk=APP, platform="ios", app_id="com.zhiliaoapp.musically")


def issue_order(name: str = "no-tiktok", at: Instant = 1, **changes: object) -> int:
    """An issued lineage of one version; returns the version's number in set names."""
    models.Lineage.objects.create(id=name, created_by="x", rings_opened=[0])
    version = models.Version.objects.create(
        lineage_id=name,
        number=1,
        state="issued",
        text="",
        document={**ORDER, "id": name, **changes},
        digest="d",
        written_by="x",
        written_at=at,
        bundle_digest=f"bundle-of-{name}",
        issued_at=at,
    )
    models.VersionApp.objects.create(version=version, app_id=APP)
    return int(version.pk)


def hire(ordinal: int, login: str, told: Iterable[tuple[int, Instant]] = ()) -> None:
    """A person, told of these (version, due)."""
    models.Person.objects.create(ordinal=ordinal, login=login, email=f"{login}@example.org", name=login)
    person = Person(login, f"{login}@example.org", login)
    names = facts.person_names(person, frozenset(), frozenset(told), frozenset(), frozenset(), False)
    sets.change(sets.PEOPLE, 0, {name: ([], [ordinal]) for name in names})


def give(ordinal: int, owner: int, login: str, eas: str, told: Iterable[tuple[int, Instant]] = (), app: bool = True) -> None:
    """A phone of that person, seen with or without the app."""
    models.Device.objects.create(ordinal=ordinal, owner_id=owner, platform="ios", ownership="corporate", enrollment="supervised")
    models.Identity.objects.create(kind="eas", value=eas, device_id=ordinal)
    models.Identity.objects.create(kind="serial", value=f"S{ordinal}", device_id=ordinal)
    identities = frozenset({Identity(IdentityKind.EAS, eas)})
    device = Device(identities, login, Platform.IOS, "iPhone", Ownership.CORPORATE, Enrollment.SUPERVISED, True)
    known = Known(device, Person(login, "", ""), present=frozenset({APP}) if app else frozenset(), told=frozenset(told))
    sets.change(sets.DEVICES, 0, {name: ([], [ordinal]) for name in facts.names(known)})


def set_app(ordinal: int, present: bool) -> None:
    """A report came: the app is there, or gone. As a flow would: sets, and a mark, in one unit."""
    with unit():
        sets.change(sets.DEVICES, 0, {facts.app(APP): ([], [ordinal]) if present else ([ordinal], [])})
        feed.mark("denials", "no-tiktok", 0)


def change_lineage(name: str = "no-tiktok", **changes: object) -> None:
    with unit():
        models.Lineage.objects.filter(id=name).update(**changes)
        feed.mark("lineage", name)


def offsets(*numbers: int) -> BitMap:
    return BitMap(numbers)
