"""Google's Cloud Identity devices: who uses which phone for Google, the company's own too. It sees no apps.

Traps of this source, each handled here and nowhere else:

* A device and who uses it are two lists. One phone may have several users; the one with the latest first sync is its owner.
* ``deviceType`` names laptops as well. A wiped or unenrolled user is no longer there.
* The name of a *device user* is what Google's own levers block, so that is the Google name of a phone here.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from countermand.core.apps import App
from countermand.core.coverage import Grade
from countermand.core.devices import Enrollment, Identity, IdentityKind, Ownership, Platform
from countermand.core.errors import Refused
from countermand.core.instants import Instant
from countermand.core.mentions import Mention
from countermand.core.people import normal_login
from countermand.core.visibility import Sees, Sight
from countermand.lib.granted import Denied
from countermand.sources.google_pages import LOGIN, SUBJECT, TOKEN, Google
from countermand.sources.rows import looked_over, moment, part, rows_of, text, thing
from countermand.sources.source import Checked, Link, Page, Question, Request, Setting

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
_PLATFORMS = {"ANDROID": Platform.ANDROID, "IOS": Platform.IOS, "GOOGLE_SYNC": Platform.IOS}
_GONE = frozenset({"WIPED", "WIPING", "UNENROLLED"})
_ENROLLMENT = {
    "DEVICE_OWNER": Enrollment.SUPERVISED,
    "PROFILE_OWNER": Enrollment.USER,
    "DEVICE_ADMINISTRATOR": Enrollment.DEVICE,
}


@dataclass(frozen=True, slots=True)
class Raw:
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
        try:
            users: dict[str, list[Mapping[str, Any]]] = {}
            for page in self._google.pages(f"{_USERS}?{_ALL}&pageSize=20", "deviceUsers"):
                for user in rows_of(list(page.raw)):
                    users.setdefault(text(user.get("name")).partition("/deviceUsers/")[0], []).append(user)
            for page in self._google.pages(f"{_DEVICES}?{_ALL}&pageSize=100", "devices", since):
                raw = (
                    Raw(row, tuple(users.get(text(row.get("name")), ()))) if isinstance(row, dict) else row for row in page.raw
                )
                yield Page(tuple(raw), page.next)
        except Denied as denied:
            raise Refused("source-denied", source=self._name, why=str(denied)) from denied

    def parse(self, raw: Any, now: Instant) -> Mention:
        row, users = _parts(raw)
        there = [one for one in users if text(one.get("managementState")).upper() not in _GONE]
        owner = max(there, key=lambda one: text(one.get("firstSyncTime")), default=None)
        names = [Identity(IdentityKind.GOOGLE, text(one.get("name"))) for one in there if text(one.get("name"))]
        if serial := text(row.get("serialNumber")):
            names.append(Identity(IdentityKind.SERIAL, serial))
        if name := text(row.get("name")):
            names.append(Identity(IdentityKind.GOOGLE, name))
        kind, at = text(row.get("deviceType")).upper(), moment(row.get("lastSyncTime"), now)
        if kind == "GOOGLE_SYNC" and (eas := text(row.get("deviceId"))):
            names.append(Identity(IdentityKind.EAS, eas))
        if not names or kind not in _PLATFORMS:
            raise Refused("device-unreadable", device="", why="it has no name")
        privilege = text(part(row, "androidSpecificAttributes").get("ownershipPrivilege")).upper()
        return Mention(
            identities=tuple(dict.fromkeys(names)),
            platform=_PLATFORMS[kind],
            login=(normal_login(text(owner.get("userEmail"))) or None) if owner else None,
            model=text(row.get("model")) or None,
            ownership={"COMPANY": Ownership.CORPORATE, "BYOD": Ownership.PERSONAL}.get(text(row.get("ownerType")).upper()),
            enrollment=_ENROLLMENT.get(privilege),
            reads_mail=True if kind == "GOOGLE_SYNC" else None,
            enrolled=bool(there),
            seen_at=at,
        )

    def recheck(self, devices: Sequence[Mention], apps: frozenset[App] | None) -> Question | None:
        """Not supported: it sees no apps."""
        return None

    def visibility(self, raw: Any) -> Sight | None:
        row, _ = _parts(raw)
        return SIGHTS[0] if text(row.get("deviceType")).upper() in _PLATFORMS else None

    def check(self, names: frozenset[str], tick: Callable[[int], None]) -> Checked:
        return looked_over("devices and who uses them", _SCOPE, self.fetch(""), self.visibility, tick)


def _parts(raw: Any) -> tuple[Mapping[str, Any], tuple[Mapping[str, Any], ...]]:
    return (thing(raw.device), raw.users) if isinstance(raw, Raw) else (thing(raw), ())
