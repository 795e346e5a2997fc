"""What Intune says of one phone, read into our own words. Pure.

Traps of these rows, each handled here and nowhere else:

* Placeholders stand where nothing is known: serial ``0``, the all-zero Entra id, the year 1 for "never".
* Times have seven digits of a second. Every value may be null, and any value may be of another type.
* Who has no right to see an app list still gets a verdict: *restricted apps* compliance. It covers the ids of the policy's list
  and nothing else; "not compliant" does not say which of them is there, unless the list has one id.
* On a user-enrolled iPhone the verdict speaks of managed apps only, so that "compliant" proves nothing.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, TypedDict

from msgspec import Struct

from countermand.core.apps import App
from countermand.core.coverage import NOTHING, Coverage, Grade, Report
from countermand.core.devices import Enrollment, Identity, IdentityKind, Ownership, Platform
from countermand.core.errors import Refused
from countermand.core.instants import Instant
from countermand.core.mentions import Mention
from countermand.core.people import normal_login
from countermand.core.visibility import Sees, Sight
from countermand.sources.rows import moment, text, word
from countermand.sources.wanted import Shown, fields_of, reader

_IOS, _ANDROID = Platform.IOS, Platform.ANDROID
_SERIAL, _ENTRA, _EAS = IdentityKind.SERIAL, IdentityKind.ENTRA, IdentityKind.EAS
_PLATFORMS = {"ios": _IOS, "ipados": _IOS, "android": _ANDROID}
_OWNERSHIP = {"company": Ownership.CORPORATE, "personal": Ownership.PERSONAL}
_NO_SERIAL = frozenset({"", "0", "unknown", "none", "n/a", "defaultstring", "default string", "to be filled by o.e.m."})
_NO_ENTRA = "00000000-0000-0000-0000-000000000000"
_WORK_PROFILE, _MANAGED = "androidenterprisecorporateworkprofile", frozenset(
    {"androidenterprisefullymanaged", "androidenterprisededicateddevice"}
)  # fmt: skip
_LEGACY = "androiddeviceadministrator"

_RESTRICTED = "Intune documentation, device compliance settings, Restricted apps"
_DISCOVERED = "Intune documentation, Discovered apps"
_LISTED = Grade.INVENTORY
IOS_NAMED = Sight(
    "iPhones and iPads under a policy of restricted apps", Platform.IOS, None, Sees.NAMED, Sees.NAMED, _LISTED, _RESTRICTED
)
IOS_NONE = Sight("iPhones and iPads under no such policy", Platform.IOS, None, Sees.NONE, Sees.NONE, Grade.NONE, _DISCOVERED)
IOS_USER = Sight(
    "user-enrolled iPhones and iPads", Platform.IOS, Enrollment.USER, Sees.MANAGED, Sees.NONE, Grade.NONE, _RESTRICTED
)
ANDROID_NAMED = Sight(
    "Android device administrator under such a policy", Platform.ANDROID, None, Sees.NAMED, Sees.NAMED, _LISTED, _RESTRICTED
)
ANDROID_NONE = Sight("every other Android", Platform.ANDROID, None, Sees.NONE, Sees.NONE, Grade.NONE, _RESTRICTED)
SIGHTS = (IOS_NAMED, IOS_NONE, IOS_USER, ANDROID_NAMED, ANDROID_NONE)


@dataclass(frozen=True, slots=True)
class Verdict:
    """What Intune's rules found on one phone. ``lacked``: ids that are not there; ``shown``: ids that are."""

    lacked: frozenset[App] = frozenset()
    shown: frozenset[App] = frozenset()


_FIELDS = {
    "id": "id", "login": "userPrincipalName", "owner": "managedDeviceOwnerType", "agent": "managementAgent",
    "system": "operatingSystem", "supervised": "isSupervised", "kind": "deviceEnrollmentType", "heard": "lastSyncDateTime",
    "entra": "azureADDeviceId", "reads_mail": "easActivated", "eas": "easDeviceId", "serial": "serialNumber", "model": "model",
}  # fmt: skip
#: What is asked of a ``managedDevice``.
COLUMNS = ",".join(_FIELDS.values())


class Device(Struct, frozen=True, gc=False, rename=_FIELDS):
    """What is wanted of a ``managedDevice``."""

    id: Shown = None
    login: Shown = None
    owner: Shown = None
    agent: Shown = None
    system: Shown = None
    supervised: Any = None
    kind: Shown = None
    heard: Any = None
    entra: Shown = None
    reads_mail: Any = None
    eas: Shown = None
    serial: Shown = None
    model: Shown = None


_Devices = TypedDict("_Devices", {"value": list[Device], "@odata.nextLink": Any, "@odata.count": Any}, total=False)
#: Takes a page of them apart.
read_devices = reader(_Devices)


class Raw(Struct, frozen=True, gc=False):
    """A ``managedDevice`` as it came, or what is wanted of it, and what the rules found; None: no rule speaks of it."""

    device: Any
    verdict: Verdict | None


def with_verdict(row: Any, found: Mapping[str, Verdict]) -> Raw:
    """A row of a page beside what the rules found on the device; what is no row stays what it is."""
    device = fields_of(Device, row) if type(row) is dict else row
    return Raw(device, found.get(device.id) if type(device) is Device and device.id else None)


def mention(raw: Raw, source: str, now: Instant) -> Mention | None:
    """The phone; None if it is none. Refused ``device-unreadable`` or ``time-ahead``."""
    row = fields_of(Device, raw.device)
    way = _way_of(row)
    if way is None:
        return None
    platform, ownership, enrollment, model = way
    eas = (row.eas or "").strip()
    names = _identities((row.serial or "").strip(), (row.entra or "").strip(), eas)
    if not names:
        why = "it has no serial number, ActiveSync id or Entra id"
        raise Refused("device-unreadable", device=text(row.id), why=why)
    seen_at = moment(row.heard, now)
    return Mention(
        names,
        platform,
        normal_login(row.login or "") or None,
        model,
        ownership,
        enrollment,
        True if eas and row.reads_mail is True else None,
        True,
        seen_at,
        None,
        None,
        _reports(raw.verdict, source, enrollment, platform, seen_at) if raw.verdict else (),
    )


def sight(raw: Raw) -> Sight | None:
    """In which of the ways above this device is seen; None if it is no phone. Refused ``device-unreadable``."""
    way = _way_of(fields_of(Device, raw.device))
    if way is None:
        return None
    platform, _, enrollment, _ = way
    named = raw.verdict is not None and bool(raw.verdict.lacked or raw.verdict.shown)
    if platform is _ANDROID:
        return ANDROID_NAMED if named else ANDROID_NONE
    if enrollment is Enrollment.USER:
        return IOS_USER
    return IOS_NAMED if named else IOS_NONE


def verdicts(states: Iterable[tuple[Platform, Any]], lists: Mapping[Platform, list[frozenset[App]]]) -> dict[str, Verdict]:
    """Managed device id → what restricted-apps compliance found. ``states``: rows of the setting's states with the platform of
    the setting; ``lists``: the ids of every policy. A state does not say under which policy it came about: so what is
    lacked is what all of them list, and what is shown is certain only if they list one id between them."""
    worst: dict[tuple[str, Platform], str] = {}
    for platform, row in states:
        if not isinstance(row, dict) or not (device := text(row.get("deviceId"))):
            continue
        state = word(row.get("state"))
        if state in ("notapplicable", "notassigned"):
            continue
        before = worst.get((device, platform), state)
        worst[device, platform] = state if before == "compliant" or state == "noncompliant" else before
    found: dict[str, Verdict] = {}
    for (device, platform), state in worst.items():
        listed = lists.get(platform) or [frozenset()]
        every = frozenset().union(*listed)
        lacked = frozenset.intersection(*listed) if state == "compliant" else frozenset()
        shown = every if state == "noncompliant" and len(every) == 1 else frozenset()
        found[device] = _both(found.get(device), Verdict(lacked, shown))
    return found


def violations(rows: Iterable[Any], into: dict[str, Verdict]) -> None:
    """Add what restricted-apps profiles found: these rows name the very apps. A profile that finds nothing has no row, and so
    its silence proves nothing."""
    for row in rows:
        if not isinstance(row, dict) or not (device := text(row.get("managedDeviceId"))):
            continue
        said = word(row.get("platformType"))
        platform = _IOS if said == "ios" else _ANDROID if said.startswith("android") else None
        if platform is not None:
            into[device] = _both(into.get(device), Verdict(shown=apps_of(platform, row.get("restrictedApps"))))


def apps_of(platform: Platform, listed: Any) -> frozenset[App]:
    """The ids of a list of apps; rows without one name nothing."""
    rows = listed if isinstance(listed, list) else []
    ids = (text(row.get("appId")) for row in rows if isinstance(row, dict))
    return frozenset(App(platform, one) for one in ids if one)


def _both(one: Verdict | None, other: Verdict) -> Verdict:
    return other if one is None else Verdict(one.lacked | other.lacked, one.shown | other.shown)


def _reports(verdict: Verdict, source: str, enrollment: Enrollment, platform: Platform, at: Instant | None) -> tuple[Report, ...]:
    """At most one; none for a phone that was never heard, whatever a rule says of it."""
    if at is None or not (verdict.lacked or verdict.shown):
        return ()
    hidden = platform is _IOS and enrollment is Enrollment.USER
    covered = NOTHING if hidden else Coverage(verdict.lacked | verdict.shown)
    return (Report(source, at, Grade.INVENTORY, covered, verdict.shown),)


_Way = tuple[Platform, Ownership | None, Enrollment, str | None]


def _way_of(row: Device) -> _Way | None:
    return _way(row.supervised is True, row.system, row.kind, row.owner, row.agent, row.model)


@lru_cache(maxsize=4096)
def _way(supervised: bool, system: Shown, kind: Shown, owner: Shown, agent: Shown, model: Shown) -> _Way | None:
    """Its platform, whose it is, how it is managed, and its model; None for what is no phone. Remembered, because a whole fleet
    has few of them."""
    platform = _PLATFORMS.get(word(system).replace(" ", ""))
    if platform is None:
        return None
    enrollment = _managed(platform, word(kind), word(owner), word(agent), supervised)
    return platform, _OWNERSHIP.get(word(owner)), enrollment, text(model) or None


def _managed(platform: Platform, kind: str, owner: str, agent: str, supervised: bool) -> Enrollment:
    """How it is managed. Whatever Intune does not name is taken for the way that hides most."""
    if platform is _IOS:
        if kind.startswith("appleuserenrollment"):
            return Enrollment.USER
        return Enrollment.SUPERVISED if supervised else Enrollment.DEVICE
    if kind in _MANAGED:
        return Enrollment.SUPERVISED
    if kind == _WORK_PROFILE:
        return Enrollment.COPE
    if agent == _LEGACY:
        return Enrollment.DEVICE
    return Enrollment.COPE if owner == "company" else Enrollment.USER


def _identities(serial: str, entra: str, eas: str) -> tuple[Identity, ...]:
    found = []
    if serial.lower() not in _NO_SERIAL:
        found.append(Identity(_SERIAL, serial))
    if entra and entra != _NO_ENTRA:
        found.append(Identity(_ENTRA, entra.lower()))
    if eas:
        found.append(Identity(_EAS, eas))
    return tuple(found)
