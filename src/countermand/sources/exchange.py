"""Exchange's mobile devices, from ``Get-MobileDevice | Export-Csv -NoTypeInformation -Encoding UTF8``.

Pure. What the fields mean is in exchange_rows; columns that are not named here are passed over.
"""

from collections.abc import Iterable, Iterator

from countermand.core.instants import Instant, from_iso
from countermand.core.mentions import Mention, too_far_ahead
from countermand.core.people import normal_logins
from countermand.core.table import Problems, Shape, runs
from countermand.core.visibility import Sight
from countermand.sources import exchange_rows
from countermand.sources.exchange_rows import first_told, mention_of, names_of, told

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
    first: dict[str, int] = {}  # DeviceId → its line
    owners: list[str] = []  # by line
    for numbers, (ids, people, models, systems, kinds, agents, _, _, times) in runs(lines, COLUMNS, problems):
        logins = normal_logins(people)
        owners += [""] * (numbers[0] - len(owners))
        owners += logins
        rows = zip(numbers, ids, names_of(ids), logins, map(told, systems), kinds, agents, models, times, strict=True)
        for line, device_id, names, login, platform, kind, agent, model, time in rows:
            if not device_id:
                problems.value(line, "DeviceId", "", "the id of a device", "the DeviceId that Exchange lists")
                continue
            stands = first.setdefault(device_id, line)
            if stands != line:
                if owners[stands] != login:
                    problems.add("csv-twice", line, "DeviceId", value=device_id, first=stands)
                continue
            known = platform or first_told(kind, agent, model)
            seen = _seen(line, time, now, problems) if time else now
            if known and seen is not None:
                yield line, mention_of(names, known, login, model, seen)


def _seen(line: int, said: str, now: Instant, problems: Problems) -> Instant | None:
    """When it last synchronised; now if the export says it in the words of some country: then it is known only that the device
    is on the list. None for a time that cannot be."""
    try:
        found = from_iso(said)
    except ValueError:
        return now
    if too_far_ahead(found, now):
        problems.add("time-ahead", line, "LastSuccessSync", time=said)
        return None
    return min(found, now)
