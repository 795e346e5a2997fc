"""Google's Android Management API: Androids that it manages, with the apps that they report.

Traps of this source, each handled here and nowhere else:

* A row of ``applicationReports`` is not an app that is there: ``state`` may be REMOVED.
* On a company's phone with a work profile the personal side reports nothing, and on somebody's own phone nothing but the profile
  and the system's apps. Only of a fully managed phone (DEVICE_OWNER, not a work profile) is a list everything.
* No reports at all say that the policy does not ask for them (``applicationReportsEnabled``), not that the phone is empty.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from countermand.core.apps import App
from countermand.core.coverage import EVERYTHING, NOTHING, Grade, Report
from countermand.core.devices import Enrollment, Identity, IdentityKind, Ownership, Platform
from countermand.core.errors import Refused
from countermand.core.instants import Instant
from countermand.core.mentions import Mention
from countermand.core.visibility import Sees, Sight
from countermand.lib.granted import Denied
from countermand.sources.google_pages import LOGIN, TOKEN, Google
from countermand.sources.rows import apps_of, looked_over, moment, part, rows_of, text, thing
from countermand.sources.source import Checked, Link, Page, Question, Request, Setting

SETTINGS: Mapping[str, Setting] = {
    "enterprise": Setting("the enterprise's id, as in enterprises/ID", form=r"[0-9A-Za-z]{1,64}"),
    "url": Setting("the API's address", "https://androidmanagement.googleapis.com"),
    "login": LOGIN,
}
_SCOPE = "https://www.googleapis.com/auth/androidmanagement"
_LIST = r"/v1/enterprises/[0-9A-Za-z]{1,64}/devices"
#: Everything that is ever asked. None of it can change or wipe a device; the scope could, so the role should not.
REQUESTS: tuple[Request, ...] = (TOKEN, Request("GET", _LIST, f"{_SCOPE}, with a role that may list devices alone"))

_API = "Android Management API, enterprises.devices, applicationReports"
_ANDROID = Platform.ANDROID
WHOLE = Sight(
    "fully managed, with application reports", _ANDROID, Enrollment.SUPERVISED, Sees.EVERY, Sees.EVERY, Grade.INVENTORY, _API
)
SILENT = Sight("no application reports", _ANDROID, None, Sees.NONE, Sees.NONE, Grade.NONE, _API)
COPE = Sight("a company's phone with a work profile", _ANDROID, Enrollment.COPE, Sees.MANAGED, Sees.NONE, Grade.INVENTORY, _API)
PROFILE = Sight(
    "a work profile on somebody's own phone", _ANDROID, Enrollment.USER, Sees.MANAGED, Sees.NONE, Grade.INVENTORY, _API
)
LEFT = Sight("deleted, or not set up yet", _ANDROID, None, Sees.NONE, Sees.NONE, Grade.NONE, _API)
SIGHTS = (WHOLE, SILENT, COPE, PROFILE, LEFT)
_THERE = frozenset({"ACTIVE", "DISABLED", "LOST", "PREPARING_FOR_MIGRATION", "DEACTIVATED_BY_DEVICE_FINANCE"})
_ENROLLMENT = {WHOLE: Enrollment.SUPERVISED, COPE: Enrollment.COPE, PROFILE: Enrollment.USER}


class Android:
    """One enterprise."""

    def __init__(self, link: Link) -> None:
        self._name = link.name
        self._path = f"/v1/enterprises/{link.settings['enterprise']}/devices?pageSize=100"
        self._google = Google(link, REQUESTS, _SCOPE)

    def fetch(self, since: str) -> Iterator[Page]:
        """By page token. Refused ``source-denied``."""
        try:
            yield from self._google.pages(self._path, "devices", since)
        except Denied as denied:
            raise Refused("source-denied", source=self._name, why=str(denied)) from denied

    def parse(self, raw: Any, now: Instant) -> Mention:
        return mention(raw, self._name, now)

    def recheck(self, devices: Sequence[Mention], apps: frozenset[App] | None) -> Question | None:
        """Not supported: it would take the right to send commands."""
        return None

    def visibility(self, raw: Any) -> Sight | None:
        return sight(raw)

    def check(self, names: frozenset[str], tick: Callable[[int], None]) -> Checked:
        return looked_over("devices with their application reports", _SCOPE, self.fetch(""), self.visibility, tick)


def sight(raw: Any) -> Sight:
    """In which way a device's apps are seen."""
    row = thing(raw)
    if text(row.get("state")).upper() not in _THERE:
        return LEFT
    company = text(row.get("ownership")).upper() == "COMPANY_OWNED"
    if text(row.get("managementMode")).upper() != "DEVICE_OWNER":
        return COPE if company else PROFILE
    return WHOLE if any(text(one.get("packageName")) for one in rows_of(row.get("applicationReports"))) else SILENT


def mention(raw: Any, source: str, now: Instant) -> Mention:
    """One device. Refused ``device-unreadable``, ``time-ahead``."""
    row, seen = thing(raw), sight(raw)
    names = _identities(row)
    if not names:
        raise Refused("device-unreadable", device="", why="it has no name")
    at = moment(row.get("lastStatusReportTime"), now)
    said = rows_of(row.get("applicationReports"))
    owner = text(row.get("ownership")).upper()
    mode = text(row.get("managementMode")).upper()
    fully = mode == "DEVICE_OWNER"
    return Mention(
        identities=names,
        platform=_ANDROID,
        model=text(part(row, "hardwareInfo").get("model")) or None,
        ownership={"COMPANY_OWNED": Ownership.CORPORATE, "PERSONALLY_OWNED": Ownership.PERSONAL}.get(owner),
        enrollment=Enrollment.SUPERVISED if fully else _ENROLLMENT.get(seen) if mode else None,
        enrolled=seen is not LEFT,
        seen_at=at,
        reports=(Report(source, at, Grade.INVENTORY, EVERYTHING if seen is WHOLE else NOTHING, _apps(said)),)
        if said and at is not None and seen not in {LEFT, SILENT}
        else (),
    )


def _identities(row: Mapping[str, Any]) -> tuple[Identity, ...]:
    hardware = part(row, "hardwareInfo")
    found = []
    if name := text(row.get("name")):
        found.append(Identity(IdentityKind.GOOGLE, name))
    if serial := text(hardware.get("serialNumber")):
        found.append(Identity(IdentityKind.SERIAL, serial))
    return tuple(found)


def _apps(reports: list[Mapping[str, Any]]) -> frozenset[App]:
    return apps_of(_ANDROID, [one.get("packageName") for one in reports if not _is_gone(one.get("state"))])


def _is_gone(state: Any) -> bool:
    return state != "INSTALLED" and text(state).upper() == "REMOVED"
