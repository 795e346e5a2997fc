"""Google's Android Management API: Androids that it manages, with the apps that they report.

Traps of this source, each handled here and nowhere else:

* A row of ``applicationReports`` is not an app that is there: ``state`` may be REMOVED.
* On a company's phone with a work profile the personal side reports nothing, and on somebody's own phone nothing but the profile
  and the system's apps. Only of a fully managed phone (DEVICE_OWNER, not a work profile) is a list everything.
* What a policy forbids (``installType`` BLOCKED) is kept off only a device that says that it applied exactly that version, and
  names no trouble with that app. On a company's phone with a work profile the personal side must forbid it too, and private
  spaces, which are outside of it, must be forbidden.
* A notification may hold no ``state``: that is no word of a device that left.
* No reports at all say that the policy does not ask for them (``applicationReportsEnabled``), not that the phone is empty.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from countermand.core.apps import App
from countermand.core.coverage import EVERYTHING, NOTHING, Coverage, Grade, Report
from countermand.core.devices import Enrollment, Identity, IdentityKind, Ownership, Platform
from countermand.core.errors import Refused
from countermand.core.instants import Instant
from countermand.core.mentions import Mention
from countermand.core.visibility import Sees, Sight
from countermand.lib.granted import Denied
from countermand.lib.http import Unreachable
from countermand.lib.vendor import tried
from countermand.sources.google_pages import LOGIN, TOKEN, Google
from countermand.sources.rows import apps_of, looked_over, moment, part, rows_of, text, thing
from countermand.sources.source import Checked, Link, Page, Question, Request, Setting, allowed

SETTINGS: Mapping[str, Setting] = {
    "enterprise": Setting("the enterprise's id, as in enterprises/ID", form=r"[0-9A-Za-z]{1,64}"),
    "url": Setting("the API's address", "https://androidmanagement.googleapis.com"),
    "login": LOGIN,
}
_SCOPE = "https://www.googleapis.com/auth/androidmanagement"
_ENTERPRISE = r"/v1/enterprises/[0-9A-Za-z]{1,64}"
_PERMISSION = "androidmanagement.enterprises.manage: the API has no smaller permission"
#: Everything that is ever asked. None of it can change or wipe a device, though the permission could.
REQUESTS: tuple[Request, ...] = (
    TOKEN,
    Request("GET", f"{_ENTERPRISE}/devices", f"{_SCOPE}; {_PERMISSION}"),
    Request("GET", f"{_ENTERPRISE}/policies", f"{_SCOPE}, to know what policies keep off devices"),
    Request("GET", _ENTERPRISE, f"{_SCOPE}, to check that status reports are published"),
)

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
KEPT = Sight(
    "a policy in force that keeps named apps off", _ANDROID, None, Sees.MANAGED, Sees.NAMED, Grade.PREVENTED,
    "Android Management API, enterprises.policies, installType",
)  # fmt: skip
LEFT = Sight("deleted, or not set up yet", _ANDROID, None, Sees.NONE, Sees.NONE, Grade.NONE, _API)
SIGHTS = (WHOLE, KEPT, SILENT, COPE, PROFILE, LEFT)
_APP_SETTINGS = frozenset({"applications", "personalUsagePolicies", "personalApplications"})
#: Where a page puts the policy of a device.
_POLICY = "countermand.policy"
_THERE = frozenset({"ACTIVE", "DISABLED", "LOST", "PREPARING_FOR_MIGRATION", "DEACTIVATED_BY_DEVICE_FINANCE"})
_ENROLLMENT = {WHOLE: Enrollment.SUPERVISED, COPE: Enrollment.COPE, KEPT: Enrollment.COPE, PROFILE: Enrollment.USER}


class Android:
    """One enterprise."""

    def __init__(self, link: Link) -> None:
        self._name = link.name
        self._enterprise = f"/v1/enterprises/{link.settings['enterprise']}"
        self._google = Google(link, REQUESTS, _SCOPE)
        self._pushed = bool(link.settings.get("push_account"))

    def fetch(self, since: str) -> Iterator[Page]:
        """By page token. Refused ``source-denied``."""
        with allowed(self._name):
            policies = self._policies()
            for page in self._google.pages(f"{self._enterprise}/devices?pageSize=100", "devices", since):
                yield Page(tuple(with_policy(one, policies) for one in page.raw), page.next, page.total)

    def _policies(self) -> Mapping[str, Any]:
        """Every policy by its name; none if the account may not see them: then nothing is known to be kept off."""
        try:
            pages = list(self._google.pages(f"{self._enterprise}/policies?pageSize=100", "policies"))
        except Denied:
            return {}
        return {text(one.get("name")): one for page in pages for one in rows_of(list(page.raw))}

    def parse(self, raw: Any, now: Instant) -> Mention | None:
        return mention(raw, self._name, now)

    def recheck(self, devices: Sequence[Mention], apps: frozenset[App] | None) -> Question | None:
        """Not supported: it would take the right to send commands."""
        return None

    def visibility(self, raw: Any) -> Sight | None:
        return sight(raw)

    def check(self, names: frozenset[str], tick: Callable[[int], None]) -> Checked:
        found = looked_over("devices with their application reports", _SCOPE, self.fetch(""), self.visibility, tick)
        if not self._pushed:
            return found
        published = tried("status reports, published to Pub/Sub", _SCOPE, self._published, Denied, Unreachable, Refused)
        return replace(found, abilities=(*found.abilities, published))

    def _published(self) -> None:
        """Denied, in words, unless the enterprise publishes what is to be pushed."""
        enterprise = self._google.one(self._enterprise)
        kinds = enterprise.get("enabledNotificationTypes")
        if not text(enterprise.get("pubsubTopic")):
            raise Denied("the enterprise has no pubsubTopic")
        if not isinstance(kinds, list) or "STATUS_REPORT" not in kinds:
            raise Denied("STATUS_REPORT is not among the enterprise's enabledNotificationTypes")


def sight(raw: Any) -> Sight:
    """In which way a device's apps are seen."""
    row = thing(raw)
    if text(row.get("state")).upper() not in _THERE:
        return LEFT
    company = text(row.get("ownership")).upper() == "COMPANY_OWNED"
    if text(row.get("managementMode")).upper() != "DEVICE_OWNER":
        return (KEPT if kept_off(row) else COPE) if company else PROFILE
    reported = any(text(one.get("packageName")) for one in rows_of(row.get("applicationReports")))
    return WHOLE if reported else KEPT if kept_off(row) else SILENT


def mention(raw: Any, source: str, now: Instant) -> Mention:
    """One device. Refused ``device-unreadable``, ``time-ahead``."""
    row, seen = thing(raw), sight(raw)
    names = _identities(row)
    if not names:
        raise Refused("device-unreadable", device="", why="it has no name")
    at = moment(row.get("lastStatusReportTime"), now)
    owner = text(row.get("ownership")).upper()
    mode = text(row.get("managementMode")).upper()
    fully = mode == "DEVICE_OWNER"
    return Mention(
        identities=names,
        platform=_ANDROID,
        model=text(part(row, "hardwareInfo").get("model")) or None,
        ownership={"COMPANY_OWNED": Ownership.CORPORATE, "PERSONALLY_OWNED": Ownership.PERSONAL}.get(owner),
        enrollment=Enrollment.SUPERVISED if fully else _ENROLLMENT.get(seen) if mode else None,
        enrolled=seen is not LEFT if text(row.get("state")) else None,
        seen_at=at,
        reports=tuple(_reports(row, source, seen, at)) if at is not None else (),
    )


def _reports(row: Mapping[str, Any], source: str, seen: Sight, at: Instant) -> Iterator[Report]:
    said = rows_of(row.get("applicationReports"))
    if said and seen not in {LEFT, SILENT}:
        yield Report(source, at, Grade.INVENTORY, EVERYTHING if seen is WHOLE else NOTHING, _apps(said))
    kept, there = kept_off(row), _there_all_the_same(row)
    if kept or (there and seen is not LEFT):
        yield Report(source, at, Grade.PREVENTED, Coverage(kept), there)


def with_policy(raw: Any, policies: Mapping[str, Any]) -> Any:
    """The device with the policy that it says it applied, in exactly that version, beside it."""
    if not isinstance(raw, dict):
        return raw
    policy = policies.get(text(raw.get("appliedPolicyName")))
    applied = text(raw.get("appliedPolicyVersion"))  # a version that neither names is not the same version
    same = policy is not None and applied != "" and text(policy.get("version")) == applied
    return {**raw, _POLICY: policy if same else None}


def kept_off(row: Mapping[str, Any]) -> frozenset[App]:
    """The apps that the policy in force keeps off this device, all of it."""
    policy = part(row, _POLICY)
    company = text(row.get("ownership")).upper() == "COMPANY_OWNED"
    if not company or text(row.get("state")).upper() != "ACTIVE" or not policy:
        return frozenset()
    forbidden = _forbidden(policy.get("applications"))
    if text(row.get("managementMode")).upper() != "DEVICE_OWNER":
        personal = part(policy, "personalUsagePolicies")
        if text(personal.get("privateSpacePolicy")) != "PRIVATE_SPACE_DISALLOWED":
            return frozenset()
        forbidden &= _forbidden(personal.get("personalApplications"))
    troubles = rows_of(row.get("nonComplianceDetails"))
    if any(not text(one.get("packageName")) for one in troubles if text(one.get("settingName")) in _APP_SETTINGS):
        return frozenset()  # something of the apps' settings was not applied, and it does not say of which app
    doubtful = {App(_ANDROID, text(one.get("packageName"))) for one in troubles}
    return forbidden - doubtful - _apps(rows_of(row.get("applicationReports")))


def _there_all_the_same(row: Mapping[str, Any]) -> frozenset[App]:
    """Apps that a policy forbids and that are there: proof of their presence."""
    found = (one for one in rows_of(row.get("nonComplianceDetails")) if one.get("nonComplianceReason") == "APP_INSTALLED")
    return frozenset(App(_ANDROID, name) for one in found if (name := text(one.get("packageName"))))


def _forbidden(listed: Any) -> frozenset[App]:
    found = (text(one.get("packageName")) for one in rows_of(listed) if one.get("installType") == "BLOCKED")
    return frozenset(App(_ANDROID, one) for one in found if one)


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
