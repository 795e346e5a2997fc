"""A Fleet of our own, from its REST API's description: hosts in pages by number, software on request, hosts of every platform."""

from dataclasses import dataclass, field
from typing import Any

from fake_api import Api

TOKEN = "a fleet token"
TIKTOK = "com.zhiliaoapp.musically"


def host(number: int, status: str | None = "On (automatic)", **more: Any) -> dict[str, Any]:
    """An iPhone that was enrolled automatically, but for what is said otherwise, with the fields of "List hosts" in Fleet's REST
    API. ``udid`` and ``eas_device_identifier`` are of newer servers; where no ``uuid`` is, there is an empty text."""
    return {
        "created_at": "2020-01-05T05:09:44Z",
        "updated_at": "2020-07-10T10:00:00Z",
        "id": number,
        "detail_updated_at": "2020-07-10T09:00:00Z",
        "last_restarted_at": "2000-01-01T00:00:00Z",
        "software_updated_at": "2020-07-10T09:00:00Z",
        "label_updated_at": "2020-07-10T09:00:00Z",
        "policy_updated_at": "2000-01-01T00:00:00Z",
        "last_enrolled_at": "2020-01-05T05:09:44Z",
        "seen_time": "2020-07-10T10:00:00Z",
        "hostname": f"iPhone {number}",
        "uuid": f"00008110-{number:012X}",
        "udid": f"00008110-{number:012X}",
        "platform": "ios",
        "osquery_version": "",
        "os_version": "iOS 17.5.1",
        "uptime": 0,
        "memory": 0,
        "hardware_vendor": "Apple Inc.",
        "hardware_model": "iPhone14,7",
        "hardware_version": "",
        "hardware_serial": f"SERIAL{number}",
        "computer_name": f"iPhone {number}",
        "display_name": f"iPhone {number}",
        "public_ip": "",
        "eas_device_identifier": f"EAS{number}",
        "additional": {},
        "status": "online",
        "team_id": None,
        "team_name": None,
        "gigs_disk_space_available": 46.1,
        "pack_stats": None,
        "issues": {"failing_policies_count": 0, "total_issues_count": 0},
        "mdm": {
            "encryption_key_available": False,
            "enrollment_status": status,
            "dep_profile_error": False,
            "name": "Fleet",
            "server_url": "https://fleet.example/mdm/apple/mdm",
        },
        "software": [software(TIKTOK), software("com.example.mail")],
        "device_mapping": [{"email": f"Person{number}@contoso.example", "source": "google_chrome_profiles"}],
        **more,
    }


def software(bundle: Any, source: str = "ios_apps") -> dict[str, Any]:
    return {
        "id": 1,
        "name": "an app",
        "version": "1",
        "source": source,
        "bundle_identifier": bundle,
        "last_opened_at": "",
        "generated_cpe": "",
        "vulnerabilities": None,
        "installed_paths": [],
    }


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
        unknown = query.keys() - {"page", "per_page", "order_key", "order_direction", "populate_software", "device_mapping"}
        assert not unknown, unknown
        listed = query.get("populate_software", ["false"])[0]
        assert listed in {"true", "false", "without_vulnerability_details"}
        if listed == "false":
            rows = [{name: value for name, value in row.items() if name != "software"} for row in rows]
        return 200, {"hosts": rows}
