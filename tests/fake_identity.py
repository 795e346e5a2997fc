"""A Cloud Identity of our own, from Google's published schema: device users with their states, etags, and people who edit."""

import json
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cache
from threading import RLock
from typing import Any
from urllib.parse import parse_qs

import jwt
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from fake_api import Api, served

__all__ = ["served"]

CUSTOMER, ADMIN, ACCOUNT = "03az79cb", "admin@example.org", "countermand@project.iam.example"
_STATE = re.compile(rf"/v1/(devices/\w+/deviceUsers/\w+)/clientStates/{CUSTOMER}-countermand")
_USER = re.compile(r"/v1/(devices/\w+/deviceUsers/\w+)")
_VERB = re.compile(r"/v1/(devices/\w+/deviceUsers/\w+):(block|approve)")
_MOBILE = re.compile(r"/admin/directory/v1/customer/my_customer/devices/mobile/(\w+)(/action)?")
_FIELDS = {"complianceState", "customId", "scoreReason"}


def name(number: int) -> str:
    return f"devices/d{number}/deviceUsers/u{number}"


@cache
def _key() -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(65537, 2048)


@cache
def secret() -> str:
    """A service account's key, as Google gives it out."""
    form = (serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    pem = _key().private_bytes(*form).decode()
    return json.dumps({"type": "service_account", "client_email": ACCOUNT, "private_key_id": "k1", "private_key": pem})


@dataclass
class Customer(Api):
    """``later_for``: requests that are told "later" first; ``slow``: operations that are not done when they are answered."""

    users: dict[str, str] = field(default_factory=dict)
    states: dict[str, dict[str, str]] = field(default_factory=dict)
    later_for: int = 0
    slow: bool = False
    changes: list[tuple[str, str]] = field(default_factory=list)
    before_write: Callable[[], object] = lambda: None
    _etags: int = 0
    _lock: Any = field(default_factory=RLock)

    def register(self, count: int) -> None:
        self.users |= {name(number): "APPROVED" for number in range(count)}

    def answer(self, method: str, path: str, query: dict[str, list[str]], token: str, form: str) -> Any:
        with self._lock:
            if path == "/token":
                return self._token({key: values[0] for key, values in parse_qs(form).items()})
            if token != "Bearer g.token":
                return 401, {"error": {"code": 401, "status": "UNAUTHENTICATED"}}
            if self.later_for:
                self.later_for -= 1
                return 429, {"error": {"code": 429, "status": "RESOURCE_EXHAUSTED"}}, {"Retry-After": "3"}
            assert method == "POST" or path.startswith("/admin") or query["customer"] == ["customers/my_customer"]
            return self._asked(method, path, query, json.loads(form) if form else {})

    def _token(self, said: dict[str, str]) -> Any:
        assert said["grant_type"] == "urn:ietf:params:oauth:grant-type:jwt-bearer"
        claims = jwt.decode(said["assertion"], _key().public_key(), ["RS256"], audience=f"{self.url}/token")
        assert (claims["iss"], claims["sub"]) == (ACCOUNT, ADMIN)
        assert claims["exp"] - claims["iat"] == 3600
        return 200, {"access_token": "g.token", "expires_in": 3599, "token_type": "Bearer"}

    def _asked(self, method: str, path: str, query: dict[str, list[str]], body: dict[str, Any]) -> Any:
        if (method, path) == ("GET", "/v1/devices"):
            return 200, {"devices": []}
        if path.startswith("/admin"):
            return self._phone(method, path, body)
        if found := _STATE.fullmatch(path):
            return self._state(method, found[1], query, body)
        if found := _VERB.fullmatch(path):
            return self._block(found[1], found[2], body)
        found = _USER.fullmatch(path)
        assert found, path
        assert method == "GET"
        if found[1] not in self.users:
            return 404, {"error": {"code": 404, "status": "NOT_FOUND"}}
        return 200, {"name": found[1], "managementState": self.users[found[1]]}

    def _state(self, method: str, key: str, query: dict[str, list[str]], body: dict[str, Any]) -> Any:
        if key not in self.users or (method == "GET" and key not in self.states):
            return 404, {"error": {"code": 404, "status": "NOT_FOUND"}}
        if method == "GET":
            return 200, self.states[key]
        assert method == "PATCH"
        assert set(query["updateMask"][0].split(",")) == _FIELDS
        self.before_write()
        now = self.states.get(key, {})
        if now and body.get("etag") != now["etag"]:
            return 409, {"error": {"code": 409, "status": "ABORTED"}}
        self.say(key, **{one: body.get(one, "") for one in _FIELDS})
        self.changes.append((key, body.get("customId", "")))
        return 200, {"name": "operations/1", "done": not self.slow, "response": {}}

    def say(self, key: str, **values: str) -> None:
        """An entry as somebody writes it: what is empty is not there."""
        self._etags += 1
        self.states[key] = {one: value for one, value in values.items() if value} | {"etag": f"e{self._etags}"}

    def _block(self, key: str, verb: str, body: dict[str, Any]) -> Any:
        assert body == {"customer": "customers/my_customer"}
        if key not in self.users:
            return 404, {"error": {"code": 404, "status": "NOT_FOUND"}}
        self.users[key] = "BLOCKED" if verb == "block" else "APPROVED"
        self.changes.append((key, verb))
        return 200, {"name": "operations/1", "done": not self.slow, "response": {}}

    def _phone(self, method: str, path: str, body: dict[str, Any]) -> Any:
        """The Directory's side: phones by resource id. An action is answered without a body."""
        if path.endswith("/mobile"):
            return 200, {"kind": "admin#directory#mobiledevices"}
        found = _MOBILE.fullmatch(path)
        assert found, path
        assert (method == "POST") == bool(found[2])
        key = f"mobile/{found[1]}"
        if key not in self.users:
            return 404, {"error": {"code": 404, "status": "NOT_FOUND"}}
        if method == "GET":
            return 200, {"resourceId": found[1], "status": self.users[key]}
        self.users[key] = {"block": "BLOCKED", "approve": "APPROVED"}[body["action"]]
        self.changes.append((key, body["action"]))
        return 204, None

    def said(self) -> dict[str, str]:
        """Key → state, of every device of which anything is said."""
        return {key: row["complianceState"] for key, row in self.states.items() if "complianceState" in row}

    def blocked(self) -> set[str]:
        return {key for key, state in self.users.items() if state == "BLOCKED"}
