"""Apps that supervised iPhones and iPads neither show nor start: a configuration profile, and a declaration for OS 27.

By Apple's published schema (apple/device-management): ``blockedAppBundleIDs`` of com.apple.applicationaccess, since iOS 15, for
supervised devices and never under a user enrolment; ``Allowed.DeniedApps`` of com.apple.configuration.app.settings, since OS 27.
"""

import hashlib
import plistlib
import uuid
from collections.abc import Sequence

from countermand.core.devices import Platform
from countermand.levers.head import Head
from countermand.levers.policy import Change, Policy, as_text, checked, closed

_TEXT = {"type": "string", "minLength": 1}
_UUID = {"type": "string", "pattern": r"^[0-9A-F]{8}(-[0-9A-F]{4}){3}-[0-9A-F]{12}$"}
_BUNDLE_IDS = {
    "type": "array",
    "uniqueItems": True,
    "items": {"type": "string", "pattern": r"^[A-Za-z0-9][A-Za-z0-9._-]{0,254}$(?!\n)"},
}
_COMMON = {"PayloadIdentifier": _TEXT, "PayloadUUID": _UUID, "PayloadVersion": {"const": 1}, "PayloadDisplayName": _TEXT}
_RESTRICTIONS = closed({"PayloadType": {"const": "com.apple.applicationaccess"}, **_COMMON, "blockedAppBundleIDs": _BUNDLE_IDS})
PROFILE_SCHEMA = closed(
    {
        "PayloadType": {"const": "Configuration"},
        **_COMMON,
        "PayloadDescription": _TEXT,
        "PayloadContent": {"type": "array", "minItems": 1, "maxItems": 1, "items": _RESTRICTIONS},
    }
)
DECLARATION_SCHEMA = closed(
    {
        "Type": {"const": "com.apple.configuration.app.settings"},
        "Identifier": {"type": "string", "minLength": 1, "maxLength": 64},
        "ServerToken": {"type": "string", "minLength": 1, "maxLength": 64},
        "Payload": closed({"Allowed": closed({"DeniedApps": _BUNDLE_IDS})}),
    }
)
#: Names of ours for what Apple wants named uniquely.
_SPACE = uuid.UUID("a0e5d0b6-1d0c-4f2f-9c11-6f6e0c2f7a52")


def profile(head: Head, change: Change) -> str:
    """The profile, which replaces the directive's earlier one: its identifier stays, its UUID names exactly these ids."""
    identifier, words = f"countermand.apps.{head.directive}", f"{head.not_before}{head.words}"
    made, _ = restricting(identifier, f"Countermand {head.directive}", words, change.standing(Platform.IOS))
    return made.decode()


def restricting(identifier: str, title: str, words: str, ids: Sequence[str]) -> tuple[bytes, str]:
    """A profile with which these apps are neither shown nor started, and its UUID, which names exactly these."""
    name = _named(identifier, "profile", ids)
    restrictions = {
        "PayloadType": "com.apple.applicationaccess",
        "PayloadIdentifier": f"{identifier}.restrictions",
        "PayloadUUID": _named(identifier, "restrictions", ids),
        "PayloadVersion": 1,
        "PayloadDisplayName": "Apps that are not shown and do not start",
        "blockedAppBundleIDs": list(ids),
    }
    plain = {
        "PayloadType": "Configuration",
        "PayloadIdentifier": identifier,
        "PayloadUUID": name,
        "PayloadVersion": 1,
        "PayloadDisplayName": title,
        "PayloadDescription": words,
        "PayloadContent": [restrictions],
    }
    return plistlib.dumps(checked(plain, PROFILE_SCHEMA)), name


def declaration(head: Head, change: Change) -> str:
    """The declaration; its token changes with what it says."""
    ids = change.standing(Platform.IOS)
    short = hashlib.sha256(head.directive.encode()).hexdigest()[:16]
    plain = {
        "Type": "com.apple.configuration.app.settings",
        "Identifier": f"countermand.apps.{short}",
        "ServerToken": hashlib.sha256("\n".join(ids).encode()).hexdigest()[:32],
        "Payload": {"Allowed": {"DeniedApps": ids}},
    }
    return as_text(checked(plain, DECLARATION_SCHEMA))


def _named(*parts: str | Sequence[str]) -> str:
    return str(uuid.uuid5(_SPACE, "\n".join(part if isinstance(part, str) else "\n".join(part) for part in parts))).upper()


_EFFECTS = (
    "Supervised devices alone take it; on all others, whoever owns them, it does nothing.",
    "The apps stay on the device with what they hold, and are neither shown nor started. Taken back, they are there as before.",
    "A device takes it, and loses it, when it next answers its MDM: minutes if it is awake, else when somebody wakes it.",
)
PROFILE = Policy(profile, _EFFECTS)
DECLARATION = Policy(declaration, (*_EFFECTS, "Devices before iOS and iPadOS 27 do not know it: they need the profile."))
