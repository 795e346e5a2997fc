"""Exchange's mobile devices, from ``Get-MobileDevice | Export-Csv -NoTypeInformation -Encoding UTF8``.

Pure. Exchange knows who reads mail with what; it sees no apps, so its rows carry no evidence. Columns that are not named
here are passed over. ``DeviceId`` is the name under which the device asks at the mail door.
"""

from collections.abc import Iterable, Iterator

from countermand.core.coverage import Grade
from countermand.core.devices import Enrollment, Identity, IdentityKind, Platform
from countermand.core.instants import Instant
from countermand.core.mentions import Mention
from countermand.core.people import normal_login
from countermand.core.table import Problems, Row, Shape, rows
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


def parse(lines: Iterable[bytes], now: Instant, problems: Problems) -> Iterator[tuple[int, Mention]]:
    """(line, mention) of every device that a platform can be told of. One device may stand under several people (a shared
    mailbox added to the same phone): the first row wins, the others are problems only if they name somebody else."""
    first: dict[str, tuple[int, str]] = {}
    for row in rows(lines, COLUMNS, problems):
        device_id, login = row["DeviceId"], normal_login(row["UserPrincipalName"])
        if not device_id:
            problems.value(row.line, "DeviceId", "", "the id of a device", "the DeviceId that Exchange lists")
            continue
        stands, owner = first.setdefault(device_id, (row.line, login))
        if stands != row.line:
            if owner != login:
                problems.add("csv-twice", row.line, "DeviceId", value=device_id, first=stands)
            continue
        platform = platform_of(row)
        if platform is not None:
            yield row.line, _mention(device_id, login, platform, row, now)


def _mention(device_id: str, login: str, platform: Platform, row: Row, now: Instant) -> Mention:
    return Mention(
        identities=(Identity(IdentityKind.EAS, device_id),),
        platform=platform,
        login=login or None,
        model=row["DeviceModel"] or None,
        reads_mail=True,
        enrolled=True,
        seen_at=now,
    )


def platform_of(row: Row) -> Platform | None:
    """What the row says it is; None for desktops and for what cannot be told."""
    said = " ".join((row["DeviceOS"], row["DeviceType"], row["DeviceModel"])).lower()
    if any(word in said for word in _IOS):
        return Platform.IOS
    return Platform.ANDROID if "android" in said else None
