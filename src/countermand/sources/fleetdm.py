"""Fleet, the device management: iPhones, iPads and Androids with their software. (Not *the fleet*, which is all devices.)

Traps of this source, each handled here and nowhere else:

* It asks iPhones that were enrolled by hand for managed apps alone, the company's own too: only of an automatic enrolment is a
  list everything.
* "On (company-owned)" of an iPhone is what newer servers call "On (automatic)"; of an Android it is a company's work profile.
* With ``populate_software=true`` every app comes with its vulnerabilities in full, which nobody reads here.
* Of Androids it lists the work profile's apps. Software of a host that was never refetched is null, and of one that has none [].
* The email addresses of a host come from several places; the first is taken, an address that somebody entered before others.
* Times that stand for "never" are of the year 2000 or before.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from countermand.core.apps import App
from countermand.core.coverage import EVERYTHING, NOTHING, Grade, Report
from countermand.core.devices import Enrollment, Identity, IdentityKind, Ownership, Platform
from countermand.core.errors import Refused
from countermand.core.instants import Instant, from_iso
from countermand.core.mentions import Mention
from countermand.core.people import normal_login
from countermand.core.visibility import Sees, Sight
from countermand.lib.granted import Denied, object_in
from countermand.sources.rows import apps_of, looked_over, moment, part, rows_of, text, thing, word
from countermand.sources.source import Checked, Link, Page, Question, Request, Setting, allowed, strange

SETTINGS: Mapping[str, Setting] = {"url": Setting("Fleet's address")}
_HOSTS, _OBSERVER = "/api/v1/fleet/hosts", "an API-only user with the role observer"
#: Everything that is ever asked. None of it can change or wipe a device.
REQUESTS: tuple[Request, ...] = (Request("GET", _HOSTS, _OBSERVER),)
_SIZE = 100

_API = "Fleet REST API, list hosts, populate_software"
_CODE = "Fleet issue 36738 and pull request 53028, InstalledApplicationList"
_IOS, _ANDROID = Platform.IOS, Platform.ANDROID
WHOLE = Sight(
    "iPhones and iPads, enrolled automatically", _IOS, Enrollment.SUPERVISED, Sees.EVERY, Sees.EVERY, Grade.INVENTORY, _CODE
)
BY_HAND = Sight("iPhones and iPads, enrolled by hand", _IOS, None, Sees.MANAGED, Sees.NONE, Grade.INVENTORY, _CODE)
ANDROID = Sight("Android", _ANDROID, None, Sees.MANAGED, Sees.NONE, Grade.INVENTORY, _API)
OFF = Sight("not managed", None, None, Sees.NONE, Sees.NONE, Grade.NONE, _API)
SIGHTS = (WHOLE, BY_HAND, ANDROID, OFF)

_PLATFORMS = {"ios": _IOS, "ipados": _IOS, "android": _ANDROID}
_NEVER = from_iso("2001-01-01T00:00:00Z")
_OWNERSHIP = {
    "on (automatic)": Ownership.CORPORATE,
    "on (company-owned)": Ownership.CORPORATE,
    "on (personal)": Ownership.PERSONAL,
}
_ENROLLMENT = {
    (_IOS, "on (automatic)"): Enrollment.SUPERVISED,
    (_IOS, "on (company-owned)"): Enrollment.SUPERVISED,
    (_IOS, "on (manual)"): Enrollment.DEVICE,
    (_IOS, "on (personal)"): Enrollment.USER,
    (_ANDROID, "on (company-owned)"): Enrollment.COPE,
    (_ANDROID, "on (personal)"): Enrollment.USER,
    (_ANDROID, "on (manual)"): Enrollment.USER,
}


class FleetDm:
    """One Fleet."""

    def __init__(self, link: Link) -> None:
        self._name, self._strange = link.name, strange(link)
        self._way = link.outward(link.settings["url"], tuple((one.method, one.path) for one in REQUESTS))
        self._headers = {"authorization": f"Bearer {link.secret}", "accept": "application/json"}

    def fetch(self, since: str) -> Iterator[Page]:
        """By page number, in the order of ids. Refused ``source-denied``."""
        with allowed(self._name):
            yield from self._pages(int(since or "0"))

    def parse(self, raw: Any, now: Instant) -> Mention | None:
        row = thing(raw)
        platform, status = _platform(row), _status(row)
        if platform is None:
            return None
        seen = _sight(platform, status)
        names = _identities(row, platform)
        if not names:
            number = row.get("id")
            shown = str(number)[:20] if isinstance(number, int) else text(number)
            raise Refused("device-unreadable", device=shown, why="it has neither UDID nor serial number")
        at = _time(row.get("software_updated_at"), now)
        apps = _apps(platform, row.get("software"))
        covered = EVERYTHING if seen is WHOLE else NOTHING
        return Mention(
            identities=names,
            platform=platform,
            login=_owner(row) or None,
            model=text(row.get("hardware_model")) or None,
            ownership=_OWNERSHIP.get(status),
            enrollment=_ENROLLMENT.get((platform, status)),
            reads_mail=True if text(row.get("eas_device_identifier")) else None,
            enrolled=seen is not OFF,
            seen_at=_time(row.get("seen_time"), now) or at,
            reports=(Report(self._name, at, Grade.INVENTORY, covered, apps),)
            if apps is not None and at is not None and seen is not OFF
            else (),
        )

    def recheck(self, devices: Sequence[Mention], apps: frozenset[App] | None) -> Question | None:
        """Not supported: it would take the right to refetch hosts, which an observer has not."""
        return None

    def visibility(self, raw: Any) -> Sight | None:
        row = thing(raw)
        platform = _platform(row)
        return None if platform is None else _sight(platform, _status(row))

    def check(self, names: frozenset[str], tick: Callable[[int], None]) -> Checked:
        return looked_over("hosts with their software", _OBSERVER, self.fetch(""), self.visibility, tick)

    def _pages(self, number: int) -> Iterator[Page]:
        while True:
            query = [("page", str(number)), ("per_page", str(_SIZE)), ("order_key", "id"), ("order_direction", "asc")]
            query += [("populate_software", "without_vulnerability_details"), ("device_mapping", "true")]
            answer = self._way.ask("GET", _HOSTS, self._headers, query=query)
            if answer.status != 200:
                raise Denied(f"it answered {answer.status}", answer.status)
            rows = object_in(answer, self._strange).get("hosts")
            if not isinstance(rows, list):
                raise self._strange("a page without its hosts")
            number += 1
            more = len(rows) >= _SIZE
            yield Page(tuple(rows), str(number) if more else "")
            if not more:
                return


def _sight(platform: Platform, status: str) -> Sight:
    if not status.startswith("on "):
        return OFF
    if platform is _ANDROID:
        return ANDROID
    return WHOLE if _ENROLLMENT.get((platform, status)) is Enrollment.SUPERVISED else BY_HAND


def _platform(row: Mapping[str, Any]) -> Platform | None:
    return _PLATFORMS.get(word(row.get("platform")))


def _status(row: Mapping[str, Any]) -> str:
    return word(part(row, "mdm").get("enrollment_status"))


def _identities(row: Mapping[str, Any], platform: Platform) -> tuple[Identity, ...]:
    said = (
        (IdentityKind.UDID, row.get("udid") or (row.get("uuid") if platform is _IOS else None)),
        (IdentityKind.SERIAL, row.get("hardware_serial")),
        (IdentityKind.EAS, row.get("eas_device_identifier")),
    )
    found = tuple(Identity(kind, name) for kind, value in said if (name := text(value)))
    return found if any(one.kind is not IdentityKind.EAS for one in found) else ()


def _owner(row: Mapping[str, Any]) -> str:
    addresses = rows_of(row.get("device_mapping"))
    by_hand = [one for one in addresses if text(one.get("source")) in {"custom", "idp", "mdm_idp_accounts"}]
    return next((normal_login(found) for one in (*by_hand, *addresses) if (found := text(one.get("email")))), "")


def _apps(platform: Platform, listed: Any) -> frozenset[App] | None:
    """The apps that are there; None if none was ever collected."""
    column = "application_id" if platform is _ANDROID else "bundle_identifier"
    return apps_of(platform, [row.get(column) for row in rows_of(listed)]) or None


def _time(value: Any, now: Instant) -> Instant | None:
    found = moment(value, now)
    return found if found is not None and found >= _NEVER else None
