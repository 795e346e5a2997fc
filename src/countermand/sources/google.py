"""Google Workspace's mobile devices, through the Directory API: who signs in to Google with what, and apps of some Androids.

Traps of this source, each handled here and nowhere else:

* It lists devices that people own, and no company-owned ones; at most 100 to a page.
* Apps are listed for Android alone, and only in the FULL projection. Whether applications are audited at all no answer says, so
  an operator says it (``audited``); until then a list proves presence alone.
* In a work profile the list is the profile's, with the system's apps: it proves no absence outside.
* A list that is missing or empty says that nothing was collected.
* ``resourceId`` names the device to the API; ``deviceId`` is, of a Google Sync client, the name under which it asks for mail.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from countermand.core.apps import App
from countermand.core.coverage import EVERYTHING, NOTHING, Grade, Report
from countermand.core.devices import Enrollment, Identity, IdentityKind, Ownership, Platform
from countermand.core.errors import Refused
from countermand.core.instants import Instant
from countermand.core.mentions import Mention
from countermand.core.people import normal_login
from countermand.core.visibility import Sees, Sight
from countermand.sources.google_pages import LOGIN, SUBJECT, TOKEN, Google
from countermand.sources.rows import apps_of, first, looked_over, moment, rows_of, text, thing
from countermand.sources.source import Checked, Link, Page, Question, Request, Setting, allowed

SETTINGS: Mapping[str, Setting] = {
    "subject": SUBJECT,
    "customer": Setting("the customer id", "my_customer", r"[0-9A-Za-z_]{1,64}"),
    "audited": Setting("yes, if applications of Android devices are audited; else no", "no", "yes|no"),
    "url": Setting("the Directory API's address", "https://admin.googleapis.com"),
    "login": LOGIN,
}
_SCOPE = "https://www.googleapis.com/auth/admin.directory.device.mobile.readonly"
_LIST = r"/admin/directory/v1/customer/[0-9A-Za-z_]{1,64}/devices/mobile"
#: Everything that is ever asked. None of it can change or wipe a device.
REQUESTS: tuple[Request, ...] = (TOKEN, Request("GET", _LIST, _SCOPE))

_API = "Google Admin SDK, Directory API, mobiledevices"
_HELP = "Google Workspace Admin Help, audit Android applications"
_ANDROID = Platform.ANDROID
WHOLE = Sight(
    "people's own Android, audited, without a work profile", _ANDROID, None, Sees.EVERY, Sees.EVERY, Grade.INVENTORY, _HELP
)
PROFILE = Sight("Android with a work profile", _ANDROID, Enrollment.USER, Sees.MANAGED, Sees.NONE, Grade.INVENTORY, _API)
UNSURE = Sight("Android, audited or not", _ANDROID, None, Sees.MANAGED, Sees.NONE, Grade.INVENTORY, _API)
IOS = Sight("iPhones and iPads, and Google Sync", None, None, Sees.NONE, Sees.NONE, Grade.NONE, _API)
LEFT = Sight("wiped, or no longer there", None, None, Sees.NONE, Sees.NONE, Grade.NONE, _API)
SIGHTS = (WHOLE, PROFILE, UNSURE, IOS, LEFT)

_GONE = frozenset({"WIPED", "ACCOUNT_WIPED", "UNPROVISIONED", "DELETED"})
_SYNC = "GOOGLE_SYNC"


class Directory:
    """One customer's mobile devices."""

    def __init__(self, link: Link) -> None:
        self._name = link.name
        self._audited = link.settings["audited"] == "yes"
        self._path = f"/admin/directory/v1/customer/{link.settings['customer']}/devices/mobile?projection=FULL&maxResults=100"
        self._google = Google(link, REQUESTS, _SCOPE)

    def fetch(self, since: str) -> Iterator[Page]:
        """By page token. Refused ``source-denied``."""
        with allowed(self._name):
            yield from self._google.pages(self._path, "mobiledevices", since)

    def parse(self, raw: Any, now: Instant) -> Mention | None:
        row = thing(raw)
        platform = _platform(row)
        if platform is None:
            return None
        names = _identities(row)
        if not names:
            raise Refused("device-unreadable", device="", why="it has neither resourceId nor serial number")
        at = moment(row.get("lastSync"), now)
        sight = self._sight(row, platform)
        apps = _apps(row.get("applications")) if sight in {WHOLE, PROFILE, UNSURE} else None
        covered = EVERYTHING if sight is WHOLE else NOTHING
        return Mention(
            identities=names,
            platform=platform,
            login=normal_login(first(row.get("email"))) or None,
            model=text(row.get("model")) or None,
            ownership=Ownership.PERSONAL,
            enrollment=Enrollment.USER if sight is PROFILE else None,
            reads_mail=True if text(row.get("type")).upper() == _SYNC else None,
            enrolled=sight is not LEFT,
            seen_at=at,
            managed=Enrollment.DEVICE if sight in {WHOLE, UNSURE} else Enrollment.NONE,
            reports=(Report(self._name, at, Grade.INVENTORY, covered, apps),) if apps is not None and at is not None else (),
        )

    def recheck(self, devices: Sequence[Mention], apps: frozenset[App] | None) -> Question | None:
        """Not supported: a device tells Google when it likes."""
        return None

    def visibility(self, raw: Any) -> Sight | None:
        row = thing(raw)
        platform = _platform(row)
        return None if platform is None else self._sight(row, platform)

    def _sight(self, row: Mapping[str, Any], platform: Platform) -> Sight:
        if text(row.get("status")).upper() in _GONE:
            return LEFT
        if platform is Platform.IOS or text(row.get("type")).upper() == _SYNC:
            return IOS
        if row.get("supportsWorkProfile") is True and row.get("managedAccountIsOnOwnerProfile") is not True:
            return PROFILE
        return WHOLE if self._audited and row.get("managedAccountIsOnOwnerProfile") is True else UNSURE

    def check(self, names: frozenset[str], tick: Callable[[int], None]) -> Checked:
        return looked_over("mobile devices with their apps", _SCOPE, self.fetch(""), self.visibility, tick)


def _platform(row: Mapping[str, Any]) -> Platform | None:
    said = " ".join(text(row.get(name)).lower() for name in ("type", "os"))
    if "android" in said:
        return Platform.ANDROID
    return Platform.IOS if any(word in said for word in ("ios", "iphone", "ipad")) else None


def _identities(row: Mapping[str, Any]) -> tuple[Identity, ...]:
    found = []
    if name := text(row.get("resourceId")):
        found.append(Identity(IdentityKind.GOOGLE, f"mobile/{name}"))
    if serial := text(row.get("serialNumber")):
        found.append(Identity(IdentityKind.SERIAL, serial))
    if text(row.get("type")).upper() == _SYNC and (eas := text(row.get("deviceId"))):
        found.append(Identity(IdentityKind.EAS, eas))
    return tuple(found)


def _apps(listed: Any) -> frozenset[App] | None:
    """The apps that are there; None if no list was collected."""
    return apps_of(_ANDROID, [row.get("packageName") for row in rows_of(listed)]) or None
