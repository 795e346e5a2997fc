"""Google's Cloud Identity devices: who uses which phone for Google, the company's own too. It sees no apps.

Traps of this source, each handled here and nowhere else:

* A device and who uses it are two lists. One phone may have several users; the one with the latest first sync is its owner.
* ``deviceType`` names laptops as well. A wiped or unenrolled user is no longer there.
* The name of a *device user* is what Google's own levers block, so that is the Google name of a phone here.
"""

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from functools import lru_cache
from typing import Any, TypedDict

from msgspec import Struct

from countermand.core.apps import App
from countermand.core.coverage import Grade
from countermand.core.devices import Enrollment, Identity, IdentityKind, Ownership, Platform
from countermand.core.errors import Refused
from countermand.core.instants import Instant
from countermand.core.mentions import Mention
from countermand.core.people import normal_login
from countermand.core.visibility import Sees, Sight
from countermand.sources.google_pages import LOGIN, SUBJECT, TOKEN, Google
from countermand.sources.rows import looked_over, moment, text, word
from countermand.sources.source import Checked, Link, Page, Question, Request, Setting, allowed
from countermand.sources.wanted import Shown, fields_of, reader, rows_as

SETTINGS: Mapping[str, Setting] = {
    "subject": SUBJECT,
    "url": Setting("Cloud Identity's address", "https://cloudidentity.googleapis.com"),
    "login": LOGIN,
}
_SCOPE = "https://www.googleapis.com/auth/cloud-identity.devices.readonly"
_DEVICES, _USERS = "/v1/devices", "/v1/devices/-/deviceUsers"
#: Everything that is ever asked. None of it can change or wipe a device.
REQUESTS: tuple[Request, ...] = (TOKEN, Request("GET", _DEVICES, _SCOPE), Request("GET", _USERS, _SCOPE))
_ALL = "customer=customers/my_customer"
SIGHTS: tuple[Sight, ...] = (
    Sight("every phone", None, None, Sees.NONE, Sees.NONE, Grade.NONE, "Cloud Identity API, devices and deviceUsers"),
)
_SERIAL, _GOOGLE, _EAS = IdentityKind.SERIAL, IdentityKind.GOOGLE, IdentityKind.EAS
_SYNC = "google_sync"
_PLATFORMS = {"android": Platform.ANDROID, "ios": Platform.IOS, _SYNC: Platform.IOS}
_OWNERSHIP = {"company": Ownership.CORPORATE, "byod": Ownership.PERSONAL}
#: How nearly everybody's is spelt.
_USUAL = "APPROVED"
_GONE = frozenset({"wiped", "wiping", "unenrolled"})
_ENROLLMENT = {
    "device_owner": Enrollment.SUPERVISED,
    "profile_owner": Enrollment.USER,
    "device_administrator": Enrollment.DEVICE,
}


class Device(
    Struct,
    frozen=True,
    gc=False,
    rename={
        "kind": "deviceType", "owner": "ownerType", "serial": "serialNumber", "heard": "lastSyncTime", "eas": "deviceId",
        "android": "androidSpecificAttributes",
    },
):  # fmt: skip
    """What is wanted of a device."""

    name: Shown = None
    kind: Shown = None
    owner: Shown = None
    model: Shown = None
    serial: Shown = None
    heard: Any = None
    eas: Shown = None
    android: Any = None


class User(
    Struct, frozen=True, gc=False, rename={"login": "userEmail", "state": "managementState", "since": "firstSyncTime"}
):  # fmt: skip
    """What is wanted of somebody who uses one."""

    name: Shown = None
    login: Shown = None
    state: Shown = None
    since: Shown = None


class _Devices(TypedDict, total=False):
    devices: list[Device]
    nextPageToken: Any


class _Users(TypedDict, total=False):
    deviceUsers: list[User]
    nextPageToken: Any


#: Take pages of them apart.
read_devices, read_users = reader(_Devices), reader(_Users)


class Raw(Struct, frozen=True, gc=False):
    """A device as it came, or what is wanted of it, and those who use it."""

    device: Any
    users: Sequence[User]


class CloudIdentity:
    """One customer's devices."""

    def __init__(self, link: Link) -> None:
        self._name = link.name
        self._google = Google(link, REQUESTS, _SCOPE)

    def fetch(self, since: str) -> Iterator[Page]:
        """The users first, whole; then the devices by page token. Refused ``source-denied``."""
        with allowed(self._name):
            users: dict[str, list[User]] = {}
            for page in self._google.pages(f"{_USERS}?{_ALL}&pageSize=20", "deviceUsers", read=read_users):
                for user in rows_as(User, page.raw):
                    users.setdefault((user.name or "").strip().partition("/deviceUsers/")[0], []).append(user)
            for page in self._google.pages(f"{_DEVICES}?{_ALL}&pageSize=100", "devices", since, read_devices):
                yield Page(tuple(with_users(row, users) for row in page.raw), page.next)

    def parse(self, raw: Any, now: Instant) -> Mention | None:
        row = fields_of(Device, raw.device)
        way, at = _way_of(row), moment(row.heard, now)
        if way is None:
            return None
        platform, ownership, enrollment, model, syncs = way
        owner, used = None, {}
        for user in raw.users:
            if user.state == _USUAL or word(user.state) not in _GONE:
                used[(user.name or "").strip()] = user
                if owner is None or (user.since or "") > (owner.since or ""):
                    owner = user
        names = _identities(row, used, syncs=syncs)
        if not names:
            raise Refused("device-unreadable", device="", why="it has no name")
        login = normal_login(owner.login or "") if owner else ""
        return Mention(
            names, platform, login or None, model, ownership, enrollment, True if syncs else None, owner is not None, at
        )

    def recheck(self, devices: Sequence[Mention], apps: frozenset[App] | None) -> Question | None:
        """Not supported: it sees no apps."""
        return None

    def visibility(self, raw: Any) -> Sight | None:
        return None if _way_of(fields_of(Device, raw.device)) is None else SIGHTS[0]

    def check(self, names: frozenset[str], tick: Callable[[int], None]) -> Checked:
        return looked_over("devices and who uses them", _SCOPE, self.fetch(""), self.visibility, tick)


def with_users(row: Any, users: Mapping[str, Sequence[User]]) -> Raw:
    """A device of a page, and who uses it, by the name of the device; what is no row stays what it is."""
    if not isinstance(row, (Device, dict)):
        return Raw(row, ())
    device = fields_of(Device, row)
    return Raw(device, users.get((device.name or "").strip(), ()))


_Way = tuple[Platform, Ownership | None, Enrollment | None, str | None, bool]


def _way_of(row: Device) -> _Way | None:
    privilege = word(row.android.get("ownershipPrivilege")) if type(row.android) is dict else ""
    return _way(row.kind, row.owner, privilege, row.model)


@lru_cache(maxsize=4096)
def _way(kind: Shown, owner: Shown, privilege: str, model: Shown) -> _Way | None:
    """Its platform, whose it is, how it is managed, its model, and whether it is known by Google Sync alone; None for what is no
    phone. Remembered, because a whole fleet has few of them."""
    said = word(kind)
    if said not in _PLATFORMS:
        return None
    return _PLATFORMS[said], _OWNERSHIP.get(word(owner)), _ENROLLMENT.get(privilege), text(model) or None, said == _SYNC


def _identities(row: Device, used: Collection[str], *, syncs: bool) -> tuple[Identity, ...]:
    """``used``: the names of those who use it."""
    found = []
    for name in used:
        if name:
            found.append(Identity(_GOOGLE, name))
    if serial := (row.serial or "").strip():
        found.append(Identity(_SERIAL, serial))
    if (name := (row.name or "").strip()) and name not in used:
        found.append(Identity(_GOOGLE, name))
    if syncs and (eas := (row.eas or "").strip()):
        found.append(Identity(_EAS, eas))
    return tuple(found)
