"""A Fleet of our own, from its REST API's description: hosts in pages by number, software on request, hosts of every platform."""

from dataclasses import dataclass, field
from typing import Any

from fake_api import Api

TOKEN = "a fleet token"
TIKTOK = "com.zhiliaoapp.musically"


def host(number: int, status: str | None = "On (automatic)", **more: Any) -> dict[str, Any]:
    """An iPhone that was enrolled automatically, but for what is said otherwise."""
    return {
        "id": number,
        "uuid": f"00008110-{number:012X}",
        "udid": f"00008110-{number:012X}",
        "platform": "ios",
        "hardware_serial": f"SERIAL{number}",
        "hardware_model": "iPhone14,7",
        "eas_device_identifier": f"EAS{number}",
        "seen_time": "2020-07-10T10:00:00Z",
        "software_updated_at": "2020-07-10T09:00:00Z",
        "mdm": {"enrollment_status": status, "server_url": "https://fleet.example", "name": "Fleet"},
        "software": [software(TIKTOK), software("com.example.mail")],
        "device_mapping": [{"email": f"Person{number}@contoso.example", "source": "google_chrome_profiles"}],
        **more,
    }


def software(bundle: Any, source: str = "ios_apps") -> dict[str, Any]:
    return {"id": 1, "name": "an app", "version": "1", "bundle_identifier": bundle, "source": source, "last_opened_at": ""}


@dataclass
class Server(Api):
    hosts: list[Any] = field(default_factory=list)
    devices_at: str = "/hosts"

    def answer(self, method: str, path: str, query: dict[str, list[str]], token: str, form: str) -> tuple[int, dict[str, Any]]:
        if token != f"Bearer {TOKEN}":
            return 401, {"message": "Authentication required"}
        if (method, path) != ("GET", "/api/v1/fleet/hosts"):
            return 404, {"message": "not found"}
        number, size = int(query["page"][0]), int(query["per_page"][0])
        rows = self.hosts[number * size : (number + 1) * size]
        if query.get("populate_software") != ["true"]:
            rows = [{name: value for name, value in row.items() if name != "software"} for row in rows]
        return 200, {"hosts": rows}
