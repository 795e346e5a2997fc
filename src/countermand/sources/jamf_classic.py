"""Jamf Pro through its Classic API in JSON, for servers and roles that have no other: one request for each device.

What a list proves is as of the newer API (jamf); here the names differ:

* The list has ids alone, in no promised order and without pages; details are asked one by one, and a device that was deleted in
  between is not found.
* ``device_ownership_level`` says Institutional or Personal; times are milliseconds since 1970, 0 for never.
* Values that are not known are empty texts; ``applications`` may be one object where it should be a list of one.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from countermand.core.apps import App
from countermand.core.coverage import EVERYTHING, NOTHING, Grade, Report
from countermand.core.devices import Enrollment, Identity, IdentityKind, Ownership, Platform
from countermand.core.errors import Refused
from countermand.core.instants import Instant
from countermand.core.mentions import Mention, too_far_ahead
from countermand.core.people import normal_login
from countermand.core.visibility import Sight
from countermand.lib.granted import Denied, Granted, client_credentials
from countermand.sources import jamf
from countermand.sources.rows import apps_of, looked_over, part, rows_of, text, thing, word
from countermand.sources.source import Checked, Link, Page, Question, Request, allowed, strange

SETTINGS = jamf.SETTINGS
_READ, _TOKEN = "Read Mobile Devices", "/api/v1/oauth/token"
_LIST = "/JSSResource/mobiledevices"
#: Everything that is ever asked. None of it can change or wipe a device.
REQUESTS: tuple[Request, ...] = (
    Request("POST", _TOKEN, "the client's secret"),
    Request("GET", _LIST, _READ),
    Request("GET", rf"{_LIST}/id/[0-9]{{1,12}}", _READ),
)
SIGHTS = jamf.SIGHTS
#: Devices that one page of ours holds.
_SIZE = 50
_IOS = Platform.IOS
#: What os_type says of them; older servers say nothing.
_PHONES = frozenset({"ios", "ipados", ""})
_OWNERSHIP = {"institutional": Ownership.CORPORATE, "personal": Ownership.PERSONAL}


class JamfClassic:
    """One Jamf Pro."""

    def __init__(self, link: Link) -> None:
        self._name = link.name
        self._unmanaged = link.settings["unmanaged_apps"] == "yes"
        way = link.outward(link.settings["url"], tuple((one.method, one.path) for one in REQUESTS))
        form = client_credentials(link.secret, {"client_id": link.settings["client"]})
        self._api = Granted(way, way, _TOKEN, form, link.now, strange(link))

    def fetch(self, since: str) -> Iterator[Page]:
        """By id, ascending; ``since``: the last id of the page before. Refused ``source-denied``."""
        with allowed(self._name):
            found = self._api.get(_LIST).get("mobile_devices")
            if not isinstance(found, list):
                raise self._api.strange("a list without its devices")
            ids = sorted({one["id"] for one in rows_of(found) if type(one.get("id")) is int and one["id"] > int(since or "0")})
            for start in range(0, len(ids), _SIZE) or [0]:
                some = ids[start : start + _SIZE]
                rows = tuple(row for one in some if (row := self._detail(one)) is not None)
                yield Page(rows, str(some[-1]) if start + _SIZE < len(ids) else "", len(found))

    def parse(self, raw: Any, now: Instant) -> Mention | None:
        device = part(thing(raw), "mobile_device")
        general, whose = part(device, "general"), part(device, "location")
        if word(general.get("os_type")) not in _PHONES:
            return None
        names = _identities(general)
        if not names:
            raise Refused("device-unreadable", device=str(general.get("id"))[:20], why="it has neither UDID nor serial number")
        at = _time(general.get("last_inventory_update_epoch"), now)
        level = word(general.get("device_ownership_level"))
        listed = device.get("applications")
        apps = _apps([listed] if isinstance(listed, dict) else listed)
        covered = EVERYTHING if self._sight(general) is jamf.WHOLE else NOTHING
        supervised = general.get("supervised") is True
        return Mention(
            identities=names,
            platform=_IOS,
            login=normal_login(text(whose.get("username")) or text(whose.get("email_address"))) or None,
            model=text(general.get("model_identifier")) or text(general.get("model")) or None,
            ownership=_OWNERSHIP.get(level),
            enrollment=Enrollment.USER
            if level != "institutional"
            else Enrollment.SUPERVISED
            if supervised
            else Enrollment.DEVICE,
            reads_mail=True if text(general.get("exchange_activesync_device_identifier")) else None,
            enrolled=general.get("managed") is True,
            seen_at=at,
            reports=(Report(self._name, at, Grade.INVENTORY, covered, apps),) if apps is not None and at is not None else (),
        )

    def recheck(self, devices: Sequence[Mention], apps: frozenset[App] | None) -> Question | None:
        """Not supported: it would take the right to send commands to devices."""
        return None

    def visibility(self, raw: Any) -> Sight | None:
        general = part(part(thing(raw), "mobile_device"), "general")
        return self._sight(general) if word(general.get("os_type")) in _PHONES else None

    def _sight(self, general: Mapping[str, Any]) -> Sight:
        if general.get("managed") is not True:
            return jamf.LEFT
        if word(general.get("device_ownership_level")) != "institutional":
            return jamf.PERSONAL
        return jamf.WHOLE if self._unmanaged else jamf.UNSURE

    def check(self, names: frozenset[str], tick: Callable[[int], None]) -> Checked:
        return looked_over("mobile devices with their apps, one by one", _READ, self.fetch(""), self.visibility, tick)

    def _detail(self, number: int) -> Mapping[str, Any] | None:
        try:
            return self._api.get(f"{_LIST}/id/{number}")
        except Denied as denied:
            if denied.status == 404:
                return None  # deleted since the list was made
            raise


def _identities(general: Mapping[str, Any]) -> tuple[Identity, ...]:
    said = (
        (IdentityKind.UDID, general.get("udid")),
        (IdentityKind.SERIAL, general.get("serial_number")),
        (IdentityKind.EAS, general.get("exchange_activesync_device_identifier")),
    )
    found = tuple(Identity(kind, name) for kind, value in said if (name := text(value)))
    return found if any(one.kind is not IdentityKind.EAS for one in found) else ()


def _apps(listed: Any) -> frozenset[App] | None:
    """The apps that are there; None if no list was collected."""
    return apps_of(_IOS, [row.get("identifier") for row in rows_of(listed)]) or None


def _time(value: Any, now: Instant) -> Instant | None:
    if type(value) is not int or value <= 0:
        return None
    if too_far_ahead(value, now):
        raise Refused("time-ahead", time=str(value)[:40])
    return value
