"""Shapes that others published, with values of our own: what real systems send beside what we read, and where they leave it out.

The fields, their types and what is empty or missing are those of the samples named in each row; no value is theirs.
"""

import base64
import json
import plistlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest

from countermand.core.coverage import EVERYTHING, NOTHING, Coverage
from countermand.core.devices import Enrollment, Ownership, Platform
from countermand.core.instants import from_iso
from countermand.core.mentions import Mention
from countermand.lib.outward import House
from countermand.sources import android, android_pushed, google, intune_rows, jamf, jamf_classic, nanomdm
from countermand.sources.source import Link

NOW = from_iso("2020-07-10T12:00:00Z")
SEEN = "2020-07-10T09:00:00.123Z"
AT = from_iso(SEEN)
HERE = {"url": "http://127.0.0.1:9", "login": "http://127.0.0.1:9"}


def link(**settings: str) -> Link:
    return Link("s", {**HERE, **settings}, "{}", House(frozenset({"127.0.0.1"})).to, lambda: NOW)


# -- NanoMDM and Apple --


def webhook(payload: dict[str, Any], topic: str = "mdm.Connect", **event: Any) -> bytes:
    """As older servers post: without ids, without an event's id."""
    raw = base64.b64encode(plistlib.dumps(payload)).decode()
    if topic == "mdm.Connect":
        body = {"command_uuid": "C-1", "raw_payload": raw, "status": "Acknowledged", "udid": "UDID-1"}
        return json.dumps({"acknowledge_event": body, "created_at": SEEN, "topic": topic, **event}).encode()
    return json.dumps(
        {"checkin_event": {"raw_payload": raw, "udid": "UDID-1"}, "created_at": SEEN, "topic": topic, **event}
    ).encode()


def app(name: str, identifier: str = "", **more: Any) -> dict[str, Any]:
    said = {"BundleSize": 23_048_830_844, "Installing": False, "Name": name}
    return {**said, **({"Identifier": identifier, "Version": "16.0", "ShortVersion": "16.0"} if identifier else {}), **more}


CHECKED_IN = {
    "MessageType": "Authenticate", "UDID": "UDID-1", "SerialNumber": "SERIAL1", "Topic": "t", "Model": "MXQ92",
    "ProductName": "iPhone12,8", "OSVersion": "13.5", "BuildVersion": "17F75", "DeviceName": "x",
}  # fmt: skip
MACS = {"CommandUUID": "C-1", "QueryResponses": {"HostName": "mac.example.org", "UDID": "UDID-1"}, "Status": "Acknowledged"}
LIST = [
    app("Mail", "org.example.mail"),
    app("Maker", "org.example.maker", ExternalVersionIdentifier=851_890_269, HasUpdateAvailable=False),
    app("https+++made"),  # a web clip: neither identifier nor version
]
WHOLE_LIST = [
    app(
        "Chess", "org.example.chess", AdHocCodeSigned=False, AppStoreVendable=True, BetaApp=False, DeviceBasedVPP=False,
        DistributorIdentifier="com.apple.AppStore", DownloadCancelled=False, DownloadFailed=False, DownloadPaused=False,
        DownloadWaiting=False, DynamicSize=4096, IsAppClip=False, IsValidated=True, Source="",
    ),
    app("Later", "org.example.later", DownloadWaiting=True),
    app("Now", "org.example.now", Installing=True),
]  # fmt: skip


def heard(body: bytes) -> Mention:
    found = nanomdm.parse(body, "s", NOW, lambda enrolment, query: EVERYTHING)
    assert found is not None
    return found.mention


# -- Jamf --


def jamf_ipad() -> dict[str, Any]:
    """``/JSSResource/mobiledevices/id/N`` of an iPad that no Exchange knows."""
    empty = dict.fromkeys(
        ("asset_tag", "phone_number", "modem_firmware", "enrollment_method", "last_enrollment_utc", "tethered"), ""
    )
    general = {
        **empty, "id": 7, "display_name": "iPad 7", "device_name": "iPad 7", "name": "iPad 7", "capacity": 64_000,
        "last_inventory_update": "Friday, July 10 2020 at 9:00 AM", "last_inventory_update_epoch": AT,
        "last_inventory_update_utc": "2020-07-10T09:00:00.123+0000", "os_type": "iOS", "os_version": "13.5", "os_build": "17F75",
        "serial_number": "SERIAL7", "udid": "udid-7", "model": "iPad 7th Generation (Wi-Fi)", "model_identifier": "iPad7,11",
        "device_ownership_level": "Institutional", "last_enrollment_epoch": 0, "managed": True, "supervised": False,
        "exchange_activesync_device_identifier": "", "shared": "No", "site": {"id": -1, "name": "None"},
    }  # fmt: skip
    unversioned = {"application_version": "1.0", "application_short_version": ""}
    apps = [{"application_name": f"App {n}", **unversioned, "identifier": f"org.example.a{n}"} for n in range(18)]
    return {
        "mobile_device": {
            "general": general,
            "location": {"username": "P7", "realname": "P 7", "real_name": "P 7", "email_address": "P7@example.org", "phone": ""},
            "purchasing": {"is_purchased": True, "attachments": []},
            "applications": apps,
            "security": {"jailbreak_detected": "Normal"}, "network": {"imei": ""}, "certificates": [],
            "configuration_profiles": [],
            "mobile_device_groups": [{"id": 1, "name": "All iPads"}], "extension_attributes": [],
        }
    }  # fmt: skip


def jamf_detail() -> dict[str, Any]:
    """A row of ``v2/mobile-devices/detail``: sections that were not asked for are null."""
    return {
        "mobileDeviceId": "7", "deviceType": "iOS", "security": None, "network": None, "profiles": [],
        "extensionAttributes": None,
        "hardware": {"serialNumber": "SERIAL7", "model": "iPhone 12", "capacityMb": 64_000, "modelIdentifier": "iPhone13,2"},
        "userAndLocation": {"username": "", "realName": "", "emailAddress": "P7@example.org", "departmentId": None},
        "applications": [
            {
                "identifier": "org.example.mail", "name": "Mail", "version": "2105", "shortVersion": "21.5",
                "managementStatus": "Managed", "validationStatus": True, "bundleSize": "1024", "dynamicSize": "0",
            },
            {"identifier": "org.example.gone", "name": "Gone", "version": None, "managementStatus": "Managed but Uninstalled"},
        ],
        "general": {
            "udid": "udid-7", "displayName": "P7's iPhone", "assetTag": None, "siteId": "-1", "lastInventoryUpdateDate": SEEN,
            "osVersion": "13.5", "managed": True, "supervised": False, "deviceOwnershipType": "AccountDrivenUserEnrollment",
            "lastEnrolledDate": SEEN, "declarativeDeviceManagementEnabled": True, "exchangeDeviceId": None,
        },
    }  # fmt: skip


# -- Google --


def directory(**more: Any) -> dict[str, Any]:
    """A ``mobiledevice`` as lists have it: many empty texts, the same address twice, no ``applications``."""
    empty = dict.fromkeys(("meid", "wifiMacAddress", "networkOperator"), "")
    return {
        **empty, "kind": "admin#directory#mobiledevice", "etag": "e", "resourceId": "R7", "deviceId": "D7", "name": ["P 7"],
        "email": ["P7@example.org", "P7@example.org"], "model": "SM-G960F", "os": "Android 9", "type": "ANDROID",
        "status": "APPROVED", "hardwareId": "35", "firstSync": "2020-01-23T14:34:34.623Z", "lastSync": SEEN,
        "userAgent": "Google Apps Device Policy 17.87.03", "serialNumber": "SERIAL7", "imei": "35", "defaultLanguage": "English",
        "managedAccountIsOnOwnerProfile": True, "supportsWorkProfile": True, "unknownSourcesStatus": True, "adbStatus": True,
        "developerOptionsStatus": True, "securityPatchLevel": "1549008000000", "privilege": "Device administrator", **more,
    }  # fmt: skip


SYNCED = {
    **dict.fromkeys(("hardwareId", "userAgent", "imei", "defaultLanguage", "os"), ""), "type": "IOS_SYNC", "model": "iPhone10,6",
    "managedAccountIsOnOwnerProfile": False, "supportsWorkProfile": False, "securityPatchLevel": "0", "privilege": "Undetected",
}  # fmt: skip


def report(package: str, state: str | None = "INSTALLED", source: str = "INSTALLED_FROM_PLAY_STORE") -> dict[str, Any]:
    said = {
        "packageName": package, "displayName": package, "versionName": "1.0.0", "versionCode": 1, "applicationSource": source,
        "signingKeyCertFingerprints": ["ab"], "events": [{"eventType": "INSTALLED", "createTime": SEEN}],
    }  # fmt: skip
    return said if state is None else {**said, "state": state}


def profile_phone(**more: Any) -> dict[str, Any]:
    """A work profile on somebody's own phone: two apps, one that is gone, one of a source that nobody documents."""
    return {
        "name": "enterprises/E7/devices/7", "userName": "enterprises/E7/users/7", "managementMode": "PROFILE_OWNER",
        "ownership": "PERSONALLY_OWNED", "state": "ACTIVE", "appliedState": "ACTIVE", "policyCompliant": True, "apiLevel": 33,
        "lastStatusReportTime": "2020-07-10T09:00:00.123Z", "lastPolicySyncTime": SEEN, "enrollmentTokenData": "{}",
        "appliedPolicyName": "enterprises/E7/policies/p", "appliedPolicyVersion": "1", "nonComplianceDetails": [],
        "hardwareInfo": {"brand": "google", "model": "Pixel 8", "serialNumber": "", "enterpriseSpecificId": "ABCD-1"},
        "softwareInfo": {"androidVersion": "14"}, "memoryInfo": {"totalRam": "8589934592"}, "powerManagementEvents": [],
        "applicationReports": [
            report("org.example.mail"), report("org.example.maps", source="APPLICATION_SOURCE_UNSPECIFIED"),
            report("org.example.gone", "REMOVED"), report("android", source="SYSTEM_APP_FACTORY_VERSION"),
        ],
        **more,
    }  # fmt: skip


def bare(packages: list[str]) -> bytes:
    """A push as another's tests build it: no ``messageId``, no mode, no ownership, no state, no time of the report."""
    row = {
        "name": "enterprises/E7/devices/7", "hardwareInfo": {"brand": "b", "model": "Pixel 8", "serialNumber": "SERIAL7"},
        "softwareInfo": {"androidVersion": "14"}, "appliedPolicyName": "enterprises/E7/policies/p", "appliedPolicyVersion": "1",
        "lastPolicySyncTime": "2001-01-01T00:00:00Z", "applicationReports": [report(one) for one in packages],
    }  # fmt: skip
    data = base64.b64encode(json.dumps(row).encode()).decode()
    return json.dumps({"message": {"attributes": {"notificationType": "STATUS_REPORT"}, "data": data}}).encode()


# -- Intune --


def managed_device(**more: Any) -> dict[str, Any]:
    """A ``managedDevice`` as the reference shows one: seven digits of a second, offsets, objects within."""
    return {
        "@odata.type": "#microsoft.graph.managedDevice", "id": "705c034c-034c-705c-4c03-5c704c035c77", "userId": "u7",
        "deviceName": "P7s iPhone", "managedDeviceOwnerType": "company", "deviceActionResults": [{"actionState": "pending"}],
        "enrolledDateTime": "2019-12-31T23:59:43.797191-08:00", "lastSyncDateTime": "2020-07-10T01:00:00.1235976-08:00",
        "operatingSystem": "iOS", "complianceState": "compliant", "managementAgent": "mdm", "osVersion": "13.5",
        "easActivated": True, "easDeviceId": "EAS7", "easActivationDateTime": "0001-01-01T00:00:00Z", "azureADRegistered": True,
        "deviceEnrollmentType": "appleBulkWithUser", "azureADDeviceId": "0F0F0F0F-0000-4000-8000-000000000007",
        "isSupervised": True, "exchangeLastSuccessfulSyncDateTime": "2020-07-10T01:00:00.8803083-08:00",
        "exchangeAccessState": "unknown", "userPrincipalName": "P7@example.org", "emailAddress": "P7@example.org",
        "model": "iPhone 12", "manufacturer": "Apple", "imei": "35", "serialNumber": "SERIAL7", "phoneNumber": "",
        "deviceHealthAttestationState": None, "configurationManagerClientEnabledFeatures": None,
        "complianceGracePeriodExpirationDateTime": "9999-12-31T23:59:59.9999999Z",
        "partnerReportedThreatState": "unknown", **more,
    }  # fmt: skip


@dataclass(frozen=True)
class Sample:
    """``of``: whose shape it is; ``apps``: ids that are reported as there, None if nothing is reported; ``covers``: what that
    report proves the absence of."""

    of: str
    read: Callable[[], Mention | None]
    names: frozenset[str]
    platform: Platform | None
    apps: frozenset[str] | None
    covers: Coverage = NOTHING
    enrollment: Enrollment | None = None
    ownership: Ownership | None = None
    login: str | None = None
    model: str | None = None


def samples() -> list[Sample]:
    classic = jamf_classic.JamfClassic(link(client="c", unmanaged_apps="yes"))
    pro = jamf.Jamf(link(client="c", unmanaged_apps="yes"))
    google_ = google.Directory(link(subject="a@example.org", customer="my_customer", audited="yes"))
    ios, droid = Platform.IOS, Platform.ANDROID
    corporate, personal = Ownership.CORPORATE, Ownership.PERSONAL
    profile = frozenset({"org.example.mail", "org.example.maps", "android"})
    who = {"login": "p7@example.org"}
    return [
        Sample("micromdm/nanomdm DeviceInformation.1.json", lambda: heard(webhook(MACS)), frozenset({"UDID-1"}), ios, None),
        Sample(
            "micromdm/nanomdm Authenticate.2.json",
            lambda: heard(webhook(CHECKED_IN, "mdm.Authenticate")),
            frozenset({"UDID-1", "SERIAL1"}), ios, None, enrollment=Enrollment.DEVICE, model="iPhone12,8",
        ),
        Sample(
            "zentral installed_application_list.plist", lambda: heard(webhook({**MACS, "InstalledApplicationList": LIST})),
            frozenset({"UDID-1"}), ios, frozenset({"org.example.mail", "org.example.maker"}), EVERYTHING,
        ),
        Sample(
            "Apple, Installed Application List", lambda: heard(webhook({"InstalledApplicationList": WHOLE_LIST})),
            frozenset({"UDID-1"}), ios, frozenset({"org.example.chess"}), EVERYTHING,
        ),
        Sample(
            "demisto get_mobile_device_by_id_raw_response.json", lambda: classic.parse(jamf_ipad(), NOW),
            frozenset({"udid-7", "SERIAL7"}), ios, frozenset(f"org.example.a{n}" for n in range(18)), EVERYTHING,
            Enrollment.DEVICE, corporate, "p7", "iPad7,11",
        ),
        Sample(
            "macadmins jamf-pro-sdk mobile_devices.py", lambda: pro.parse(jamf_detail(), NOW),
            frozenset({"udid-7", "SERIAL7"}), ios, frozenset({"org.example.mail"}), NOTHING,
            Enrollment.USER, personal, "p7@example.org", "iPhone 12",
        ),
        Sample(
            "demisto mobile_devices_list, APPROVED", lambda: google_.parse(directory(), NOW),
            frozenset({"mobile/R7", "SERIAL7"}), droid, None, ownership=personal, model="SM-G960F", **who,
        ),
        Sample(
            "demisto mobile_devices_list, WIPING", lambda: google_.parse(directory(status="WIPING"), NOW),
            frozenset({"mobile/R7", "SERIAL7"}), droid, None, ownership=personal, model="SM-G960F", **who,
        ),
        Sample(
            "demisto mobile_devices_list, IOS_SYNC", lambda: google_.parse(directory(**SYNCED), NOW),
            frozenset({"mobile/R7", "SERIAL7"}), ios, None, ownership=personal, model="iPhone10,6", **who,
        ),
        Sample(
            "demisto raw_device.json; graph manageddevice-get.md",
            lambda: intune_rows.mention(intune_rows.Raw(managed_device(), None), "s", NOW),
            frozenset({"SERIAL7", "EAS7", "0f0f0f0f-0000-4000-8000-000000000007"}), ios, None,
            enrollment=Enrollment.SUPERVISED, ownership=corporate, model="iPhone 12", **who,
        ),
        Sample(
            "an AMAPI device, PROFILE_OWNER", lambda: android.mention(profile_phone(), "s", NOW),
            frozenset({"enterprises/E7/devices/7"}), droid, profile, NOTHING, Enrollment.USER, personal, None, "Pixel 8",
        ),
        Sample(
            "fleetdm integration_software_test.go", lambda: android_pushed.parse(bare(["org.example.mail"]), "E7", "s", NOW),
            frozenset({"enterprises/E7/devices/7", "SERIAL7"}), droid, None, model="Pixel 8",
        ),
    ]  # fmt: skip


@pytest.mark.parametrize("sample", samples(), ids=lambda one: one.of)
def test_the_shapes_that_others_published_are_read(sample: Sample) -> None:
    found = sample.read()
    assert found is not None
    assert {one.value for one in found.identities} == sample.names
    told = (found.platform, found.enrollment, found.ownership, found.login, found.model)
    assert told == (sample.platform, sample.enrollment, sample.ownership, sample.login, sample.model)
    seen = {app.id for one in found.reports for app in one.present} if found.reports else None
    assert seen == sample.apps
    assert [one.coverage for one in found.reports] == ([] if sample.apps is None else [sample.covers])
    assert all(one.observed_at == AT for one in found.reports)


def test_a_push_without_a_state_says_nothing_of_leaving() -> None:
    found = android_pushed.parse(bare(["org.example.mail"]), "E7", "s", NOW)
    assert (found is not None and found.enrolled, android_pushed.message_id(bare([]))) == (None, "")
    assert android.mention(profile_phone(state="DELETED"), "s", NOW).enrolled is False


def test_what_the_references_own_example_says_is_no_phone() -> None:
    example = managed_device(operatingSystem="Operating System value", serialNumber="Serial Number value")
    assert intune_rows.sight(intune_rows.Raw(example, None)) is None


@pytest.mark.parametrize("odd", [{"managedDevices": None, "displayName": None, "deviceCount": 0, "platform": "unknown"}, None, 7])
def test_rows_of_restricted_apps_that_hold_nothing_are_passed_over(odd: Any) -> None:
    """microsoft-graph-docs 13645: rows whose names are null and whose counts are 0."""
    found: dict[str, intune_rows.Verdict] = {}
    intune_rows.violations([odd, {"managedDeviceId": "d", "platformType": "iOS", "restrictedApps": [odd]}], found)
    assert found == {"d": intune_rows.Verdict()}
