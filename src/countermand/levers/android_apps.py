"""Google's Android Management API: the apps that orders forbid, in one policy of an enterprise (``installType`` BLOCKED).

An app that a policy blocks is uninstalled, whoever was told: so it is written only once an order is due for everybody.
An app that the policy names already is the administrators', whatever it says of it. Only the policy's ``applications`` are ever
written; its personal side is rendered for people to put in place (levers.android_policy).
"""

import re
from collections.abc import Mapping, Sequence
from typing import Any

from countermand.core.devices import IdentityKind, Platform
from countermand.core.lever import NOTHING
from countermand.levers.blocked_ids import BLOCKED
from countermand.levers.google import SHARED, TOKEN, granted
from countermand.levers.lever import FAULTS, Kind, Later, Opened, Outcome, Seen, Write, rate, rate_setting
from countermand.lib.granted import Denied
from countermand.lib.http import Response, Unreachable
from countermand.lib.outward import seconds
from countermand.lib.vendor import Ability, Request, Setting, tried

_SCOPE = "https://www.googleapis.com/auth/androidmanagement"
_ID = r"[0-9A-Za-z._-]{1,100}"
_POLICY = rf"/v1/enterprises/{_ID}/policies/{_ID}"
REQUESTS = (
    TOKEN,
    Request("GET", _POLICY, _SCOPE),
    Request("POST", rf"{_POLICY}:(modifyPolicyApplications|removePolicyApplications)", _SCOPE),
)
SETTINGS: Mapping[str, Setting] = {
    "enterprise": Setting("the enterprise's id, as in enterprises/ID", form=_ID),
    "policy": Setting("the policy's id, as in policies/ID", form=_ID),
    "uninstalls": Setting("accepted, because what is blocked is uninstalled", form="accepted"),
    "rate": rate_setting("60/60s"),
    "url": Setting("the API's address", "https://androidmanagement.googleapis.com"),
    "login": SHARED["login"],
}
_PACKAGE = r"[A-Za-z][A-Za-z0-9_]*(\.[A-Za-z0-9_]+)+"


class AndroidApps:
    """One policy."""

    def __init__(self, opened: Opened) -> None:
        settings = opened.link.settings
        self._api = granted(opened.link, REQUESTS, _SCOPE)
        self._policy = f"/v1/enterprises/{settings['enterprise']}/policies/{settings['policy']}"

    def check(self) -> list[Ability]:
        return [tried("see the policy, and block apps in it", _SCOPE, self._listed, *FAULTS)]

    def read(self, keys: Sequence[str]) -> Mapping[str, Seen]:
        listed = self._listed()
        return {key: Seen(listed.get(key, NOTHING)) for key in keys}

    def write(self, writes: Sequence[Write]) -> list[Outcome]:
        """What comes in one request, what goes in another."""
        come = [{"packageName": one.key, "installType": "BLOCKED"} for one in writes if one.value]
        go = [one.key for one in writes if not one.value]
        changes = {"changes": [{"application": one, "updateMask": "installType"} for one in come]}
        blocked = self._one("modifyPolicyApplications", changes) if come else Outcome()
        freed = self._one("removePolicyApplications", {"packageNames": go}) if go else Outcome()
        return [blocked if one.value else freed for one in writes]

    def strays(self, after: str) -> tuple[list[str], str]:
        return [], ""

    def _listed(self) -> dict[str, str]:
        """App → what the policy says of it."""
        answer = self._api.tried("GET", self._policy)
        if answer.status in {429, 503}:
            raise Later(seconds(answer.headers.get("retry-after", ""), 10.0))
        if answer.status != 200:
            raise Denied(str(answer.status), answer.status)
        found = self._api.object(answer).get("applications")
        return {str(one.get("packageName")): _said(one) for one in found or [] if isinstance(one, dict)}

    def _one(self, verb: str, body: Mapping[str, Any]) -> Outcome:
        try:
            answer: Response = self._api.tried("POST", f"{self._policy}:{verb}", body)
        except Unreachable:
            return Outcome()
        if answer.status == 200:
            return Outcome(done=True)
        if answer.status in {429, 500, 502, 503, 504}:
            return Outcome(later=seconds(answer.headers.get("retry-after", ""), 10.0))
        return Outcome(refused=str(answer.status))


def _said(app: Mapping[str, Any]) -> str:
    """An entry that says anything beside being blocked is somebody's."""
    alone = app.keys() <= {"packageName", "installType"}
    return BLOCKED if alone and app.get("installType") == "BLOCKED" else str(app.get("installType") or "named")


KIND = Kind(
    words="Google's Android Management API: apps are blocked in one policy",
    identity=IdentityKind.GOOGLE,
    key=lambda _, name: name if re.fullmatch(_PACKAGE, name) else None,
    value=lambda _, lineages: BLOCKED if lineages else NOTHING,
    quota=lambda settings: rate(settings, said=False),
    undone="app by app; what was uninstalled does not come back",
    misses=(
        "Devices under another policy, and until they next sync.",
        "The personal side of phones with a work profile, for which a person puts the rendered policy in place.",
    ),
    settings=SETTINGS,
    requests=REQUESTS,
    open=AndroidApps,
    apps=Platform.ANDROID,
    batch=100,
    lanes=1,
)
