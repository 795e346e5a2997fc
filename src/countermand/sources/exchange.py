"""Exchange's mobile devices, from ``Get-MobileDevice | Export-Csv -NoTypeInformation -Encoding UTF8``.

Pure. What the fields mean is in exchange_rows; columns that are not named here are passed over.
"""

from collections.abc import Iterable, Iterator

from countermand.core.instants import Instant, from_iso
from countermand.core.mentions import Mention, too_far_ahead
from countermand.core.people import normal_login
from countermand.core.table import Problems, Shape, cells
from countermand.core.visibility import Sight
from countermand.sources import exchange_rows
from countermand.sources.exchange_rows import mention_of, platform_of

_MAY_BE_MISSING = (
    "DeviceModel", "DeviceOS", "DeviceType", "DeviceUserAgent", "ClientType", "DeviceAccessState", "LastSuccessSync",
)  # fmt: skip
COLUMNS = Shape(
    ("DeviceId", "UserPrincipalName", *_MAY_BE_MISSING),
    optional=frozenset(_MAY_BE_MISSING),
    others=True,
)
SIGHTS: tuple[Sight, ...] = exchange_rows.SIGHTS


def parse(lines: Iterable[bytes], now: Instant, problems: Problems) -> Iterator[tuple[int, Mention]]:
    """(line, mention) of every device that a platform can be told of. One device may stand under several people (a shared
    mailbox added to the same phone): the first row wins, the others are problems only if they name somebody else."""
    first: dict[str, tuple[int, str]] = {}
    for line, found in cells(lines, COLUMNS, problems):
        row = dict(zip(COLUMNS.columns, found, strict=True))
        device_id, login = row["DeviceId"], normal_login(row["UserPrincipalName"])
        if not device_id:
            problems.value(line, "DeviceId", "", "the id of a device", "the DeviceId that Exchange lists")
            continue
        stands, owner = first.setdefault(device_id, (line, login))
        if stands != line:
            if owner != login:
                problems.add("csv-twice", line, "DeviceId", value=device_id, first=stands)
            continue
        platform, seen = platform_of(row), _seen(line, row["LastSuccessSync"], now, problems)
        if platform is not None and seen is not None:
            yield line, mention_of(row, platform, seen)


def _seen(line: int, said: str, now: Instant, problems: Problems) -> Instant | None:
    """When it last synchronised; now if the export does not say, or says it in the words of some country: then it is known only
    that the device is on the list. None for a time that cannot be."""
    if not said:
        return now
    try:
        found = from_iso(said)
    except ValueError:
        return now
    if too_far_ahead(found, now):
        problems.add("time-ahead", line, "LastSuccessSync", time=said)
        return None
    return min(found, now)
