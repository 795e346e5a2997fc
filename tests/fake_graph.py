"""A Microsoft Graph of our own, from its published schema: tokens that run out, pages by opaque links, throttling, defects."""

import re
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs, quote, urlencode

from fake_api import Api, served

__all__ = ["served"]

TENANT, CLIENT, SECRET = "contoso.example", "1c6e", "s3cret value"
TIKTOK, DOUYIN = "com.zhiliaoapp.musically", "com.ss.iphone.ugc.Aweme"
_V1, _BETA = "/v1.0/deviceManagement", "/beta/deviceManagement"
_SETTING = "IosCompliancePolicy.RestrictedApps"


def device(number: int, **more: Any) -> dict[str, Any]:
    """A ``managedDevice``: a supervised iPhone of the company's, but for what is said otherwise."""
    return {
        "@odata.type": "#microsoft.graph.managedDevice",
        "id": f"managed-{number}",
        "userPrincipalName": f"Person{number}@Contoso.example",
        "managedDeviceOwnerType": "company",
        "managementAgent": "mdm",
        "operatingSystem": "iOS",
        "isSupervised": True,
        "deviceEnrollmentType": "appleBulkWithUser",
        "lastSyncDateTime": "2020-07-10T09:00:00.1234567Z",
        "azureADDeviceId": f"0000AAAA-0000-0000-0000-{number:012d}",
        "easActivated": True,
        "easDeviceId": f"EAS{number}",
        "serialNumber": f"SERIAL{number}",
        "model": "iPhone 12",
        **more,
    }


def state(number: int, word: str) -> dict[str, Any]:
    """A ``deviceComplianceSettingState``."""
    return {"id": f"state-{number}", "setting": _SETTING, "deviceId": f"managed-{number}", "state": word}


def policy(*apps: str, kind: str = "iosCompliancePolicy") -> dict[str, Any]:
    rows = [{"name": "a name", "publisher": None, "appStoreUrl": None, "appId": app} for app in apps]
    return {"@odata.type": f"#microsoft.graph.{kind}", "id": "p", "restrictedApps": rows}


@dataclass
class Tenant(Api):
    """What the tenant holds, and how badly it behaves. ``uses``: requests that a token is good for; ``denied``: paths that are
    403; ``elsewhere``: where its next pages are said to be."""

    devices: list[Any] = field(default_factory=list)
    policies: list[Any] = field(default_factory=list)
    states: list[Any] = field(default_factory=list)
    violations: list[Any] = field(default_factory=list)
    detected: list[Any] = field(default_factory=list)
    devices_at: str = "/managedDevices"
    uses: int = 1_000_000
    denied: str = "^$"
    page: int = 1_000
    elsewhere: str = ""
    _left: int = 0

    def collection(self, path: str) -> list[Any] | None:
        summary = {"id": _SETTING, "setting": _SETTING, "settingName": "Restricted apps", "platformType": "iOS"}
        return {
            f"{_V1}/managedDevices": self.devices,
            f"{_V1}/detectedApps": self.detected,
            f"{_V1}/deviceCompliancePolicySettingStateSummaries": [None, {"id": "x", "setting": "Other.Thing"}, summary],
            f"{_V1}/deviceCompliancePolicySettingStateSummaries/{_SETTING}/deviceComplianceSettingStates": self.states,
            f"{_BETA}/deviceCompliancePolicies": self.policies,
            f"{_BETA}/deviceConfigurationRestrictedAppsViolations": self.violations,
        }.get(path)

    def answer(self, method: str, path: str, query: dict[str, list[str]], token: str, form: str) -> tuple[int, dict[str, Any]]:
        if path == f"/{TENANT}/oauth2/v2.0/token":
            said = {name: values[0] for name, values in parse_qs(form).items()}
            if (method, said["client_id"], said["client_secret"]) != ("POST", CLIENT, SECRET):
                return 401, {"error": "invalid_client", "error_description": "AADSTS7000215"}
            self._left = self.uses
            return 200, {"token_type": "Bearer", "expires_in": 3599, "access_token": "a.token"}
        self._left -= 1
        if token != "Bearer a.token" or self._left < 0:
            return 401, {"error": {"code": "InvalidAuthenticationToken"}}
        rows = self.collection(path)
        if method != "GET" or rows is None:
            return 404, {"error": {"code": "ResourceNotFound"}}
        if re.search(self.denied, path):
            return 403, {"error": {"code": "Forbidden", "message": "Application is not authorized"}}
        return 200, self._page(path, query, rows)

    def _page(self, path: str, query: dict[str, list[str]], rows: list[Any]) -> dict[str, Any]:
        start = int(query.get("$skiptoken", ["0"])[0])
        size = min(int(query.get("$top", ["1000"])[0]), self.page)
        found: dict[str, Any] = {"@odata.context": "…", "value": rows[start : start + size]}
        if "$count" in query:
            found["@odata.count"] = len(rows)
        if start + size < len(rows):
            said = {name: values[0] for name, values in query.items() if name != "$skiptoken"}
            link = urlencode({**said, "$skiptoken": start + size})
            found["@odata.nextLink"] = f"{self.elsewhere or self.url}{quote(path)}?{link}"
        return found
