"""A fleet for tests of loads in bulk: devices as plain values, as Parquet files, as CSV files, and as the database has them."""

from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
from fleet_words import HEADER, NOW, by, written

from countermand.core.facts import BLOCK_SIZE, hour_is_over
from countermand.core.instants import Instant, iso
from countermand.flows import bring
from countermand.store import bindings, evidence, fleet, known, models, sets
from countermand.store.evidence import Met
from countermand.store.health import health

#: (source, time) of a look.
Key = tuple[str, Instant]


@dataclass(frozen=True)
class Phone:
    """A device as a delivery has it. ``looks``: what was seen, by source and time; ``stated``: whose look its own row states."""

    serial: str
    looks: tuple[tuple[Key, tuple[str, ...]], ...] = ()
    stated: Key | None = None
    login: str = "alice"
    platform: str = "ios"
    ownership: str = "corporate"
    enrollment: str = "supervised"
    eas: str = ""

    @property
    def source(self) -> str:
        return self.stated[0] if self.stated else "mdm"


def parquet(folder: Path, phones: list[Phone], rows: int | None = None) -> Path:
    """Devices and apps as files in a new directory below; ``rows``: per row group."""
    place = folder / "fleet"
    place.mkdir(exist_ok=True)
    devices = [
        {
            "device": f"row {phone.serial}", "serial": phone.serial, "eas": phone.eas or None, "login": phone.login or None,
            "platform": phone.platform, "ownership": phone.ownership, "enrollment": phone.enrollment, "source": phone.source,
            "observed_at": phone.stated[1] if phone.stated else None,
        }
        for phone in phones
    ]  # fmt: skip
    texts = [
        (name, pa.string()) for name in ("device", "serial", "eas", "login", "platform", "ownership", "enrollment", "source")
    ]
    time = ("observed_at", pa.timestamp("ms", "UTC"))
    pq.write_table(pa.Table.from_pylist(devices, pa.schema([*texts, time])), place / "devices.parquet")
    apps = [
        {"device": f"row {phone.serial}", "app_id": app, "source": key[0], "observed_at": key[1]}
        for phone in phones
        for key, found in phone.looks
        for app in found
    ]
    schema = pa.schema([("device", pa.string()), ("app_id", pa.string()), ("source", pa.string()), time])
    pq.write_table(pa.Table.from_pylist(apps, schema), place / "apps.parquet", row_group_size=rows)
    return place


def by_csv(folder: Path, phones: list[Phone]) -> None:
    """The same the ordinary way: a file for each source and time, later times first."""
    files: dict[tuple[str, Instant], str] = defaultdict(str)
    for phone in phones:
        looks = {phone.stated: (), **dict(phone.looks)} if phone.stated else dict(phone.looks)
        if not any(source == phone.source for source, _ in looks):
            files[phone.source, -1] += _line(phone, (), "")
        for (source, at), apps in looks.items():
            files[source, at] += _line(phone, apps, iso(at))
    for (source, at), text in sorted(files.items(), key=lambda item: (item[0][0], -item[0][1])):
        bring.bring_devices(by(), written(folder, f"{source}{at}.csv", HEADER + text), source=source, whole=False)


def _line(phone: Phone, apps: tuple[str, ...], at: str) -> str:
    cells = (phone.serial, phone.login, phone.platform, "", phone.ownership, phone.enrollment, phone.eas, ";".join(apps), at)
    return ",".join(cells) + "\n"


def content(now: Instant = NOW) -> dict[str, Any]:
    """Serial → everything that rows and sets say of the device, without the numbers that the store chose."""
    ordinals = sorted(models.Device.objects.values_list("ordinal", flat=True))
    met = Met()
    presences, devices, rows = evidence.presences(ordinals, met), known.load(ordinals), fleet.load(ordinals)
    enrolled = defaultdict(set)
    for stay in models.Enrolled.objects.all():
        enrolled[stay.device_id].add((stay.source, stay.since, stay.until))
    apps = {f"app:{number}": f"app:{app}" for app, number in met.apps.items()}
    coverages = {
        number: sorted(map(str, coverage.apps)) if coverage.apps is not None else "all"
        for coverage, number in met.coverages.items()
    }
    found = {}
    members = _members(now)
    for ordinal in ordinals:
        names = {identity.value for identity in devices[ordinal].device.identities}
        shown = presences.get(ordinal)
        found[min(names)] = {
            "device": devices[ordinal].device,
            "bound": [(one.login, one.since, one.until) for one in bindings.of_device(ordinal)],
            "last_seen": rows[ordinal].last_seen,
            "enrolled": enrolled[ordinal],
            "presence": (dict(shown.shown), dict(shown.looked)) if shown else ({}, {}),
            "sets": {_named(name, apps, coverages) for name in members[ordinal]},
        }
    return found


def _members(now: Instant) -> dict[int, set[str]]:
    found: dict[int, set[str]] = defaultdict(set)
    healthy = health(now).contacts.healthy
    for block in sets.blocks(sets.DEVICES):
        for name, offsets in sets.load_all(sets.DEVICES, block).sets.items():
            if not hour_is_over(name, now, healthy):
                for offset in offsets:
                    found[block * BLOCK_SIZE + offset].add(name)
    return found


def _named(name: str, apps: dict[str, str], coverages: dict[int, Any]) -> str:
    if name.startswith("looked:"):
        head, coverage, bucket = name.rsplit(":", 2)
        return f"{head}:{coverages[int(coverage)]}:{bucket}"
    return apps.get(name, name)
