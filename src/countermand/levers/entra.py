"""Microsoft Entra: an extension attribute on registered devices, and one Conditional Access policy that looks at it.

An application may write nothing else of a phone's device object (the directory says so), and that attribute alone denies
nothing: a policy does, which blocks Exchange Online for devices whose attribute names a directive in force. It is made in
report-only, people enable it, and it is the switch: one write takes back what would take hours device by device.
"""

import re
from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import quote

from countermand.core import lever as words
from countermand.core.devices import IdentityKind
from countermand.core.errors import Refused
from countermand.core.lever import NOTHING, Power
from countermand.levers.lever import FAULTS, Kind, Later, Opened, Outcome, Policy, Seen, Write, rate, rate_setting, strange
from countermand.lib.granted import Denied
from countermand.lib.graph import WHERE, following, rows
from countermand.lib.http import Response, Unreachable
from countermand.lib.microsoft import ID, TOKEN, WHO, granted
from countermand.lib.outward import seconds
from countermand.lib.parts import cut
from countermand.lib.vendor import Ability, Request, Setting, tried

_UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
#: Office 365 Exchange Online, in every tenant.
EXCHANGE_ONLINE = "00000002-0000-0ff1-ce00-000000000000"
_DEVICES, _BATCH, _POLICIES = "/v1.0/devices", "/v1.0/$batch", "/v1.0/identity/conditionalAccess/policies"
_WRITES, _SEES, _RULES = "Device.ReadWrite.All", "Device.Read.All", "Policy.ReadWrite.ConditionalAccess and Policy.Read.All"
#: Everything that is ever sent; what goes inside a batch stands in INSIDE.
REQUESTS = (
    TOKEN,
    Request("GET", _DEVICES, _SEES),
    Request("POST", r"/v1\.0/\$batch", _WRITES),
    Request("GET", _POLICIES, _RULES),
    Request("POST", _POLICIES, _RULES),
    Request("GET", rf"{_POLICIES}/{ID}", _RULES),
    Request("PATCH", rf"{_POLICIES}/{ID}", _RULES),
)
#: A batch of Graph's takes so many.
MOST = 20
_DEVICE = r"/devices\(deviceId='[0-9a-f-]{36}'\)"
INSIDE = (("GET", rf"{_DEVICE}\?\$select=[A-Za-z,]+"), ("PATCH", _DEVICE))
#: The longest rule that a device filter takes.
_LONGEST = 3072
_STATES = {Power.REPORT: "enabledForReportingButNotEnforced", Power.ON: "enabled", Power.OFF: "disabled"}
_POWERS = {state: power for power, state in _STATES.items()}
SETTINGS: Mapping[str, Setting] = {
    **WHO,
    "attribute": Setting("the number of the extension attribute, 1 to 15", "15", r"[1-9]|1[0-5]"),
    "rate": rate_setting("3000/150s"),
    **WHERE,
}


class Entra:
    """One tenant."""

    def __init__(self, opened: Opened) -> None:
        link = opened.link
        self._api = granted(link, REQUESTS, strange(link))
        self._name, self._mark = link.name, opened.mark
        self._attribute = f"extensionAttribute{link.settings['attribute']}"

    def check(self) -> list[Ability]:
        def writes() -> None:
            """Asks to write to a device that cannot be: allowed, it is unknown; else it is forbidden."""
            nobody = "00000000-0000-0000-0000-000000000000"
            (answer,) = self._batch([self._patch(nobody, NOTHING)])
            if answer["status"] not in {204, 404}:
                raise Denied(_said(answer), answer["status"])

        parts = [
            ("see devices", _SEES, lambda: self._api.get(f"{_DEVICES}?$top=1&$select=id")),
            ("write the attribute of devices", _WRITES, writes),
            ("see the policies of Conditional Access", _RULES, lambda: self._api.get(f"{_POLICIES}?$top=1&$select=id")),
        ]
        return [tried(what, needs, step, *FAULTS) for what, needs, step in parts]

    def read(self, keys: Sequence[str]) -> Mapping[str, Seen]:
        columns = "id,deviceId,extensionAttributes,isManaged,isCompliant,trustType"
        found: dict[str, Seen] = {}
        for part in cut(keys, MOST):
            asked = [{"method": "GET", "url": f"/devices(deviceId='{key}')?$select={columns}"} for key in part]
            for key, answer in zip(part, self._batch(asked), strict=True):
                if answer["status"] == 200:
                    found[key] = self._seen(answer.get("body"))
                elif answer["status"] != 404:
                    raise _away(answer)
        return found

    def write(self, writes: Sequence[Write]) -> list[Outcome]:
        done: list[Outcome] = []
        for part in cut(writes, MOST):
            try:
                answers = self._batch([self._patch(one.key, one.value) for one in part])
            except Unreachable:
                done += [Outcome()] * len(part)
            else:
                done += [_outcome(answer) for answer in answers]
        return done

    def strays(self, after: str) -> tuple[list[str], str]:
        first = f"{_DEVICES}?$filter=extensionAttributes/{self._attribute} ge 'cm{self._mark}'&$count=true&$top=999"
        path = after or f"{first}&$select=deviceId,extensionAttributes"
        found = self._api.get(path, {"consistencylevel": "eventual"})
        marked = [row for row in rows(found) if words.bears(self._mark, self._value(row))]
        return [str(row.get("deviceId")).lower() for row in marked], following(self._api, found)

    # -- the switch --

    def rule(self, lineages: frozenset[str]) -> str:
        names = [words.clause(self._mark, one) for one in sorted(lineages)]
        made = " -or ".join(f'device.{self._attribute} -contains "{name}"' for name in names)
        if len(made) > _LONGEST:
            raise Refused("lever-full", name=self._name, most=_LONGEST // 60)
        return made

    def create(self, lineages: frozenset[str]) -> str:
        title = f"Countermand {self._name} {self._mark}"
        for row in rows(self._api.get(f"{_POLICIES}?$filter=displayName eq '{title}'")):
            if row.get("displayName") == title and isinstance(row.get("id"), str):
                return str(row["id"])
        made = {
            "displayName": title,
            "state": _STATES[Power.REPORT],
            "conditions": {
                "users": {"includeUsers": ["All"]},
                "applications": {"includeApplications": [EXCHANGE_ONLINE]},
                "clientAppTypes": ["all"],
                "devices": self._filter(lineages),
            },
            "grantControls": {"operator": "OR", "builtInControls": ["block"]},
        }
        answer = self._api.answered("POST", _POLICIES, made, once=True)
        return str(self._api.object(answer).get("id"))

    def policy(self, id_: str) -> Policy | None:
        try:
            found = self._api.get(f"{_POLICIES}/{quote(id_, safe='')}")
        except Denied as denied:
            if denied.status == 404:
                return None
            raise
        devices = (found.get("conditions") or {}).get("devices") or {}
        rule = (devices.get("deviceFilter") or {}).get("rule") or ""
        blocks = (found.get("grantControls") or {}).get("builtInControls") == ["block"]
        return Policy(id_, _POWERS.get(str(found.get("state")), Power.NONE), str(rule) if blocks else "")

    def turn(self, id_: str, power: Power | None, lineages: frozenset[str] | None) -> None:
        wanted: dict[str, Any] = {} if power is None else {"state": _STATES[power]}
        if lineages:
            wanted["conditions"] = {"devices": self._filter(lineages)}
        self._api.answered("PATCH", f"{_POLICIES}/{quote(id_, safe='')}", wanted)

    def _filter(self, lineages: frozenset[str]) -> dict[str, Any]:
        return {"deviceFilter": {"mode": "include", "rule": self.rule(lineages)}}

    # -- how Graph says things --

    def _patch(self, key: str, value: str) -> dict[str, Any]:
        body = {"extensionAttributes": {self._attribute: value or None}}
        url = f"/devices(deviceId='{key}')"
        return {"method": "PATCH", "url": url, "headers": {"Content-Type": "application/json"}, "body": body}

    def _batch(self, requests: Sequence[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
        """The answers, in the order of the requests."""
        for one in requests:
            if not any(one["method"] == method and re.fullmatch(path, one["url"]) for method, path in INSIDE):
                raise ValueError(f"{one['method']} {one['url']} is not on the list of what may be asked")
        sent = [{"id": str(number), **one} for number, one in enumerate(requests)]
        answer = self._api.tried("POST", _BATCH, {"requests": sent})
        if answer.status in {429, 503}:
            return [{"status": answer.status, "headers": dict(answer.headers)} for _ in requests]
        return self._answers(answer, len(requests))

    def _answers(self, answer: Response, count: int) -> list[Mapping[str, Any]]:
        if answer.status >= 500:
            raise Unreachable(f"it answered {answer.status}")
        if answer.status != 200:
            raise Denied(f"{answer.status}", answer.status)
        found = self._api.object(answer).get("responses")
        by = {str(one.get("id")): one for one in found if isinstance(one, dict)} if isinstance(found, list) else {}
        whole = [by.get(str(number)) for number in range(count)]
        if any(one is None or not isinstance(one.get("status"), int) for one in whole):
            raise self._api.strange("a batch without all its answers")
        return [one for one in whole if one is not None]

    def _seen(self, body: Any) -> Seen:
        if not isinstance(body, dict):
            raise self._api.strange("a device that is none")
        known = bool(body.get("isManaged")) or bool(body.get("isCompliant")) or body.get("trustType") == "ServerAd"
        return Seen(self._value(body), idle="" if known else "neither managed by Intune nor compliant")

    def _value(self, row: Mapping[str, Any]) -> str:
        found = row.get("extensionAttributes")
        return str((found.get(self._attribute) if isinstance(found, dict) else None) or NOTHING)


def _outcome(answer: Mapping[str, Any]) -> Outcome:
    status = answer["status"]
    if status in {200, 204}:
        return Outcome(done=True)
    if status in {429, 503, 504, 500, 502}:
        return Outcome(later=_later(answer))
    return Outcome(refused=_said(answer))


def _later(answer: Mapping[str, Any]) -> float:
    headers = {str(name).lower(): str(value) for name, value in (answer.get("headers") or {}).items()}
    return seconds(headers.get("retry-after", ""), 10.0)


def _away(answer: Mapping[str, Any]) -> Exception:
    """What a reading that failed is; "later" is nobody's fault."""
    if answer["status"] in {429, 503}:
        return Later(_later(answer))
    return Denied(_said(answer), answer["status"])


def _said(answer: Mapping[str, Any]) -> str:
    error = (answer.get("body") or {}).get("error") if isinstance(answer.get("body"), dict) else None
    code = error.get("code") if isinstance(error, dict) else ""
    return f"{answer['status']} {code or ''}".strip()[:120]


def _key(_: str, name: str) -> str | None:
    """Entra writes device ids in small letters; sources may not."""
    small = name.lower()
    return small if _UUID.fullmatch(small) else None


KIND = Kind(
    words="Microsoft Entra: an attribute of devices, and one Conditional Access policy",
    identity=IdentityKind.ENTRA,
    key=_key,
    value=words.value,
    quota=rate,
    undone="one switch; the attributes are cleaned up behind it",
    misses=(
        "Devices that Entra does not know, and those that Intune neither manages nor finds compliant.",
        "Sessions that run: a token is good for about an hour, with continuous access evaluation for up to 28 days.",
        "Mail read by clients that do not sign in through Entra.",
    ),
    settings=SETTINGS,
    requests=REQUESTS,
    open=Entra,
    switch=True,
    batch=MOST,
    lanes=4,
)

__all__ = ["EXCHANGE_ONLINE", "INSIDE", "KIND", "REQUESTS", "Entra"]
