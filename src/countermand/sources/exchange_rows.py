"""What Exchange says of a mobile device, in an export or over the network: the fields of ``Get-MobileDevice`` and of
``Get-MobileDeviceStatistics``.

Pure. A row is a partnership of a mailbox with a mail client. Exchange sees no apps, so it carries no evidence.

* ``DeviceModel`` and ``DeviceUserAgent`` of Outlook name both platforms ("Outlook for iOS and Android"): a field tells a platform
  only if it names one.
* A phone that Exchange blocks or keeps in quarantine has its partnership all the same, and may be let in any day.
* ``LastSuccessSync`` is known to the statistics alone. Without it all that is known is that the device is on the list.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from functools import lru_cache
from itertools import repeat
from typing import Any

from countermand.core.coverage import Grade
from countermand.core.devices import Enrollment, Identity, IdentityKind, Platform
from countermand.core.instants import Instant
from countermand.core.mentions import Mention
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
#: What tells a platform, the most telling first.
_TELLING = ("DeviceOS", "DeviceType", "DeviceUserAgent", "DeviceModel")


def platform_of(row: Mapping[str, Any]) -> Platform | None:
    """What the row says it is; None for desktops and for what cannot be told."""
    return first_told(*(text(row.get(name)) for name in _TELLING))


def first_told(*fields: str) -> Platform | None:
    """What the first of these fields that tells a platform tells."""
    return next(filter(None, map(told, fields)), None)


@lru_cache(maxsize=1 << 12)
def told(field: str) -> Platform | None:
    """The platform that a field names; None if none or both."""
    said = field.lower()
    if bool(_IOS.search(said)) is ("android" in said):
        return None
    return Platform.ANDROID if "android" in said else Platform.IOS


def sight_of(row: Mapping[str, Any]) -> Sight:
    """Which client it is, and whether Exchange lets it in by itself."""
    if text(row.get("DeviceAccessState")).lower() in _OUT:
        return KEPT_OUT
    return _CLIENTS.get(text(row.get("ClientType")).lower(), OTHER)


def names_of(device_ids: Iterable[str]) -> Iterator[tuple[Identity]]:
    """Of each ``DeviceId`` the name under which it asks at the mail door."""
    return zip(map(Identity, repeat(IdentityKind.EAS), device_ids))


def mention_of(names: tuple[Identity], platform: Platform, login: str, model: str, seen_at: Instant) -> Mention:
    """The device of a row, of texts that can be shown; ``login`` is normalised."""
    return Mention(names, platform, login or None, model or None, None, None, True, True, seen_at)
