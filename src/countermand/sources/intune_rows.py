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
from typing import Any

from msgspec import Struct

from countermand.core.apps import App
from countermand.core.coverage import NOTHING, Coverage, Grade, Report
from countermand.core.devices import Enrollment, Identity, IdentityKind, Ownership, Platform
from countermand.core.errors import Refused
from countermand.core.instants import Instant
from countermand.core.mentions import Mention
from countermand.core.people import normal_login
from countermand.core.visibility import Sees, Sight
from countermand.sources.rows import moment, text, thing, word

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


class Raw(Struct, frozen=True):
    """A ``managedDevice`` as it came, and what the rules found on it; None: no rule speaks of it."""

    device: Any
    verdict: Verdict | None


def mention(raw: Raw, source: str, now: Instant) -> Mention | None:
    """The phone; None if it is none. Refused ``device-unreadable`` or ``time-ahead``."""
    row = thing(raw.device)
    platform = platform_of(row)
    if platform is None:
        return None
    eas = text(row.get("easDeviceId"))
    names = _identities(row, eas)
    if not names:
        why = "it has no serial number, ActiveSync id or Entra id"
        raise Refused("device-unreadable", device=text(row.get("id")), why=why)
    enrollment = _enrollment(row, platform)
    seen_at = moment(row.get("lastSyncDateTime"), now)
    return Mention(
        identities=names,
        platform=platform,
        login=normal_login(text(row.get("userPrincipalName"))) or None,
        model=text(row.get("model")) or None,
        ownership=_OWNERSHIP.get(word(row.get("managedDeviceOwnerType"))),
        enrollment=enrollment,
        reads_mail=True if eas and row.get("easActivated") is True else None,
        enrolled=True,
        seen_at=seen_at,
        reports=_reports(raw.verdict, source, enrollment, platform, seen_at) if raw.verdict else (),
    )


def sight(raw: Raw) -> Sight | None:
    """In which of the ways above this device is seen; None if it is no phone. Refused ``device-unreadable``."""
    row = thing(raw.device)
    platform = platform_of(row)
    if platform is None:
        return None
    named = raw.verdict is not None and bool(raw.verdict.lacked or raw.verdict.shown)
    if platform is _ANDROID:
        return ANDROID_NAMED if named else ANDROID_NONE
    if _enrollment(row, platform) is Enrollment.USER:
        return IOS_USER
    return IOS_NAMED if named else IOS_NONE


def platform_of(row: Mapping[str, Any]) -> Platform | None:
    """What it is by its operating system; None for what is no phone."""
    return _PLATFORMS.get(word(row.get("operatingSystem")).replace(" ", ""))


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


def _enrollment(row: Mapping[str, Any], platform: Platform) -> Enrollment:
    kind, owner = word(row.get("deviceEnrollmentType")), word(row.get("managedDeviceOwnerType"))
    return _managed(platform, kind, owner, word(row.get("managementAgent")), row.get("isSupervised") is True)


@lru_cache(maxsize=1024)
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


def _identities(row: Mapping[str, Any], eas: str) -> tuple[Identity, ...]:
    serial, entra = text(row.get("serialNumber")), text(row.get("azureADDeviceId"))
    found = []
    if serial.lower() not in _NO_SERIAL:
        found.append(Identity(_SERIAL, serial))
    if entra and entra != _NO_ENTRA:
        found.append(Identity(_ENTRA, entra.lower()))
    if eas:
        found.append(Identity(_EAS, eas))
    return tuple(found)
