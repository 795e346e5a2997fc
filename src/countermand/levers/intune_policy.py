"""Intune compliance policies with restricted apps: ``deviceManagement/deviceCompliancePolicies`` of Microsoft Graph (beta).

Intune takes at most 100 restricted apps in one policy, so there may be several; a device has to meet each. A policy must have
exactly one action that blocks. It is assigned to nobody until somebody assigns it.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from countermand.core.devices import Platform
from countermand.levers.head import Head
from countermand.levers.policy import Change, Policy, as_text, checked, closed

#: Restricted apps in one policy.
MOST = 100
TYPES = {Platform.IOS: "#microsoft.graph.iosCompliancePolicy", Platform.ANDROID: "#microsoft.graph.androidCompliancePolicy"}
_APP = closed(
    {
        "@odata.type": {"const": "#microsoft.graph.appListItem"},
        "name": {"type": "string", "minLength": 1},
        "appId": {"type": "string", "pattern": r"^[A-Za-z0-9][A-Za-z0-9._-]{0,254}$(?!\n)"},
    }
)
_BLOCK = closed(
    {
        "@odata.type": {"const": "#microsoft.graph.deviceComplianceActionItem"},
        "actionType": {"const": "block"},
        "gracePeriodHours": {"type": "integer", "minimum": 0, "maximum": 8760},
        "notificationTemplateId": {"type": "string"},
        "notificationMessageCCList": {"type": "array", "items": {"type": "string"}},
    }
)
_RULE = closed(
    {
        "@odata.type": {"const": "#microsoft.graph.deviceComplianceScheduledActionForRule"},
        "ruleName": {"type": "string"},
        "scheduledActionConfigurations": {"type": "array", "minItems": 1, "maxItems": 1, "items": _BLOCK},
    }
)
SCHEMA = closed(
    {
        "@odata.type": {"enum": list(TYPES.values())},
        "displayName": {"type": "string", "minLength": 1, "maxLength": 200},
        "description": {"type": "string", "maxLength": 1000},
        "restrictedApps": {"type": "array", "maxItems": MOST, "uniqueItems": True, "items": _APP},
        "scheduledActionsForRule": {"type": "array", "minItems": 1, "maxItems": 1, "items": _RULE},
    }
)


def render(head: Head, change: Change) -> str:
    """The policies as a list, each the body of one request; none of a platform of which nothing changes or stands."""
    made = []
    for platform in (Platform.IOS, Platform.ANDROID):
        ids = change.standing(platform)
        moved = any(item.platform is platform for item in (*change.added, *change.removed))
        if ids or moved:
            parts = [ids[start : start + MOST] for start in range(0, len(ids), MOST)] or [[]]
            made += [_policy(head, platform, part, number, len(parts)) for number, part in enumerate(parts, start=1)]
    return as_text(made)


def _policy(head: Head, platform: Platform, ids: list[str], number: int, of: int) -> Any:
    title = f"Countermand {head.directive[:120]}, {platform.value} {number} of {of}"
    return body(platform, title, f"{head.not_before}{head.words}", ids)


def body(platform: Platform, title: str, description: str, ids: Sequence[str]) -> Any:
    """One policy, as it is sent."""
    block = {
        "@odata.type": "#microsoft.graph.deviceComplianceActionItem", "actionType": "block", "gracePeriodHours": 0,
        "notificationTemplateId": "", "notificationMessageCCList": [],
    }  # fmt: skip
    rule = {
        "@odata.type": "#microsoft.graph.deviceComplianceScheduledActionForRule", "ruleName": "PasswordRequired",
        "scheduledActionConfigurations": [block],
    }  # fmt: skip
    plain = {
        "@odata.type": TYPES[platform],
        "displayName": title,
        "description": description[:1000],
        "restrictedApps": [app(one) for one in ids],
        "scheduledActionsForRule": [rule],
    }
    return checked(plain, SCHEMA)


def app(id_: str) -> Mapping[str, str]:
    """One restricted app as we write it: its id is its name too."""
    return {"@odata.type": "#microsoft.graph.appListItem", "name": id_, "appId": id_}


POLICY = Policy(
    render,
    (
        "It finds the apps and prevents nothing: a device with one of them is not compliant, and a Conditional Access policy that"
        " requires compliance then keeps it from everything that policy covers, not from mail alone.",
        "Devices check in about every eight hours; taken back, it holds on each device until that device checks in.",
        "Of Androids it reaches those under device administrator alone: the setting is not there for Android Enterprise.",
    ),
)
