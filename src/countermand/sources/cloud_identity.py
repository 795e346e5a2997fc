"""Google's Cloud Identity devices: who uses which phone for Google, the company's own too. It sees no apps.

Traps of this source, each handled here and nowhere else:

* A device and who uses it are two lists. One phone may have several users; the one with the latest first sync is its owner.
* ``deviceType`` names laptops as well. A wiped or unenrolled user is no longer there.
* The name of a *device user* is what Google's own levers block, so that is the Google name of a phone here.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

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
from countermand.sources.rows import looked_over, moment, part, rows_of, text, thing, word
from countermand.sources.source import Checked, Link, Page, Question, Request, Setting, allowed

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
_GONE = frozenset({"wiped", "wiping", "unenrolled"})
_ENROLLMENT = {
    "device_owner": Enrollment.SUPERVISED,
    "profile_owner": Enrollment.USER,
    "device_administrator": Enrollment.DEVICE,
}


class Raw(Struct, frozen=True):
    """A device, and those who use it."""

    device: Any
    users: tuple[Mapping[str, Any], ...]


class CloudIdentity:
    """One customer's devices."""

    def __init__(self, link: Link) -> None:
        self._name = link.name
        self._google = Google(link, REQUESTS, _SCOPE)

    def fetch(self, since: str) -> Iterator[Page]:
        """The users first, whole; then the devices by page token. Refused ``source-denied``."""
        with allowed(self._name):
            users: dict[str, list[Mapping[str, Any]]] = {}
            for page in self._google.pages(f"{_USERS}?{_ALL}&pageSize=20", "deviceUsers"):
                for user in rows_of(list(page.raw)):
                    users.setdefault(text(user.get("name")).partition("/deviceUsers/")[0], []).append(user)
            for page in self._google.pages(f"{_DEVICES}?{_ALL}&pageSize=100", "devices", since):
                raw = (
                    Raw(row, tuple(users.get(text(row.get("name")), ()))) if isinstance(row, dict) else row for row in page.raw
                )
                yield Page(tuple(raw), page.next)

    def parse(self, raw: Any, now: Instant) -> Mention | None:
        row, users = _parts(raw)
        there = [one for one in users if word(one.get("managementState")) not in _GONE]
        kind, at = word(row.get("deviceType")), moment(row.get("lastSyncTime"), now)
        if kind not in _PLATFORMS:
            return None
        names = _identities(row, there, kind)
        if not names:
            raise Refused("device-unreadable", device="", why="it has no name")
        owner = _owner(there)
        return Mention(
            identities=names,
            platform=_PLATFORMS[kind],
            login=(normal_login(text(owner.get("userEmail"))) or None) if owner else None,
            model=text(row.get("model")) or None,
            ownership=_OWNERSHIP.get(word(row.get("ownerType"))),
            enrollment=_ENROLLMENT.get(word(part(row, "androidSpecificAttributes").get("ownershipPrivilege"))),
            reads_mail=True if kind == _SYNC else None,
            enrolled=bool(there),
            seen_at=at,
        )

    def recheck(self, devices: Sequence[Mention], apps: frozenset[App] | None) -> Question | None:
        """Not supported: it sees no apps."""
        return None

    def visibility(self, raw: Any) -> Sight | None:
        row, _ = _parts(raw)
        return SIGHTS[0] if word(row.get("deviceType")) in _PLATFORMS else None

    def check(self, names: frozenset[str], tick: Callable[[int], None]) -> Checked:
        return looked_over("devices and who uses them", _SCOPE, self.fetch(""), self.visibility, tick)


def _parts(raw: Any) -> tuple[Mapping[str, Any], tuple[Mapping[str, Any], ...]]:
    return (thing(raw.device), raw.users) if isinstance(raw, Raw) else (thing(raw), ())


def _owner(users: Sequence[Mapping[str, Any]]) -> Mapping[str, Any] | None:
    if len(users) < 2:
        return users[0] if users else None
    return max(users, key=lambda one: text(one.get("firstSyncTime")))


def _identities(row: Mapping[str, Any], users: Sequence[Mapping[str, Any]], kind: str) -> tuple[Identity, ...]:
    names = [Identity(_GOOGLE, name) for one in users if (name := text(one.get("name")))]
    if serial := text(row.get("serialNumber")):
        names.append(Identity(_SERIAL, serial))
    if name := text(row.get("name")):
        names.append(Identity(_GOOGLE, name))
    if kind == _SYNC and (eas := text(row.get("deviceId"))):
        names.append(Identity(_EAS, eas))
    return tuple(dict.fromkeys(names))
