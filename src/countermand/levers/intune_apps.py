"""Microsoft Intune: the apps that orders forbid, as restricted apps of compliance policies of our own (Graph beta).

It finds apps and prevents nothing: a phone with one of them is not compliant, and loses whatever asks for that. So it is written
only once an order is due for everybody. A policy is ours by the lever's mark in its name or description, and is made without
apps, assigned, and only then filled: whatever dies in between leaves a policy that says nothing. An app in it is ours if it
stands there as we write it; whatever else somebody made of the policy stays, and keeps it from being deleted.
"""

import re
from collections.abc import Mapping, Sequence
from typing import Any

from countermand.core.devices import IdentityKind, Platform
from countermand.core.lever import NOTHING
from countermand.levers.blocked_ids import BLOCKED
from countermand.levers.intune_policy import MOST, TYPES, app, body
from countermand.levers.lever import FAULTS, Kind, Later, Opened, Outcome, Seen, Write, rate, rate_setting, strange
from countermand.lib.granted import Denied
from countermand.lib.graph import WHERE, every
from countermand.lib.http import Response, Unreachable
from countermand.lib.microsoft import ID, TOKEN, WHO, granted
from countermand.lib.outward import seconds
from countermand.lib.vendor import Ability, Request, Setting, tried

_NEEDS = "DeviceManagementConfiguration.ReadWrite.All"
_POLICIES = "/beta/deviceManagement/deviceCompliancePolicies"
_ONE = rf"{_POLICIES}/{ID}"
REQUESTS = (
    TOKEN,
    Request("GET", _POLICIES, _NEEDS),
    Request("POST", _POLICIES, _NEEDS),
    Request("POST", rf"{_ONE}/assign", _NEEDS),
    Request("PATCH", _ONE, _NEEDS),
    Request("DELETE", _ONE, _NEEDS),
)
SETTINGS: Mapping[str, Setting] = {
    **WHO,
    "group": Setting("the id of the group whose iPhones and iPads it is for", form=r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}"),
    "compliance": Setting("accepted, because whoever has the app loses all that asks for compliance", form="accepted"),
    "rate": rate_setting("200/20s"),
    **WHERE,
}
_KIND = TYPES[Platform.IOS]
#: What a policy says that is no setting of it, and what a setting says that is not made.
_ABOUT = frozenset(
    {"id", "displayName", "description", "version", "createdDateTime", "lastModifiedDateTime", "roleScopeTagIds"}
    | {"restrictedApps", "assignments", "scheduledActionsForRule"}
)
_UNSAID: tuple[Any, ...] = (None, False, 0, "", [], "unavailable", "notConfigured", "deviceDefault", "notSet", "unknown")

_Policy = Mapping[str, Any]


class IntuneApps:
    """The policies of one lever."""

    def __init__(self, opened: Opened) -> None:
        self._api = granted(opened.link, REQUESTS, strange(opened.link))
        self._group, self._mark = opened.link.settings["group"], opened.mark
        self._title = f"Countermand {opened.link.name} {opened.mark}"

    def check(self) -> list[Ability]:
        return [tried("see compliance policies; that it may write them shows when it does", _NEEDS, self._ours, *FAULTS)]

    def read(self, keys: Sequence[str]) -> Mapping[str, Seen]:
        seen = {}
        for policy in self._ours():
            idle = "" if policy.get("assignments") else "its policy is assigned to nobody"
            seen.update({str(row.get("appId")): Seen(_said(row), idle=idle) for row in _apps(policy)})
        return {key: seen.get(key, Seen(NOTHING)) for key in keys}

    def write(self, writes: Sequence[Write]) -> list[Outcome]:
        """First what goes, then what comes, each policy at once."""
        outcomes: dict[str, Outcome] = {}
        go = {one.key for one in writes if not one.value}
        come = [one.key for one in writes if one.value]
        try:
            policies = self._ours()
            for policy in policies:
                if mine := go & {str(row.get("appId")) for row in _apps(policy)}:
                    outcomes |= dict.fromkeys(mine, self._without(policy, mine))
            outcomes |= {key: Outcome(done=True) for key in go - outcomes.keys()}  # it is gone already
            if come:
                self._put(come, self._ours() if go else policies, outcomes)
        except Unreachable:
            pass  # of what has no outcome nothing is known
        return [outcomes.get(one.key, Outcome()) for one in writes]

    def strays(self, after: str) -> tuple[list[str], str]:
        return [str(row.get("appId")) for policy in self._ours() for row in _apps(policy) if _said(row) == BLOCKED], ""

    def _ours(self) -> list[_Policy]:
        try:
            rows = list(every(self._api, f"{_POLICIES}?$expand=assignments"))
        except Denied as denied:
            raise Later(10.0) if denied.status in {429, 503} else denied from None
        found = [row for row in rows if self._mark in f"{row.get('displayName')} {row.get('description')}"]
        return [row for row in found if str(row.get("@odata.type")).lower() == _KIND.lower()]

    def _without(self, policy: _Policy, go: set[str]) -> Outcome:
        """The policy without these, or no policy, if it is as we made it and holds nothing more."""
        left = [row for row in _apps(policy) if str(row.get("appId")) not in go]
        if left or not _untouched(policy):
            return self._filled(policy, left)
        return _outcome(self._api.tried("DELETE", _path(policy)), 404)

    def _put(self, come: Sequence[str], policies: Sequence[_Policy], outcomes: dict[str, Outcome]) -> None:
        """These into policies that have room, and into new ones."""
        waiting, known = list(come), len(policies)
        free = [policy for policy in policies if len(_apps(policy)) < MOST]
        while waiting:
            policy = free.pop(0) if free else self._made(known := known + 1)
            if isinstance(policy, Outcome):
                outcomes |= dict.fromkeys(waiting, policy)
                return
            there = _apps(policy)
            part, waiting = waiting[: MOST - len(there)], waiting[MOST - len(there) :]
            named = {str(row.get("appId")) for row in there}
            done = self._assigned(policy)
            if done.done:
                done = self._filled(policy, [*there, *(app(one) for one in part if one not in named)])
            outcomes |= dict.fromkeys(part, done)

    def _made(self, number: int) -> _Policy | Outcome:
        """A policy without apps, which says nothing yet."""
        words = f"{self._title}. It is filled and emptied by Countermand; put nothing of your own into it."
        answer = self._api.tried("POST", _POLICIES, body(Platform.IOS, f"{self._title}, {number}", words, []))
        return self._api.object(answer) if answer.status == 201 else _outcome(answer)

    def _assigned(self, policy: _Policy) -> Outcome:
        """One without apps is assigned; of one that holds some, somebody may have taken that away, and it stays so."""
        if policy.get("assignments") or _apps(policy):
            return Outcome(done=True)
        target = {"@odata.type": "#microsoft.graph.groupAssignmentTarget", "groupId": self._group}
        return _outcome(self._api.tried("POST", f"{_path(policy)}/assign", {"assignments": [{"target": target}]}))

    def _filled(self, policy: _Policy, rows: Sequence[Mapping[str, Any]]) -> Outcome:
        return _outcome(self._api.tried("PATCH", _path(policy), {"@odata.type": _KIND, "restrictedApps": list(rows)}))


def _path(policy: _Policy) -> str:
    return f"{_POLICIES}/{policy.get('id')}"


def _apps(policy: _Policy) -> list[Mapping[str, Any]]:
    listed = policy.get("restrictedApps")
    return [row for row in listed if isinstance(row, dict)] if isinstance(listed, list) else []


def _said(row: Mapping[str, Any]) -> str:
    """A row that says more than we write is somebody's."""
    said = {name: value for name, value in row.items() if value and not name.startswith("@")}
    ours = {name: value for name, value in app(str(row.get("appId"))).items() if not name.startswith("@")}
    return BLOCKED if said == ours else "named"


def _untouched(policy: _Policy) -> bool:
    """Whether nobody made another setting in it."""
    settings = {name: value for name, value in policy.items() if name not in _ABOUT and "@" not in name}
    return all(value in _UNSAID for value in settings.values())


def _outcome(answer: Response, *also: int) -> Outcome:
    if answer.status in {200, 201, 204, *also}:
        return Outcome(done=True)
    if answer.status in {429, 500, 502, 503, 504}:
        return Outcome(later=seconds(answer.headers.get("retry-after", ""), 10.0))
    return Outcome(refused=str(answer.status))


KIND = Kind(
    words="Microsoft Intune: restricted apps in compliance policies of our own; it finds and does not prevent",
    identity=IdentityKind.ENTRA,
    key=lambda _, name: name if re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9._-]{0,254}", name) else None,
    value=lambda _, lineages: BLOCKED if lineages else NOTHING,
    quota=lambda settings: rate(settings, said=False),
    undone="app by app; a policy that holds nothing more is deleted; each phone is compliant again when it checks in",
    misses=(
        "Whoever is not in its group, Androids, and until they next check in (about every eight hours) all others.",
        "Nothing is prevented: a Conditional Access policy of yours that asks for compliance is what keeps the phone away.",
    ),
    settings=SETTINGS,
    requests=REQUESTS,
    open=IntuneApps,
    apps=Platform.IOS,
    batch=100,
    lanes=1,
)
