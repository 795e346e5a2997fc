"""What every source delivers, and how fast it is read next to plain ``json.loads``, ``plistlib`` or ``csv`` of the same bytes.

The rows are those of the vendors' published schemas that the tests' servers answer with, with as many apps as a phone has.
"""

import base64
import csv
import io
import json
import plistlib
import statistics
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "tests"))
sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "tests" / "sources"))
import test_cloud_identity
import test_jamf_classic

import fake_fleetdm
import fake_google
import fake_graph
import fake_jamf
from countermand.core.coverage import EVERYTHING
from countermand.core.devices import Identity, IdentityKind, Platform
from countermand.core.instants import from_iso
from countermand.core.mentions import Mention
from countermand.core.table import Problems
from countermand.lib.outward import House
from countermand.lib.read_json import read_json
from countermand.sources import (
    android,
    cloud_identity,
    exchange,
    fleetdm,
    google,
    intune,
    intune_rows,
    jamf,
    jamf_classic,
    nanomdm,
)
from countermand.sources import devices_csv as table
from countermand.sources.source import Link, Source

NOW = from_iso("2020-07-10T12:00:00Z")
#: Apps of a phone; devices that are read at once, and where they are so small that a clock could not tell: some megabytes in all.
APPS, DEVICES, SMALL = 60, 500, 5_000
SERIAL, ENTRA, EAS, IOS = IdentityKind.SERIAL, IdentityKind.ENTRA, IdentityKind.EAS, Platform.IOS
_IDS = [f"com.example.vendor{number}.application" for number in range(APPS)]
_RUNS = 9


@dataclass(frozen=True)
class Read:
    """``kilobytes`` of one device; devices a second of CPU that are read, and whose bytes are only taken apart."""

    name: str
    kilobytes: float
    read: float
    plain: float

    @property
    def share(self) -> float:
        return self.read / self.plain


def measured() -> list[Read]:
    """Every source, on one core."""
    return [_compared(*way) for way in (*_posted(), *_fetched(), *_files())]


def _compared(name: str, devices: int, text: bytes, read: Callable[[], int], plain: Callable[[], Any]) -> Read:
    """Medians of turns taken by both, so that what slows the machine down slows down both."""
    found = read()
    assert found == devices, f"{name}: {found} of {devices}"
    spent: tuple[list[float], list[float]] = ([], [])
    for _ in range(_RUNS):
        spent[0].append(_turn(plain))
        spent[1].append(_turn(read))
    by_plain, by_us = map(statistics.median, spent)
    return Read(name, len(text) / devices / 1024, devices / by_us, devices / by_plain)


def _turn(work: Callable[[], Any]) -> float:
    """Seconds of CPU of one turn. What it makes is cleared away in it, and not in the turn of the other."""
    began = time.process_time()
    work()
    return time.process_time() - began


def least() -> float:
    """Microseconds of CPU in which one mention with three names is made of texts at hand, nothing read and nothing checked."""
    texts = [str(number) for number in range(SMALL)]
    spent = []
    for _ in range(_RUNS):
        began = time.process_time()
        made = [
            Mention((Identity(SERIAL, one), Identity(ENTRA, one), Identity(EAS, one)), IOS, one, one, seen_at=NOW)
            for one in texts
        ]
        spent.append(time.process_time() - began)
        assert len(made) == SMALL
    return statistics.median(spent) / SMALL * 1e6


Way = tuple[str, int, bytes, Callable[[], int], Callable[[], Any]]


def _posted() -> list[Way]:
    """NanoMDM: answers to a full list and to DeviceInformation, one event each."""
    listed = [
        {"Identifier": one, "Name": "An App", "ShortVersion": "1.2", "Version": "12", "BundleSize": 1, "Installing": False}
        for one in _IDS
    ]
    facts = {"SerialNumber": "SERIAL", "EASDeviceIdentifier": "EAS", "IsSupervised": True, "ProductName": "iPhone13,2"}
    made = []
    for name, answer in (
        ("a list of apps", {"InstalledApplicationList": listed}),
        ("DeviceInformation", {"QueryResponses": facts}),
    ):
        events = [_event(number, answer) for number in range(DEVICES)]
        made.append((f"NanoMDM, {name}", DEVICES, b"".join(events), _heard(events), _taken_apart(events)))
    return made


def _event(number: int, answer: dict[str, Any]) -> bytes:
    said = {"CommandUUID": f"query-{number}", "Status": "Acknowledged", "UDID": f"udid-{number}", **answer}
    body = {
        "udid": f"udid-{number}", "status": "Acknowledged", "command_uuid": f"query-{number}",
        "ids": {"id": f"udid-{number}", "type": "Device"}, "raw_payload": base64.b64encode(plistlib.dumps(said)).decode(),
    }  # fmt: skip
    head = {"topic": "mdm.Connect", "event_id": f"event-{number}", "created_at": "2020-07-10T09:00:00.123456Z"}
    return json.dumps({**head, "acknowledge_event": body}).encode()


def _heard(events: list[bytes]) -> Callable[[], int]:
    return lambda: sum(nanomdm.parse(one, "mdm", NOW, lambda *_: EVERYTHING) is not None for one in events)


def _taken_apart(events: list[bytes]) -> Callable[[], Any]:
    return lambda: [plistlib.loads(base64.b64decode(json.loads(one)["acknowledge_event"]["raw_payload"])) for one in events]


def _fetched() -> list[Way]:
    """Pages of a source that is asked, as a sync reads them."""
    jamf_pro, google_s = {"client": "c", "unmanaged_apps": "yes"}, {"subject": "s", "customer": "c", "audited": "yes"}
    return [
        _page("Jamf Pro, v2", jamf.Jamf(_link(**jamf_pro)), _jamf),
        _page("Jamf Pro, classic", jamf_classic.JamfClassic(_link(**jamf_pro)), _jamf_classic),
        _intune(),
        _page("Google, Directory", google.Directory(_link(**google_s)), _google),
        _page("Google, Android Management", android.Android(_link(enterprise="e")), _android),
        _cloud_identity(),
        _page("Fleet", fleetdm.FleetDm(_link()), _fleetdm),
    ]


def _link(**settings: str) -> Link:
    house = House(frozenset({"127.0.0.1"}), wait=[].append)
    nowhere = {"url": "http://127.0.0.1:9", "login": "http://127.0.0.1:9"}
    return Link("bench", {**nowhere, **settings}, fake_google.key_file(), house.to, lambda: NOW)


def _jamf(number: int) -> Any:
    return {**fake_jamf.device(number), "applications": [fake_jamf.app(one) for one in _IDS]}


def _jamf_classic(number: int) -> Any:
    apps = [{"application_name": "an app", "application_version": "1", "identifier": one} for one in _IDS]
    return test_jamf_classic.detail(number, apps)


def _google(number: int) -> Any:
    said = {"displayName": "An App", "versionCode": 1, "versionName": "1.0", "permission": ["INTERNET"]}
    return fake_google.mobile(number, applications=[{"packageName": one, **said} for one in _IDS])


def _android(number: int) -> Any:
    return fake_google.managed(number, applicationReports=[fake_google.report(one) for one in _IDS])


def _fleetdm(number: int) -> Any:
    return fake_fleetdm.host(number, software=[fake_fleetdm.software(one) for one in _IDS])


def _intune() -> Way:
    """A page as Graph answers it, read as the source reads it."""
    source = intune.Intune(_link(tenant="t", client="c"))
    text = json.dumps({"value": [fake_graph.device(number) for number in range(SMALL)]}).encode()

    def read() -> int:
        raw = [intune_rows.with_verdict(row, {}) for row in intune_rows.read_devices(text)["value"]]
        return sum(source.parse(one, NOW) is not None for one in raw)

    return "Intune", SMALL, text, read, lambda: json.loads(text)


def _cloud_identity() -> Way:
    """A page of devices and one of who uses them, read as the source reads them; who uses which is found out before."""
    source = cloud_identity.CloudIdentity(_link(subject="s"))
    devices = json.dumps({"devices": [test_cloud_identity.device(number) for number in range(SMALL)]}).encode()
    users = json.dumps({"deviceUsers": [test_cloud_identity.user(number) for number in range(SMALL)]}).encode()

    def read() -> int:
        pairs = zip(cloud_identity.read_devices(devices)["devices"], cloud_identity.read_users(users)["deviceUsers"], strict=True)
        raw = [cloud_identity.Raw(device, (user,)) for device, user in pairs]
        return sum(source.parse(one, NOW) is not None for one in raw)

    return "Google, Cloud Identity", SMALL, devices + users, read, lambda: (json.loads(devices), json.loads(users))


def _page(name: str, source: Source, device: Callable[[int], Any]) -> Way:
    text = json.dumps([device(number) for number in range(DEVICES)]).encode()

    def read() -> int:
        return sum(source.parse(one, NOW) is not None for one in read_json(text))

    return name, DEVICES, text, read, lambda: json.loads(text)


def _files() -> list[Way]:
    header = "serial,login,platform,model,ownership,enrollment,eas_id,apps,observed_at\n"
    apps = ";".join(_IDS)
    devices = header + "".join(
        f"S{one},person{one},ios,iPhone,corporate,supervised,E{one},{apps},2020-07-10T09:00:00Z\n" for one in range(DEVICES)
    )
    partners = "DeviceId,UserPrincipalName,DeviceModel,DeviceOS,DeviceType,ClientType\n" + "".join(
        f'"E{one}","person{one}@contoso.example","iPhone","iOS 13.5","iPhone","EAS"\n' for one in range(SMALL)
    )
    return [
        _file(
            "CSV of devices", DEVICES, devices, lambda lines: sum(1 for _ in table.parse(lines, "mdm", NOW, Problems("d.csv")))
        ),
        _file("Exchange, CSV", SMALL, partners, lambda lines: sum(1 for _ in exchange.parse(lines, NOW, Problems("e.csv")))),
    ]


def _file(name: str, devices: int, text: str, parse: Callable[[list[bytes]], int]) -> Way:
    lines = text.encode().splitlines(keepends=True)
    return name, devices, text.encode(), lambda: parse(lines), lambda: list(csv.reader(io.StringIO(text)))
