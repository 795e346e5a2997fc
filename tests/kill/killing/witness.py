"""Rows as the naive oracle reads them: what people and phones are, and what was ordered, without any of the product's rules.

Only tables are read here, and the packed list of apps; the oracle (tests/core/oracle.py) says who is denied.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from datetime import UTC
from typing import Any

import oracle
from pyroaring import BitMap

from countermand.core import schema
from countermand.core.apps import App
from countermand.core.coverage import EVERYTHING, Coverage, Grade, Report
from countermand.core.devices import Device, Enrollment, Identity, IdentityKind, Ownership, Platform
from countermand.core.instants import HOUR, Instant
from countermand.core.people import Person
from countermand.store import models
from countermand.store.packing import unpack


def orders() -> list[oracle.Order]:
    """Every lineage that is issued, unhalted and not ended: what may deny."""
    found = []
    for row in models.Lineage.objects.filter(halted_at=None, ended_at=None).order_by("id"):
        versions = models.Version.objects.filter(lineage=row, issued_at__isnull=False, state__in=["issued", "superseded"])
        if versions.filter(state="issued").exists():
            found.append(
                oracle.Order(row.pk, tuple(map(_version, versions.order_by("number"))), row.not_before, tuple(row.rings_opened))
            )
    return found


def _version(row: models.Version) -> oracle.Version:
    directive = schema.read(row.document)
    at = directive.due.at if directive.due else None
    last = None if at is None else int(at.replace(tzinfo=UTC).timestamp() * 1000) + 12 * HOUR  # where the day ends last
    apps = models.VersionApp.objects.filter(version=row).values_list("app__platform", "app__app_id")
    return oracle.Version(row.pk, directive, tuple(App(Platform(platform), name) for platform, name in apps), last)


def owners() -> dict[str, oracle.Owner]:
    """login → person, as the directory and the orders have it."""
    groups = _by(models.Membership.objects.values_list("person", "group"))
    told = _by((person, (version, due)) for person, version, due in models.Told.objects.values_list("person", "version", "due"))
    rings = dict(models.RingMember.objects.values_list("person", "index"))
    agreed = models.Exemption.objects.exclude(agreed_by="").filter(ended_at=None)
    exempt = _by(((one.kind, one.target), (one.lineage_id, one.until)) for one in agreed)
    protected = set(models.ProtectedLogin.objects.exclude(agreed_by="").filter(ended_at=None).values_list("login", flat=True))
    return {
        row.login: oracle.Owner(
            Person(row.login, row.email, row.name, row.zone, "en", row.country, groups=frozenset(groups[row.pk])),
            tuple(groups[row.pk]),
            tuple(told[row.pk]),
            tuple(exempt["person", row.login] + [one for group in groups[row.pk] for one in exempt["group", group]]),
            rings.get(row.pk),
            row.login in protected,
        )
        for row in models.Person.objects.filter(active=True)
    }


def phones(people: dict[str, oracle.Owner]) -> dict[str, oracle.Phone]:
    """mail identity → phone."""
    shown = {row: unpack(bytes(packed)) for row, packed in models.AppList.objects.values_list("device", "shown")}
    apps = {app.pk: App(Platform(app.platform), app.app_id) for app in models.App.objects.all()}
    looked = _by((one.device_id, one) for one in models.Looked.objects.select_related("coverage"))
    lapsed = _lapsed()
    return {
        name.value: oracle.Phone(
            _device(name.value, name.device),
            people.get(name.device.owner.login if name.device.owner else ""),
            tuple(_reports({apps[number]: at for number, at in shown.get(name.device_id, {}).items()}, looked[name.device_id])),
            mail_removed=name.device.mail_removed,
            lapsed=tuple(version for version, devices in lapsed.items() if name.device_id in devices),
        )
        for name in models.Identity.objects.filter(kind="eas").select_related("device__owner")
    }


def _device(name: str, row: models.Device) -> Device:
    names = frozenset({Identity(IdentityKind.EAS, name)})
    login = row.owner.login if row.owner else ""
    ownership, enrollment = Ownership(row.ownership), Enrollment(row.enrollment)
    return Device(names, login, Platform(row.platform), row.model, ownership, enrollment, row.reads_mail, row.retired)


def _reports(shown: dict[App, Instant], looked: list[models.Looked]) -> Iterator[Report]:
    """One report per observation that is kept. Presence is what its own rows say was shown, and when."""
    for app, at in shown.items():
        only = frozenset({app})
        yield Report("seen", at, Grade.INVENTORY, Coverage(only), only)
    for one in looked:
        if one.coverage.everything:
            yield Report(one.source, one.observed_at, Grade(one.grade), EVERYTHING, frozenset(shown))


def _by(pairs: Iterable[tuple[Any, Any]]) -> dict[Any, list[Any]]:
    found: dict[Any, list[Any]] = defaultdict(list)
    for key, value in pairs:
        found[key].append(value)
    return found


def _lapsed() -> dict[int, set[int]]:
    """version → the devices that the sweep wrote down as lapsed under it."""
    rows = models.FactSet.objects.filter(space="d", name__startswith="lapsed:")
    members = [(int(row.name.split(":")[1]), row.block, BitMap.deserialize(bytes(row.bitmap))) for row in rows]
    return {version: {block * 65536 + offset for offset in offsets} for version, block, offsets in members}


def denied(phone: oracle.Phone, standing: list[oracle.Order], at: Instant) -> bool:
    """By any of the orders that stand."""
    return any(oracle.is_denied(phone, order, at) for order in standing)


def denied_unregistered(owner: oracle.Owner, standing: list[oracle.Order], at: Instant) -> bool:
    """What nobody registered, of this person."""
    return any(oracle.is_denied_unregistered(owner, order, at) for order in standing)
