"""A Jamf Pro of our own, from the published schema of its v2 detail: short tokens, pages by number, empty sections."""

from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs

from fake_api import Api

SECTIONS = {
    "GENERAL": "general",
    "HARDWARE": "hardware",
    "USER_AND_LOCATION": "userAndLocation",
    "APPLICATIONS": "applications",
}
CLIENT, SECRET = "8b1d-client", "jamf s3cret"


def device(number: int, **general: Any) -> dict[str, Any]:
    """A row of ``mobile-devices/detail``: a supervised iPad of the company's, but for what its general section says otherwise."""
    return {
        "mobileDeviceId": str(number),
        "deviceType": "iOS",
        "hardware": {"serialNumber": f"SERIAL{number}", "model": "iPad (9th generation)"},
        "userAndLocation": {"username": f"Person{number}", "emailAddress": f"person{number}@contoso.example"},
        "applications": [app("com.example.mail"), app("com.zhiliaoapp.musically", "Unmanaged")],
        "general": {
            "udid": f"udid-{number}",
            "managed": True,
            "supervised": True,
            "deviceOwnershipType": "Institutional",
            "lastInventoryUpdateDate": "2020-07-10T09:00:00.123Z",
            "exchangeDeviceId": f"EAS{number}",
            **general,
        },
    }


def app(identifier: Any, status: str = "Managed") -> dict[str, Any]:
    return {"identifier": identifier, "name": "an app", "version": "1", "shortVersion": "1", "managementStatus": status}


@dataclass
class Server(Api):
    devices: list[Any] = field(default_factory=list)
    devices_at: str = "/detail"
    page: int = 200
    allowed: bool = True

    def answer(self, method: str, path: str, query: dict[str, list[str]], token: str, form: str) -> tuple[int, dict[str, Any]]:
        if (method, path) == ("POST", "/api/v1/oauth/token"):
            said = {name: values[0] for name, values in parse_qs(form).items()}
            if (said.get("client_id"), said.get("client_secret")) != (CLIENT, SECRET):
                return 401, {"error": "invalid_client"}
            return 200, {"access_token": "a.token", "expires_in": 59, "token_type": "Bearer", "scope": "api-role:1"}
        if token != "Bearer a.token":
            return 401, {"httpStatus": 401, "errors": []}
        if (method, path) != ("GET", "/api/v2/mobile-devices/detail"):
            return 404, {"httpStatus": 404, "errors": []}
        if not self.allowed:
            return 403, {"httpStatus": 403, "errors": [{"code": "INVALID_PRIVILEGE"}]}
        number, size = int(query["page"][0]), min(int(query["page-size"][0]), 2000)
        kept = {"mobileDeviceId", "deviceType"} | {SECTIONS[one] for one in query["section"]}
        rows = [
            {name: row.get(name) if name in kept else None for name in row} if isinstance(row, dict) else row
            for row in self.devices[number * size : (number + 1) * size]
        ]
        return 200, {"totalCount": len(self.devices), "results": rows}
