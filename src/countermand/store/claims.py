"""What each source says of each device, as rows: one for each (device, source), with the device's enrolment there."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field

from countermand.core.claims import Claims, Voice, from_text, to_text
from countermand.core.instants import Instant
from countermand.store import bulk, fleet
from countermand.store.fleet import DeviceRow

SAID = (
    f"SELECT d.ordinal, {', '.join(f'd.{name}' for name in fleet.COLUMNS)}, p.login, e.source, e.since, e.until, e.said"
    " FROM store_device d LEFT JOIN store_enrolled e ON e.device_id = d.ordinal"
    " LEFT JOIN store_person p ON p.ordinal = d.owner_id WHERE d.ordinal IN ({})"
)


@dataclass(frozen=True, slots=True)
class WithRows:
    """Devices as stored, and device → source → what it says; ``owners``: login → person, of the devices' owners."""

    rows: dict[int, DeviceRow] = field(default_factory=dict)
    said: dict[int, dict[str, Claims]] = field(default_factory=dict)
    owners: dict[str, int] = field(default_factory=dict)


def load(ordinals: Collection[int]) -> dict[int, dict[str, Claims]]:
    """Device → source → what it says."""
    return load_with_rows(ordinals).said


def load_with_rows(ordinals: Collection[int]) -> WithRows:
    """The same, with the devices' rows, in one question."""
    found = WithRows()
    for device, *columns, login, source, since, until, said in bulk.by_numbers(SAID, ordinals):
        if device not in found.rows:
            found.rows[device] = fleet.device(*columns)
        row = found.rows[device]
        if login is not None and row.owner is not None:
            found.owners[login] = row.owner
        if source is not None:
            found.said.setdefault(device, {})[source] = _claims(since, until, said, row, login)
    return found


def save(changed: Mapping[int, Mapping[str, Claims]]) -> None:
    """Store these, each in place of what its source said of the device before."""
    bulk.write(
        "INSERT INTO store_enrolled (device_id, source, since, until, said) VALUES (%s, %s, %s, %s, %s)"
        " ON CONFLICT (device_id, source) DO UPDATE SET since = excluded.since, until = excluded.until, said = excluded.said",
        [
            (device, source, claims.since, claims.until, to_text(claims))
            for device, by_source in changed.items()
            for source, claims in by_source.items()
        ],
    )


def forget(ordinals: Collection[int]) -> None:
    """Nothing is said of these devices any more."""
    bulk.write("DELETE FROM store_enrolled WHERE device_id = %s", [(ordinal,) for ordinal in ordinals])


def _claims(since: Instant, until: Instant | None, said: str | None, row: DeviceRow, login: str | None) -> Claims:
    if said:
        return from_text(said, since, until)
    if said is None:
        return Claims(Voice.MANAGER, since, until)  # heard before claims were kept: its row says what it said
    # A load in bulk: the row is what it said, until somebody else speaks.
    words = {
        "login": login or "",
        "platform": row.platform.value,
        "model": row.model,
        "ownership": row.ownership.value,
        "enrollment": row.enrollment.value,
        "reads_mail": "yes" if row.reads_mail else "no",
    }
    return Claims(Voice.FILE, since, until, {name: (word, since) for name, word in words.items()})
