"""A Microsoft Entra directory of our own, from Graph's published schema: batches, write units, late consistency, people who edit.

Its own clock stamps every change (``journal``), and its administrators change what they like behind our back.
"""

import json
import re
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from random import Random
from threading import RLock
from typing import Any
from urllib.parse import parse_qs, urlencode

from fake_api import Api, served

__all__ = ["served"]

TENANT, CLIENT, SECRET = "contoso.example", "1c6e", "s3cret value"
_DEVICE = re.compile(r"/devices\(deviceId='([0-9a-f-]{36})'\)(\?.*)?")
_POLICIES = "/v1.0/identity/conditionalAccess/policies"


def device_id(number: int) -> str:
    return f"00000000-0000-4000-8000-{number:012d}"


@dataclass(frozen=True)
class Change:
    """``what``: 'device' or 'policy'; ``after``: the attribute's value, or (state, rule)."""

    at: float
    what: str
    key: str
    after: Any


@dataclass
class Directory(Api):
    """``quota``: writes to devices in so many seconds; ``lag``: requests after which a write is seen; ``ill``: the share of
    writes that fail, and of those done and not answered; ``denied``: methods and paths that are 403."""

    devices: dict[str, dict[str, Any]] = field(default_factory=dict)
    policies: dict[str, dict[str, Any]] = field(default_factory=dict)
    attribute: str = "extensionAttribute15"
    quota: tuple[int, float] = (1_000_000, 1.0)
    lag: int = 0
    ill: float = 0.0
    denied: str = "^$"
    page: int = 100
    chance: Random = field(default_factory=lambda: Random(7))
    clock: Callable[[], float] = time.monotonic
    journal: list[Change] = field(default_factory=list)
    throttled: int = 0
    before_batch: Callable[[], object] = lambda: None
    _seen: dict[str, Any] = field(default_factory=dict)
    _late: deque[tuple[int, str]] = field(default_factory=deque)
    _taken: deque[float] = field(default_factory=deque)
    _turns: int = 0
    _lock: Any = field(default_factory=RLock)

    def register(self, count: int, **more: Any) -> None:
        """So many phones, managed by Intune but for what is said otherwise."""
        for number in range(len(self.devices), len(self.devices) + count):
            self.devices[device_id(number)] = {
                "isManaged": True,
                "isCompliant": None,
                "trustType": "Workplace",
                **more,
                "value": "",
            }

    def value(self, number: int) -> str:
        return str(self.devices[device_id(number)]["value"])

    def values(self) -> dict[str, str]:
        """What stands on which device, of those on which anything does."""
        return {key: row["value"] for key, row in self.devices.items() if row["value"]}

    def edit(self, number: int, value: str) -> None:
        """An administrator's hand; seen at once."""
        with self._lock:
            self.devices[device_id(number)]["value"] = value
            self._seen.pop(device_id(number), None)

    def settle(self) -> None:
        """Everything that was written is seen."""
        with self._lock:
            self._late.clear()
            self._seen.clear()

    def answer(self, method: str, path: str, query: dict[str, list[str]], token: str, form: str) -> Any:
        with self._lock:
            self._turns += 1
            while self._late and self._late[0][0] <= self._turns:
                self._seen.pop(self._late.popleft()[1], None)
            if path == f"/{TENANT}/oauth2/v2.0/token":
                said = {name: values[0] for name, values in parse_qs(form).items()}
                if (said["client_id"], said["client_secret"]) != (CLIENT, SECRET):
                    return 401, {"error": "invalid_client"}
                return 200, {"token_type": "Bearer", "expires_in": 3599, "access_token": "a.token"}
            if token != "Bearer a.token":
                return 401, {"error": {"code": "InvalidAuthenticationToken"}}
            if re.search(self.denied, f"{method} {path}"):
                return 403, {"error": {"code": "Authorization_RequestDenied"}}
            return self._graph(method, path, query, json.loads(form) if form else {})

    def _graph(self, method: str, path: str, query: dict[str, list[str]], body: dict[str, Any]) -> Any:
        if path == "/v1.0/$batch":
            self.before_batch()
            answers = [self._one(one) for one in body["requests"]]
            if self.ill and self.chance.random() < self.ill:
                return 0, {}
            return 200, {"responses": self.chance.sample(answers, len(answers))}  # in any order
        if path == "/v1.0/devices":
            return self._list(query)
        if path == _POLICIES:
            return self._policies(method, query, body)
        if path.startswith(f"{_POLICIES}/"):
            return self._policy(method, path.rsplit("/", 1)[1], body)
        return 404, {"error": {"code": "ResourceNotFound"}}

    # -- devices --

    def _one(self, one: dict[str, Any]) -> dict[str, Any]:
        found = _DEVICE.fullmatch(one["url"])
        assert found
        status, body, headers = self._device(one["method"], found[1], one.get("body"))
        return {"id": one["id"], "status": status, "headers": headers, **({} if body is None else {"body": body})}

    def _device(self, method: str, key: str, body: Any) -> tuple[int, Any, dict[str, str]]:
        if re.search(self.denied, f"{method} device"):
            return 403, {"error": {"code": "Authorization_RequestDenied"}}, {}
        if key not in self.devices:
            return 404, {"error": {"code": "Request_ResourceNotFound"}}, {}
        if method == "GET":
            return 200, self._row(key), {}
        if (wait := self._over()) is not None:
            self.throttled += 1
            return 429, {"error": {"code": "TooManyRequests"}}, {"Retry-After": str(wait)}
        if self.ill and self.chance.random() < self.ill:
            return 503, {"error": {"code": "ServiceUnavailable"}}, {"Retry-After": "0"}
        assert set(body) == {"extensionAttributes"}
        assert set(body["extensionAttributes"]) == {self.attribute}
        self._write(key, body["extensionAttributes"][self.attribute] or "")
        return 204, None, {}

    def _over(self) -> int | None:
        """Seconds to wait, if a write now is one too many in the last span; else it is counted."""
        most, span = self.quota
        now = self.clock()
        while self._taken and self._taken[0] <= now - span:
            self._taken.popleft()
        if len(self._taken) >= most:
            return int(self._taken[0] + span - now) + 1
        self._taken.append(now)
        return None

    def _write(self, key: str, value: str) -> None:
        row = self.devices[key]
        if self.lag:
            self._seen.setdefault(key, row["value"])
            self._late.append((self._turns + self.lag, key))
        row["value"] = value
        self.journal.append(Change(self.clock(), "device", key, value))

    def _row(self, key: str) -> dict[str, Any]:
        row = self.devices[key]
        value = self._seen.get(key, row["value"])
        attributes = {f"extensionAttribute{number}": None for number in range(1, 16)} | {self.attribute: value or None}
        known = {name: row[name] for name in ("isManaged", "isCompliant", "trustType")}
        return {"id": f"object-{key}", "deviceId": key, "extensionAttributes": attributes, **known}

    def _list(self, query: dict[str, list[str]]) -> Any:
        least = re.search(r" ge '(\w+)'", query.get("$filter", [""])[0])
        rows = [self._row(key) for key in sorted(self.devices)]
        if least:
            rows = [row for row in rows if (row["extensionAttributes"][self.attribute] or "") >= least[1]]
        start = int(query.get("$skiptoken", ["0"])[0])
        size = min(int(query.get("$top", ["100"])[0]), self.page)
        found: dict[str, Any] = {"value": rows[start : start + size]}
        if start + size < len(rows):
            said = {name: values[0] for name, values in query.items() if name != "$skiptoken"}
            found["@odata.nextLink"] = f"{self.url}/v1.0/devices?{urlencode({**said, '$skiptoken': start + size})}"
        return 200, found

    # -- policies --

    def _policies(self, method: str, query: dict[str, list[str]], body: dict[str, Any]) -> Any:
        if method == "GET":
            title = re.search(r"displayName eq '([^']*)'", query.get("$filter", [""])[0])
            rows = list(self.policies.values())
            return 200, {"value": [row for row in rows if title is None or row["displayName"] == title[1]]}
        assert method == "POST"
        assert body["state"] == "enabledForReportingButNotEnforced", "a policy begins by denying nobody"
        key = f"policy-{len(self.policies)}"
        self.policies[key] = {"id": key, **body}
        self._noted(key)
        return (0, {}) if self.ill and self.chance.random() < self.ill else (201, self.policies[key])

    def _policy(self, method: str, key: str, body: dict[str, Any]) -> Any:
        if key not in self.policies:
            return 404, {"error": {"code": "ResourceNotFound"}}
        if method == "GET":
            return 200, self.policies[key]
        assert method == "PATCH"
        assert set(body) <= {"state", "conditions"}
        _merge(self.policies[key], body)
        self._noted(key)
        return (0, {}) if self.ill and self.chance.random() < self.ill else (204, {})

    def _noted(self, key: str) -> None:
        row = self.policies[key]
        rule = row["conditions"]["devices"]["deviceFilter"]["rule"]
        self.journal.append(Change(self.clock(), "policy", key, (row["state"], rule)))

    def denies(self, number: int) -> bool:
        """Whether Entra would block this device now: some policy is on, and its rule finds the attribute."""
        value, row = self.value(number), self.devices[device_id(number)]
        if not (row["isManaged"] or row["isCompliant"]):
            return False
        return any(
            policy["state"] == "enabled" and any(word in value for word in re.findall(r'-contains "([^"]+)"', _rule(policy)))
            for policy in self.policies.values()
        )


def _rule(policy: dict[str, Any]) -> str:
    return str(policy["conditions"]["devices"]["deviceFilter"]["rule"])


def _merge(into: dict[str, Any], change: dict[str, Any]) -> None:
    """As a PATCH of nested properties does: what is not named stays."""
    for name, value in change.items():
        if isinstance(value, dict) and isinstance(into.get(name), dict):
            _merge(into[name], value)
        else:
            into[name] = value
