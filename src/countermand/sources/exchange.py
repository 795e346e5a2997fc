"""Exchange's mobile devices, from ``Get-MobileDevice | Export-Csv -NoTypeInformation -Encoding UTF8``.

Pure. Exchange knows who reads mail with what; it sees no apps, so its rows carry no evidence. Columns that are not named
here are passed over. ``DeviceId`` is the name under which the device asks at the mail door.
"""

from collections.abc import Iterable, Iterator
from functools import lru_cache

from countermand.core.coverage import Grade
from countermand.core.devices import Enrollment, Identity, IdentityKind, Platform
from countermand.core.instants import Instant
from countermand.core.mentions import Mention
from countermand.core.people import normal_login
from countermand.core.table import Problems, Shape, cells
from countermand.core.visibility import Sees, Sight

COLUMNS = Shape(
    ("DeviceId", "UserPrincipalName", "DeviceModel", "DeviceOS", "DeviceType", "ClientType"),
    optional=frozenset({"DeviceModel", "DeviceOS", "DeviceType", "ClientType"}),
    others=True,
)

SIGHTS: tuple[Sight, ...] = (
    Sight("every one", None, Enrollment.EAS, Sees.NONE, Sees.NONE, Grade.NONE, "Exchange PowerShell, Get-MobileDevice"),
)
_IOS = ("ios", "ipados", "iphone", "ipad", "ipod")
_EAS = IdentityKind.EAS


def parse(lines: Iterable[bytes], now: Instant, problems: Problems) -> Iterator[tuple[int, Mention]]:
    """(line, mention) of every device that a platform can be told of. One device may stand under several people (a shared
    mailbox added to the same phone): the first row wins, the others are problems only if they name somebody else."""
    first: dict[str, tuple[int, str]] = {}
    for line, (device_id, name, model, system, kind, _) in cells(lines, COLUMNS, problems):
        login = normal_login(name)
        if not device_id:
            problems.value(line, "DeviceId", "", "the id of a device", "the DeviceId that Exchange lists")
            continue
        here = (line, login)
        there = first.setdefault(device_id, here)
        if there is not here:
            if there[1] != login:
                problems.add("csv-twice", line, "DeviceId", value=device_id, first=there[0])
            continue
        platform = platform_of(system, kind, model)
        if platform is not None:
            names = (Identity(_EAS, device_id),)
            yield line, Mention(names, platform, login or None, model or None, reads_mail=True, enrolled=True, seen_at=now)


@lru_cache(maxsize=1 << 12)
def platform_of(system: str, kind: str, model: str) -> Platform | None:
    """What DeviceOS, DeviceType and DeviceModel say it is; None for desktops and for what cannot be told."""
    said = f"{system} {kind} {model}".lower()
    if any(word in said for word in _IOS):
        return Platform.IOS
    return Platform.ANDROID if "android" in said else None
