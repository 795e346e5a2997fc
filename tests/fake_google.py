"""Google's Directory and Android Management APIs of our own, from their discovery documents: assertions, tokens, empty pages."""

import base64
import json
from dataclasses import dataclass, field
from functools import cache
from typing import Any
from urllib.parse import parse_qs

import jwt
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from fake_api import Api

ACCOUNT, SUBJECT, ENTERPRISE = "reader@project.iam.gserviceaccount.com", "admin@contoso.example", "LC01ab2cd3"
PUSHER = "push@project.iam.gserviceaccount.com"
TIKTOK = "com.zhiliaoapp.musically"


@cache
def _key() -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(65537, 2048)


def key_file() -> str:
    """What an administrator downloads of a service account."""
    pem = _key().private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()
    return json.dumps({"type": "service_account", "client_email": ACCOUNT, "private_key_id": "k1", "private_key": pem})


def mobile(number: int, **more: Any) -> dict[str, Any]:
    """A ``mobiledevice``: somebody's own Android, audited, without a work profile."""
    return {
        "kind": "admin#directory#mobiledevice",
        "resourceId": f"AFiQ{number}",
        "deviceId": f"device{number}",
        "name": [f"Person {number}"],
        "email": [f"Person{number}@contoso.example"],
        "model": "Pixel 8",
        "os": "Android 14",
        "type": "ANDROID",
        "status": "APPROVED",
        "serialNumber": f"SERIAL{number}",
        "lastSync": "2020-07-10T09:00:00.000Z",
        "managedAccountIsOnOwnerProfile": True,
        "supportsWorkProfile": True,
        "applications": [{"packageName": TIKTOK, "displayName": "TikTok", "versionCode": 1, "permission": []}],
        **more,
    }


def managed(number: int, **more: Any) -> dict[str, Any]:
    """A ``devices`` resource: a fully managed phone with application reports."""
    return {
        "name": f"enterprises/{ENTERPRISE}/devices/{number:x}",
        "managementMode": "DEVICE_OWNER",
        "ownership": "COMPANY_OWNED",
        "state": "ACTIVE",
        "lastStatusReportTime": "2020-07-10T09:00:00.123456Z",
        "hardwareInfo": {"model": "Pixel 8", "serialNumber": f"SERIAL{number}"},
        "applicationReports": [report(TIKTOK), report("com.example.gone", "REMOVED")],
        **more,
    }


def report(package: Any, state: str = "INSTALLED") -> dict[str, Any]:
    return {"packageName": package, "state": state, "applicationSource": "INSTALLED_FROM_PLAY_STORE", "events": []}


def pushed(number: int, row: Any, kind: str = "STATUS_REPORT", **more: Any) -> bytes:
    """What Pub/Sub posts of one notification of the Android Management API."""
    data = {} if row is None else {"data": base64.b64encode(json.dumps(row).encode()).decode()}
    message = {"attributes": {"notificationType": kind}, **data, "messageId": f"{number}", "message_id": f"{number}", **more}
    return json.dumps({"message": message, "subscription": "projects/project/subscriptions/countermand"}).encode()


def push_token(audience: str, now: int, kid: str = "k1", **more: Any) -> str:
    """What Google signs of whoever pushes; ``now`` in seconds."""
    said = {"aud": audience, "azp": "1137", "sub": "1137", "iss": "https://accounts.google.com", "iat": now, "exp": now + 3600}
    claims = {**said, "email": PUSHER, "email_verified": True, **more}
    return jwt.encode({name: one for name, one in claims.items() if one is not None}, _key(), "RS256", {"kid": kid})


@dataclass
class Google(Api):
    """``devices`` of one of both lists; ``hollow``: pages without rows in between, as these APIs have them; ``away``: it
    publishes no keys."""

    devices: list[Any] = field(default_factory=list)
    devices_at: str = "mobile"
    page: int = 100
    allowed: bool = True
    hollow: bool = False
    policies: list[Any] = field(default_factory=list)
    enterprise: dict[str, Any] = field(default_factory=dict)
    away: bool = False
    claims: list[dict[str, Any]] = field(default_factory=list)

    def answer(self, method: str, path: str, query: dict[str, list[str]], token: str, form: str) -> tuple[int, dict[str, Any]]:
        if (method, path) == ("POST", "/token"):
            said = {name: values[0] for name, values in parse_qs(form).items()}
            audience = f"{self.url}/token"
            try:
                unchecked = {"verify_exp": False, "verify_iat": False}
                claims = jwt.decode(said["assertion"], _key().public_key(), ["RS256"], unchecked, audience=audience)
            except jwt.PyJWTError:
                return 400, {"error": "invalid_grant", "error_description": "Invalid JWT Signature."}
            self.claims.append(claims)
            return 200, {"access_token": "a.token", "expires_in": 3599, "token_type": "Bearer"}
        if (method, path) == ("GET", "/oauth2/v3/certs"):
            jwk = json.loads(jwt.algorithms.RSAAlgorithm.to_jwk(_key().public_key()))
            return (503, {}) if self.away else (200, {"keys": [{**jwk, "kid": "k1", "alg": "RS256", "use": "sig"}]})
        if token != "Bearer a.token":
            return 401, {"error": {"code": 401, "status": "UNAUTHENTICATED"}}
        lists = {
            "/admin/directory/v1/customer/my_customer/devices/mobile": "mobiledevices",
            f"/v1/enterprises/{ENTERPRISE}/devices": "devices",
            f"/v1/enterprises/{ENTERPRISE}/policies": "policies",
        }
        if (method, path) == ("GET", f"/v1/enterprises/{ENTERPRISE}"):
            return 200, {"name": f"enterprises/{ENTERPRISE}", **self.enterprise}
        if path.startswith(f"/v1/enterprises/{ENTERPRISE}/policies/"):
            return self._policy(method, *path.removeprefix("/v1/").partition(":")[::2], form)
        if method != "GET" or path not in lists:
            return 404, {"error": {"code": 404, "status": "NOT_FOUND"}}
        if not self.allowed:
            return 403, {"error": {"code": 403, "status": "PERMISSION_DENIED"}}
        if path.endswith("/policies"):
            return 200, {"policies": self.policies}
        return 200, self._page(lists[path], query)

    def _policy(self, method: str, name: str, verb: str, form: str) -> tuple[int, dict[str, Any]]:
        """One policy, and the two requests that change its applications."""
        found = next((one for one in self.policies if one["name"] == name), None)
        if found is None:
            return 404, {"error": {"code": 404, "status": "NOT_FOUND"}}
        if method == "GET":
            return 200, found
        body, listed = json.loads(form), {one["packageName"]: one for one in found["applications"]}
        if verb == "modifyPolicyApplications":
            for one in body["changes"]:
                assert one["updateMask"] == "installType"
                listed.setdefault(one["application"]["packageName"], {}).update(one["application"])
        else:
            assert verb == "removePolicyApplications"
            listed = {name: one for name, one in listed.items() if name not in body["packageNames"]}
        found |= {"applications": list(listed.values()), "version": str(int(found["version"]) + 1)}
        return 200, {"policy": found}

    def _page(self, name: str, query: dict[str, list[str]]) -> dict[str, Any]:
        token = query.get("pageToken", ["0"])[0]
        start, full = int(token.rstrip("+")), token.endswith("+") or not self.hollow
        size = min(int(query.get("maxResults", query.get("pageSize", ["100"]))[0]), self.page, 100)
        if not full:
            return {"nextPageToken": f"{start}+"}
        found: dict[str, Any] = {"kind": "…", name: self.devices[start : start + size]}
        if start + size < len(self.devices):
            found["nextPageToken"] = str(start + size)
        return found
