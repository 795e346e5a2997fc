"""Compliance policies of an Intune of our own, which can be made, assigned, filled and deleted; by Graph's published schema."""

import json
import re
from dataclasses import dataclass, field
from threading import RLock
from typing import Any

from jsonschema import Draft202012Validator

from countermand.levers.intune_policy import SCHEMA
from fake_graph import Tenant

_POLICIES = "/beta/deviceManagement/deviceCompliancePolicies"
GROUP = "0000aaaa-0000-4000-8000-00000000000f"


@dataclass
class Intune(Tenant):
    """``lost``: writes that are done and never answered; ``changes``: what was asked beside looking."""

    lost: int = 0
    changes: list[tuple[str, str]] = field(default_factory=list)
    _made: int = 0
    _lock: Any = field(default_factory=RLock)

    def answer(self, method: str, path: str, query: dict[str, list[str]], token: str, form: str) -> Any:
        with self._lock:
            if method == "GET" or not path.startswith(_POLICIES):
                return super().answer(method, path, query, token, form)
            if token != "Bearer a.token":
                return 401, {"error": {"code": "InvalidAuthenticationToken"}}
            self.changes.append((method, path.removeprefix(_POLICIES)))
            done = self._written(method, path, json.loads(form) if form else {})
            if self.lost:
                self.lost -= 1
                return 0, {}
            return done

    def _written(self, method: str, path: str, body: dict[str, Any]) -> Any:
        if (method, path) == ("POST", _POLICIES):
            Draft202012Validator(SCHEMA).validate(body)
            self._made += 1
            said = {key: value for key, value in body.items() if key != "scheduledActionsForRule"}
            defaults = {"passcodeRequired": False, "passcodeRequiredType": "deviceDefault", "osMinimumVersion": None}
            made = {"id": f"policy-{self._made}", "version": 1, "roleScopeTagIds": ["0"], **defaults, **said, "assignments": []}
            self.policies.append(made)
            return 201, made
        found = re.fullmatch(rf"{_POLICIES}/([\w-]+)(/assign)?", path)
        assert found
        policy = next((one for one in self.policies if one["id"] == found[1]), None)
        if policy is None:
            return 404, {"error": {"code": "ResourceNotFound"}}
        if found[2]:
            assert method == "POST"
            policy["assignments"] = [{"id": "a", **one} for one in body["assignments"]]
            return 200, {"value": policy["assignments"]}
        if method == "DELETE":
            self.policies.remove(policy)
            return 204, None
        assert method == "PATCH"
        assert set(body) == {"@odata.type", "restrictedApps"}
        assert len(body["restrictedApps"]) <= 100
        policy |= {"restrictedApps": body["restrictedApps"], "version": policy["version"] + 1}
        return 200, policy
