"""Microsoft Intune through Microsoft Graph: its phones, and what its rules about restricted apps found on them.

Graph gives no list of apps by id: ``detectedApps`` has names and no bundle ids, hides what people installed on their own phones,
and has one object per version. So a name there is a hint for ``check`` and never evidence. What is evidence are the verdicts
of *restricted apps* rules: of compliance policies (v1.0) and of configuration profiles (beta).
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any
from urllib.parse import quote

from countermand.core.apps import App
from countermand.core.devices import Platform
from countermand.core.errors import Refused
from countermand.core.instants import Instant
from countermand.core.mentions import Mention
from countermand.core.products import folded
from countermand.core.visibility import Sight
from countermand.lib import vendor
from countermand.lib.granted import Denied
from countermand.lib.graph import WHERE
from countermand.lib.http import Unreachable
from countermand.lib.microsoft import TOKEN, WHO
from countermand.sources import intune_rows as rows
from countermand.sources.graph import Graph
from countermand.sources.source import ENOUGH, Ability, Checked, Link, Page, Question, Request, Setting, allowed

__all__ = ["REQUESTS", "SETTINGS", "SIGHTS", "Intune"]

SETTINGS: Mapping[str, Setting] = {**WHO, **WHERE}
SIGHTS = rows.SIGHTS
_READ_DEVICES, _READ_RULES = "DeviceManagementManagedDevices.Read.All", "DeviceManagementConfiguration.Read.All"
_V1, _BETA = "/v1.0/deviceManagement", "/beta/deviceManagement"
_DEVICES, _DETECTED = f"{_V1}/managedDevices", f"{_V1}/detectedApps"
_SUMMARIES = f"{_V1}/deviceCompliancePolicySettingStateSummaries"
_POLICIES, _VIOLATIONS = f"{_BETA}/deviceCompliancePolicies", f"{_BETA}/deviceConfigurationRestrictedAppsViolations"
_STATES = "deviceComplianceSettingStates"
#: Everything that is ever asked, with the least permission for it. None of them can change or wipe a device.
REQUESTS: tuple[Request, ...] = (
    TOKEN,
    Request("GET", _DEVICES, _READ_DEVICES),
    Request("GET", _DETECTED, _READ_DEVICES),
    Request("GET", _SUMMARIES, _READ_RULES),
    Request("GET", rf"{_SUMMARIES}/[^/?#]{{1,200}}/{_STATES}", _READ_RULES),
    Request("GET", _POLICIES, _READ_RULES),
    Request("GET", _VIOLATIONS, _READ_RULES),
)
_FIRST = f"{_DEVICES}?$select={rows.COLUMNS}&$top=500&$count=true"
_POLICY = {
    "#microsoft.graph.ioscompliancepolicy": Platform.IOS,
    "#microsoft.graph.androidcompliancepolicy": Platform.ANDROID,
}
_SETTING = {"ios": Platform.IOS, "android": Platform.ANDROID}


class Intune:
    """One tenant's Intune."""

    def __init__(self, link: Link) -> None:
        self._name = link.name
        self._graph = Graph(link, REQUESTS)

    def fetch(self, since: str) -> Iterator[Page]:
        """The rules' verdicts first, whole; then the devices. Refused ``source-denied`` if any part of it is not allowed: a
        contact without the verdicts would be no healthy one."""
        with allowed(self._name):
            found = self._verdicts()
            yield from self._devices(since or _FIRST, found)

    def parse(self, raw: Any, now: Instant) -> Mention | None:
        return rows.mention(raw, self._name, now)

    def recheck(self, devices: Sequence[Mention], apps: frozenset[App] | None) -> Question | None:
        """Not supported: Intune asks a phone when it likes; its owner can, with *Check status* in the Company Portal."""
        return None

    def visibility(self, raw: Any) -> Sight | None:
        return rows.sight(raw)

    def check(self, names: frozenset[str], tick: Callable[[int], None]) -> Checked:
        abilities: list[Ability] = []
        found: dict[str, rows.Verdict] = {}
        seen: dict[Sight, int] = {}
        suggested: dict[str, int] = {}

        cut: list[bool] = []

        def devices() -> None:
            looked = 0
            for page in self._devices(_FIRST, found):
                for raw in page.raw:
                    if isinstance(raw.device, rows.Device) and (sight := rows.sight(raw)):
                        seen[sight] = seen.get(sight, 0) + 1
                tick(len(page.raw))
                looked += len(page.raw)
                if looked >= ENOUGH and page.next:
                    cut.append(True)
                    return

        def suggest() -> None:
            for row in self._rows(_DETECTED):
                name, count = (row.get("displayName"), row.get("deviceCount")) if isinstance(row, dict) else (None, None)
                if isinstance(name, str) and isinstance(count, int) and folded(name) in names:
                    suggested[name] = suggested.get(name, 0) + count

        parts = [
            ("verdicts of restricted-apps rules", _READ_RULES, lambda: found.update(self._verdicts())),
            ("managed devices", _READ_DEVICES, devices),
            ("names of discovered apps, as a hint", _READ_DEVICES, suggest),
        ]
        for what, needs, step in parts:
            abilities.append(vendor.tried(what, needs, step, Denied, Unreachable, Refused))
        return Checked(tuple(abilities), seen, suggested, whole=not cut)

    def _devices(self, path: str, found: dict[str, rows.Verdict]) -> Iterator[Page]:
        for part in self._graph.pages(path, rows.read_devices):
            yield Page(tuple(rows.with_verdict(row, found) for row in part.rows), part.next, part.total)

    def _verdicts(self) -> dict[str, rows.Verdict]:
        lists: dict[Platform, list[frozenset[App]]] = {}
        for row in self._rows(_POLICIES):
            platform = _POLICY.get(str(row.get("@odata.type")).lower()) if isinstance(row, dict) else None
            if platform and (apps := rows.apps_of(platform, row.get("restrictedApps"))):
                lists.setdefault(platform, []).append(apps)
        found = rows.verdicts(self._states(), lists)
        rows.violations(self._rows(_VIOLATIONS), found)
        return found

    def _states(self) -> Iterator[tuple[Platform, Any]]:
        for row in self._rows(_SUMMARIES):
            if not isinstance(row, dict) or not str(row.get("setting")).lower().endswith(".restrictedapps"):
                continue
            platform = _SETTING.get(str(row.get("platformType")).lower())
            if platform is not None and isinstance(row.get("id"), str):
                path = f"{_SUMMARIES}/{quote(row['id'], safe='')}/{_STATES}"
                yield from ((platform, state) for state in self._rows(path))

    def _rows(self, path: str) -> Iterator[Any]:
        for part in self._graph.pages(path):
            yield from part.rows
