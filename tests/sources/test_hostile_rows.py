"""Rows of every source that is fetched, and of Parquet, with any part replaced by anything: read, or refused with a code."""

from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import fake_graph
import fake_jamf
from countermand.core.apps import App
from countermand.core.devices import Platform
from countermand.core.errors import Refused
from countermand.core.fleet_tables import DEVICES, Kind
from countermand.core.instants import from_iso
from countermand.core.mentions import Mention, too_far_ahead
from countermand.core.table import Problems
from countermand.lib.outward import House
from countermand.lib.parquet import Reader
from countermand.sources import android, cloud_identity, devices_parquet, fleetdm, google, intune_rows, jamf, jamf_classic
from countermand.sources.rows import looked_over
from countermand.sources.source import Link, Page
from countermand.sources.wanted import rows_as
from fake_fleetdm import host
from fake_google import ENTERPRISE, SUBJECT, managed, mobile
from mutated import nodes, with_

NOW = from_iso("2020-07-10T12:00:00Z")
CODES = {"device-unreadable", "time-ahead"}


def nested(depth: int) -> Any:
    found: Any = []
    for _ in range(depth):
        found = [found]
    return found


#: Deeper than anything that may be printed or compared as a whole.
DEEP = nested(2_000)
ODD = st.sampled_from(
    [
        None, "", " ", "\0", "\ud800", "\u202e", "=cmd|' /C calc'!A0", "x" * 5_000, 10**4_000, -(2**63), 2**63, True, 0.5,
        float("inf"), float("nan"), [], {}, [None], [{}], {"": None}, [["com.example.app"]], DEEP, "2999-01-01T00:00:00Z",
        "0001-01-01T00:00:00+23:59", "9999-12-31T23:59:59-23:59", "2020-07-10T09:00:00", "yesterday",
    ]
)  # fmt: skip
ANYTHING = ODD | st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda one: st.lists(one, max_size=3) | st.dictionaries(st.text(max_size=4), one, max_size=3),
    max_leaves=5,
)

BLOCKED = [{"packageName": "com.example.bad", "installType": "BLOCKED"}]
POLICY = {"name": "enterprises/e/policies/p", "version": "7", "applications": BLOCKED}
BLOCKED_APP = frozenset({App(Platform.ANDROID, "com.example.bad")})
POLICED = managed(
    1,
    appliedPolicyName=POLICY["name"],
    appliedPolicyVersion="7",
    nonComplianceDetails=[
        {"settingName": "applications", "packageName": "com.example.bad", "nonComplianceReason": "APP_INSTALLED"}
    ],
)
CLASSIC = {
    "mobile_device": {
        "general": {
            "id": 1, "udid": "udid-1", "serial_number": "SERIAL1", "os_type": "iOS", "device_ownership_level": "Institutional",
            "managed": True, "supervised": True, "exchange_activesync_device_identifier": "EAS1",
            "last_inventory_update_epoch": from_iso("2020-07-10T09:00:00Z"),
        },
        "location": {"username": "Person1", "email_address": ""},
        "applications": [{"application_name": "an app", "identifier": "com.zhiliaoapp.musically"}],
    }
}  # fmt: skip
USED = {
    "device": {
        "name": "devices/d1", "deviceType": "ANDROID", "ownerType": "COMPANY", "model": "Pixel 8", "serialNumber": "SERIAL1",
        "lastSyncTime": "2020-07-10T09:00:00Z", "androidSpecificAttributes": {"ownershipPrivilege": "DEVICE_OWNER"},
    },
    "users": [
        {
            "name": "devices/d1/deviceUsers/u", "userEmail": "u1@contoso.example", "managementState": "APPROVED",
            "firstSyncTime": "2020-01-01T00:00:00Z",
        }
    ],
}  # fmt: skip
SETTINGS = {
    "client": "c", "unmanaged_apps": "yes", "audited": "yes", "customer": "my_customer", "enterprise": ENTERPRISE,
    "subject": SUBJECT, "url": "http://127.0.0.1:9", "login": "http://127.0.0.1:9",
}  # fmt: skip


class Rules:
    """Intune's rows as the network brings them: the device, and what the rules found."""

    _found = intune_rows.Verdict(frozenset({App(Platform.IOS, "com.example.bad")}))

    def parse(self, raw: Any, now: int) -> Mention:
        return intune_rows.mention(intune_rows.Raw(raw, self._found), "source", now)

    def visibility(self, raw: Any) -> Any:
        return intune_rows.sight(intune_rows.Raw(raw, self._found))


def as_it_is(raw: Any) -> Any:
    return raw


def policed(raw: Any) -> Any:
    """As a page puts them together: the device beside its policy."""
    device, policy = raw["device"], raw["policy"]
    return android.with_policy(device, {POLICY["name"]: policy} if isinstance(policy, dict) else {})


def used(raw: Any) -> Any:
    users = raw["users"] if isinstance(raw["users"], list) else []
    return cloud_identity.Raw(raw["device"], rows_as(cloud_identity.User, users))


#: Kind → what reads it, a good row, and how a page wraps it.
KINDS: dict[str, tuple[Callable[[Link], Any], Any, Callable[[Any], Any]]] = {
    "jamf": (jamf.Jamf, fake_jamf.device(1), as_it_is),
    "jamf_classic": (jamf_classic.JamfClassic, CLASSIC, as_it_is),
    "intune": (lambda _: Rules(), fake_graph.device(1), as_it_is),
    "google": (google.Directory, mobile(1), as_it_is),
    "cloud_identity": (cloud_identity.CloudIdentity, USED, used),
    "android": (android.Android, {"device": POLICED, "policy": POLICY}, policed),
    "fleetdm": (fleetdm.FleetDm, host(1), as_it_is),
}
KEPT = {"cloud_identity": [("device",), ("users",)], "android": [("device",), ("policy",)]}


@cache
def opened(kind: str) -> Any:
    make = KINDS[kind][0]
    return make(Link(kind, SETTINGS, "{}", House(frozenset({"127.0.0.1"})).to, lambda: NOW))


def said(kind: str, raw: Any) -> Any:
    """The mention, or the code of the refusal; of what is no phone, None."""
    try:
        found = opened(kind).parse(raw, NOW) if opened(kind).visibility(raw) is not None else None
    except Refused as why:
        refused = why
    else:
        if found is not None:
            sound(found)
        return found
    assert refused.code in CODES
    assert len(refused.sentence) < 1_000
    return refused.code


def sound(found: Mention) -> None:
    """What is taken can be stored and shown, and is of no later than now."""
    assert found.identities
    times = [found.seen_at, *(one.observed_at for one in found.reports)]
    assert all(type(one) is int and not too_far_ahead(one, NOW) for one in times if one is not None)
    texts = [found.login or "", found.model or "", *(one.value for one in found.identities)]
    texts += [app.id for one in found.reports for app in one.present | (one.coverage.apps or frozenset())]
    assert all(one.isprintable() and len(one) <= 300 for one in texts)


@pytest.mark.parametrize("kind", KINDS)
@given(data=st.data())
@settings(max_examples=60)
def test_any_part_of_a_row_may_be_anything(kind: str, data: st.DataObject) -> None:
    _, good, wrap = KINDS[kind]
    places = [at for at in nodes(good) if at or kind not in KEPT]
    some = data.draw(st.lists(st.tuples(st.sampled_from(places), ANYTHING), min_size=1, max_size=2))
    (at, value), (other, more) = some[0], some[-1]
    changed = with_(good, at, value)
    if other[: len(at)] != at and at[: len(other)] != other:  # neither stands within the other
        changed = with_(changed, other, more)
    said(kind, wrap(changed))


@pytest.mark.parametrize("kind", KINDS)
def test_each_part_may_be_deep_endless_or_nothing(kind: str) -> None:
    _, good, wrap = KINDS[kind]
    assert isinstance(said(kind, wrap(good)), Mention), "the sample is good"
    for at in nodes(good):
        for value in (None, DEEP, 10**4_000, float("inf"), "\ud800", [["x"]], {}):
            if at or kind not in KEPT:
                said(kind, wrap(with_(good, at, value)))


@pytest.mark.parametrize("kind", KINDS)
def test_others_of_a_page_are_read_beside_what_is_refused(kind: str) -> None:
    _, good, wrap = KINDS[kind]
    odd = [wrap(with_(good, at, DEEP)) for at in nodes(good) if at or kind not in KEPT]
    page = Page((wrap(good), *odd, wrap(good)), "")
    found = [said(kind, raw) for raw in page.raw]
    assert found[0] == found[-1], "the same device twice says the same twice"
    assert isinstance(found[0], Mention)
    assert "device-unreadable" in found
    checked = looked_over("devices", "", [page], opened(kind).visibility, lambda _: None)
    assert checked.abilities[0].works
    assert sum(checked.sees.values()) >= 2


RULED = {
    "violations": [
        {
            "id": "v", "userId": "u", "managedDeviceId": "managed-1", "deviceName": "x", "platformType": "iOS",
            "deviceConfigurationId": "c", "deviceConfigurationName": "C", "restrictedAppsState": "prohibitedApps",
            "restrictedApps": [{"name": "A", "publisher": "P", "appStoreUrl": "https://a", "appId": "com.example.bad"}],
        },
        {"managedDeviceId": "managed-2", "platformType": "androidForWork", "restrictedApps": [{"appId": "com.example.bad"}]},
    ],
    "states": [{"id": "s", "deviceId": "managed-1", "platformType": "iOS", "state": "compliant", "userPrincipalName": "u@x"}],
    "policy": {"@odata.type": "#microsoft.graph.iosCompliancePolicy", "restrictedApps": [{"appId": "com.example.bad"}]},
}  # fmt: skip


@given(data=st.data())
@settings(max_examples=60)
def test_any_part_of_what_rules_found_may_be_anything(data: st.DataObject) -> None:
    kept = {(), ("violations",), ("states",), ("policy",)}
    changed = with_(RULED, data.draw(st.sampled_from([at for at in nodes(RULED) if at not in kept])), data.draw(ANYTHING))
    policy = changed["policy"] if isinstance(changed["policy"], dict) else {}
    listed = intune_rows.apps_of(Platform.IOS, policy.get("restrictedApps"))
    found = intune_rows.verdicts([(Platform.IOS, one) for one in changed["states"]], {Platform.IOS: [listed]})
    lacked = {device: one.lacked for device, one in found.items()}
    intune_rows.violations(changed["violations"], found)
    assert {device: one.lacked for device, one in found.items() if device in lacked} == lacked, (
        "a violation proves presence alone"
    )
    for one in found.values():
        assert all(app.id and app.id.isprintable() and len(app.id) <= 255 for app in one.lacked | one.shown)
        mention = intune_rows.mention(intune_rows.Raw(fake_graph.device(1), one), "source", NOW)
        sound(mention)


def test_a_name_that_is_none_is_not_printed_however_deep() -> None:
    nameless = {"uuid": None, "udid": None, "hardware_serial": None, "eas_device_identifier": None}
    for odd in (DEEP, 10**4_000, "x" * 5_000, None):
        assert said("fleetdm", host(1, **{**nameless, "id": odd})) == "device-unreadable"


@pytest.mark.parametrize("version", [None, "", DEEP, {}, "8"])
def test_a_policy_is_in_force_only_in_a_version_that_both_name(version: Any) -> None:
    device = {**POLICED, "nonComplianceDetails": [], "applicationReports": []}
    assert android.kept_off(policed({"device": device, "policy": POLICY}))
    for seen in (version, "7"):
        raw = {"device": {**device, "appliedPolicyVersion": seen}, "policy": {**POLICY, "version": version}}
        assert android.kept_off(policed(raw)) == (BLOCKED_APP if version == seen == "8" else frozenset())


TEXTS = st.none() | st.sampled_from(["", "=1", "\x00", "x" * 300, "ios", "corporate", "\u202e"]) | st.text("aé\n", max_size=4)
TIMES = st.none() | st.integers(-(2**63), 2**63 - 1) | st.sampled_from([NOW, NOW + 10**9])
OF_KIND: dict[Kind, tuple[Any, st.SearchStrategy[Any]]] = {
    Kind.TEXT: (pa.string(), TEXTS),
    Kind.FLAG: (pa.bool_(), st.none() | st.booleans()),
    Kind.TIME: (pa.timestamp("ms", "UTC"), TIMES),
}
CELLS = {column.name: OF_KIND[column.kind] for column in DEVICES.columns if column.kind in OF_KIND}


@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(rows=st.lists(st.fixed_dictionaries({name: cells for name, (_, cells) in CELLS.items()}), min_size=1, max_size=3))
def test_any_cell_of_a_parquet_file_may_be_anything_of_its_type(tmp_path: Path, rows: list[dict[str, Any]]) -> None:
    file = tmp_path / "devices.parquet"
    schema = pa.schema([(name, kind) for name, (kind, _) in CELLS.items()])
    columns = {
        name: pa.array([row[name] for row in rows], pa.int64() if pa.types.is_timestamp(kind) else kind).cast(kind)
        for name, (kind, _) in CELLS.items()
    }
    pq.write_table(pa.table(columns, schema), file)
    problems = Problems("devices.parquet")
    for first, batch in Reader(file, DEVICES).batches():
        devices_parquet.check_devices(batch, first, NOW, problems)
        times = np.asarray(batch["observed_at"])
    found = {(one.where.line, one.where.field) for one in problems.found if one.where}
    assert all(line is not None and 1 <= line <= len(rows) for line, _ in found)
    for number, time in enumerate(times.tolist(), 1):
        assert ((number, "observed_at") in found) == (time != -1 and (time < 0 or too_far_ahead(time, NOW)))


@pytest.mark.parametrize("held", [b"", b"PAR1", b"PAR1" + b"\xff" * 64 + b"PAR1", b"serial,login\nF1,alice\n"])
def test_what_is_no_parquet_is_refused(tmp_path: Path, held: bytes) -> None:
    file = tmp_path / "devices.parquet"
    file.write_bytes(held)
    with pytest.raises(Refused) as refused:
        Reader(file, DEVICES)
    assert refused.value.code == "parquet-unreadable"
