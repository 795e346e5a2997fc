"""What Exchange says of a mobile device, in an export or over the network: the fields of ``Get-MobileDevice`` and of
``Get-MobileDeviceStatistics``.

Pure. A row is a partnership of a mailbox with a mail client. Exchange sees no apps, so it carries no evidence.

* ``DeviceModel`` and ``DeviceUserAgent`` of Outlook name both platforms ("Outlook for iOS and Android"): a field tells a platform
  only if it names one.
* A phone that Exchange blocks or keeps in quarantine has its partnership all the same, and may be let in any day.
* ``LastSuccessSync`` is known to the statistics alone. Without it all that is known is that the device is on the list.
"""

import re
from collections.abc import Mapping
from functools import lru_cache
from typing import Any

from countermand.core.coverage import Grade
from countermand.core.devices import Enrollment, Identity, IdentityKind, Platform
from countermand.core.instants import Instant
from countermand.core.mentions import Mention
from countermand.core.people import normal_login
from countermand.core.visibility import Sees, Sight
from countermand.sources.rows import text

_CITED = "Exchange PowerShell, Get-MobileDevice"


def _sight(how: str) -> Sight:
    return Sight(how, None, Enrollment.EAS, Sees.NONE, Sees.NONE, Grade.NONE, _CITED)


ACTIVESYNC, OUTLOOK, OTHER = _sight("an ActiveSync client"), _sight("Outlook for phones"), _sight("another mail client")
KEPT_OUT = _sight("blocked or in quarantine at Exchange itself")
SIGHTS: tuple[Sight, ...] = (ACTIVESYNC, OUTLOOK, OTHER, KEPT_OUT)
_CLIENTS = {"eas": ACTIVESYNC, "outlook": OUTLOOK, "rest": OUTLOOK}
_OUT = frozenset({"blocked", "quarantined"})
_IOS = re.compile(r"(?<![a-z])(ios|ipados|iphone|ipad|ipod)")
#: The most telling first.
_TELLING = ("DeviceOS", "DeviceType", "DeviceUserAgent", "DeviceModel")


def platform_of(row: Mapping[str, Any]) -> Platform | None:
    """What the row says it is; None for desktops and for what cannot be told."""
    return _told(tuple(text(row.get(name)) for name in _TELLING))


@lru_cache(maxsize=1 << 12)
def _told(fields: tuple[str, ...]) -> Platform | None:
    for field in fields:
        said = field.lower()
        if bool(_IOS.search(said)) is not ("android" in said):
            return Platform.ANDROID if "android" in said else Platform.IOS
    return None


def sight_of(row: Mapping[str, Any]) -> Sight:
    """Which client it is, and whether Exchange lets it in by itself."""
    if text(row.get("DeviceAccessState")).lower() in _OUT:
        return KEPT_OUT
    return _CLIENTS.get(text(row.get("ClientType")).lower(), OTHER)


def mention_of(row: Mapping[str, Any], platform: Platform, seen_at: Instant) -> Mention:
    """The device of a row that has a ``DeviceId``, which is the name under which it asks at the mail door."""
    return Mention(
        identities=(Identity(IdentityKind.EAS, text(row.get("DeviceId"))),),
        platform=platform,
        login=normal_login(text(row.get("UserPrincipalName"))) or None,
        model=text(row.get("DeviceModel")) or None,
        reads_mail=True,
        enrolled=True,
        seen_at=seen_at,
    )
