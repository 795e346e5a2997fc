"""Jamf Pro, through its own API (v2): iPhones and iPads with the apps that Jamf collected.

Traps of this source, each handled here and nowhere else:

* The list of apps holds what people installed for themselves only if Jamf is set to collect unmanaged apps, and no answer says
  whether it is. So an operator says it (``unmanaged_apps``); until then a list proves presence alone.
* A row is not an installation: a managed app has a row while it is offered, rejected, or gone again (``managementStatus``).
* Of phones that are not the company's own (user enrolment, personal device profile) only managed apps are listed.
* No list, or an empty one, says that nothing was collected, not that the phone is empty.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import lru_cache
from typing import Any

from countermand.core.apps import App
from countermand.core.coverage import EVERYTHING, NOTHING, Grade, Report
from countermand.core.devices import Enrollment, Identity, IdentityKind, Ownership, Platform
from countermand.core.errors import Refused
from countermand.core.instants import Instant
from countermand.core.mentions import Mention
from countermand.core.people import normal_login
from countermand.core.visibility import Sees, Sight
from countermand.lib.granted import Denied, Granted, client_credentials
from countermand.lib.http import Unreachable
from countermand.sources.rows import apps_of, moment, part, text, thing, word
from countermand.sources.source import ENOUGH, Ability, Checked, Link, Page, Question, Request, Setting, allowed, strange

SETTINGS: Mapping[str, Setting] = {
    "url": Setting("Jamf Pro's address"),
    "client": Setting("the API client's id", form=r"[0-9A-Za-z._-]{1,128}"),
    "unmanaged_apps": Setting("yes, if Jamf Pro is set to collect unmanaged apps; else no", "no", "yes|no"),
}
_READ = "Read Mobile Devices"
_TOKEN, _DETAIL = "/api/v1/oauth/token", "/api/v2/mobile-devices/detail"
#: Everything that is ever asked. None of it can change or wipe a device.
REQUESTS: tuple[Request, ...] = (Request("POST", _TOKEN, "the client's secret"), Request("GET", _DETAIL, _READ))
_SECTIONS = "&".join(f"section={one}" for one in ("GENERAL", "HARDWARE", "USER_AND_LOCATION", "APPLICATIONS"))
_SIZE = 200

_MODELS = "Jamf Pro API, v2 mobile-devices/detail; Jamf Pro documentation, inventory collection"
_APPLE = "Apple device-management schema, mdm/commands/application.installed.list.yaml"
_IOS = Platform.IOS
WHOLE = Sight("the company's, unmanaged apps collected", _IOS, None, Sees.EVERY, Sees.EVERY, Grade.INVENTORY, _APPLE)
UNSURE = Sight("the company's, collected or not", _IOS, None, Sees.MANAGED, Sees.NONE, Grade.INVENTORY, _MODELS)
PERSONAL = Sight("people's own", _IOS, None, Sees.MANAGED, Sees.NONE, Grade.INVENTORY, _MODELS)
LEFT = Sight("no longer managed", _IOS, None, Sees.NONE, Sees.NONE, Grade.NONE, _MODELS)
SIGHTS = (WHOLE, UNSURE, PERSONAL, LEFT)

_ENROLLMENT = {
    "institutional": Enrollment.DEVICE,
    "accountdrivendeviceenrollment": Enrollment.DEVICE,
    "userenrollment": Enrollment.USER,
    "accountdrivenuserenrollment": Enrollment.USER,
    "personaldeviceprofile": Enrollment.USER,
}
#: How nearly every row spells it.
_USUAL = ("Managed", "Unmanaged")
#: Statuses of a managed app that is there (Apple, ManagedApplicationList); '' and what Jamf says of unmanaged ones as well.
_THERE = frozenset({"", "managed", "unmanaged", "updating", "promptingforupdate", "promptingforupdatelogin", "updaterejected"})


class Jamf:
    """One Jamf Pro."""

    def __init__(self, link: Link) -> None:
        self._name = link.name
        self._unmanaged = link.settings["unmanaged_apps"] == "yes"
        way = link.outward(link.settings["url"], tuple((one.method, one.path) for one in REQUESTS))
        form = {"client_id": link.settings["client"]}
        self._api = Granted(way, way, _TOKEN, client_credentials(link.secret, form), link.now, strange(link))

    def fetch(self, since: str) -> Iterator[Page]:
        """By page number, in the order of ids. Refused ``source-denied``."""
        with allowed(self._name):
            yield from self._pages(int(since or "0"))

    def parse(self, raw: Any, now: Instant) -> Mention | None:
        row = thing(raw)
        if word(row.get("deviceType")) != "ios":
            return None
        general, hardware, whose = (part(row, name) for name in ("general", "hardware", "userAndLocation"))
        ownership = _word(general, "deviceOwnershipType")
        enrollment = _enrollment(general)
        names = _identities(general, hardware)
        if not names:
            raise Refused(
                "device-unreadable", device=text(row.get("mobileDeviceId")), why="it has neither UDID nor serial number"
            )
        at = moment(general.get("lastInventoryUpdateDate"), now)
        covered = EVERYTHING if self._whole(general) else NOTHING
        apps = _apps(row.get("applications"))
        return Mention(
            identities=names,
            platform=_IOS,
            login=normal_login(text(whose.get("username")) or text(whose.get("emailAddress"))) or None,
            model=text(hardware.get("model")) or None,
            ownership=(Ownership.CORPORATE if ownership == "institutional" else Ownership.PERSONAL) if ownership else None,
            enrollment=enrollment,
            reads_mail=True if text(general.get("exchangeDeviceId")) else None,
            enrolled=general.get("managed") is True,
            seen_at=at,
            reports=(Report(self._name, at, Grade.INVENTORY, covered, apps),) if apps is not None and at is not None else (),
        )

    def recheck(self, devices: Sequence[Mention], apps: frozenset[App] | None) -> Question | None:
        """Not supported: it would take the right to send commands to devices."""
        return None

    def visibility(self, raw: Any) -> Sight | None:
        row = thing(raw)
        if word(row.get("deviceType")) != "ios":
            return None
        general = part(row, "general")
        if general.get("managed") is not True:
            return LEFT
        if _word(general, "deviceOwnershipType") != "institutional":
            return PERSONAL
        return WHOLE if self._whole(general) else UNSURE

    def check(self, names: frozenset[str], tick: Callable[[int], None]) -> Checked:
        seen: dict[Sight, int] = {}
        looked, whole = 0, True
        try:
            for page in self._pages(0):
                for raw in page.raw:
                    if isinstance(raw, dict) and (sight := self.visibility(raw)):
                        seen[sight] = seen.get(sight, 0) + 1
                tick(len(page.raw))
                looked += len(page.raw)
                if looked >= ENOUGH and page.next:
                    whole = False
                    break
        except (Denied, Unreachable, Refused) as wrong:
            return Checked((Ability("mobile devices with their apps", _READ, works=False, why=str(wrong)),), seen)
        return Checked((Ability("mobile devices with their apps", _READ, works=True),), seen, whole=whole)

    def _pages(self, number: int) -> Iterator[Page]:
        while True:
            query = f"{_SECTIONS}&page={number}&page-size={_SIZE}&sort=mobileDeviceId:asc"
            found = self._api.get(f"{_DETAIL}?{query}")
            rows, total = found.get("results"), found.get("totalCount")
            if not isinstance(rows, list) or not isinstance(total, int):
                raise self._api.strange("a page without its results or their number")
            number += 1
            more = bool(rows) and number * _SIZE < total
            yield Page(tuple(rows), str(number) if more else "", total)
            if not more:
                return

    def _whole(self, general: Mapping[str, Any]) -> bool:
        """Whether its list of apps is everything that is on it."""
        return self._unmanaged and _word(general, "deviceOwnershipType") == "institutional"


def _enrollment(general: Mapping[str, Any]) -> Enrollment:
    """How it is managed. What Jamf does not name is taken for the way that hides most."""
    found = _ENROLLMENT.get(_word(general, "deviceOwnershipType"), Enrollment.USER)
    supervised = general.get("supervised") is True and found is Enrollment.DEVICE
    return Enrollment.SUPERVISED if supervised else found


def _identities(general: Mapping[str, Any], hardware: Mapping[str, Any]) -> tuple[Identity, ...]:
    said = (
        (IdentityKind.UDID, general.get("udid")),
        (IdentityKind.SERIAL, hardware.get("serialNumber")),
        (IdentityKind.EAS, general.get("exchangeDeviceId")),
    )
    found = tuple(Identity(kind, name) for kind, value in said if (name := text(value)))
    return found if any(one.kind is not IdentityKind.EAS for one in found) else ()


def _apps(listed: Any) -> frozenset[App] | None:
    """The apps that are there; None if no list was collected."""
    if not isinstance(listed, list) or not listed:
        return None
    there = [
        one.get("identifier")
        for one in listed
        if isinstance(one, dict) and (one.get("managementStatus") in _USUAL or _word(one, "managementStatus") in _THERE)
    ]
    return apps_of(_IOS, there)


def _word(row: Mapping[str, Any], name: str) -> str:
    """A word of the vendor's, however it is written: ``Managed But Uninstalled`` and ``ManagedButUninstalled`` are one."""
    value = row.get(name)
    return _bare(value) if type(value) is str else ""


@lru_cache(maxsize=1024)
def _bare(value: str) -> str:
    return "".join(char for char in text(value).lower() if char.isalnum())
