"""Who was bound to which device from when to when. The present binding is in the device's own row; those that ended are here."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass

from countermand.core.instants import Instant
from countermand.store import bulk


@dataclass(frozen=True, slots=True)
class Binding:
    """``device`` was ``login``'s. ``since`` None: from before it was written down; ``until`` None: it still is."""

    device: int
    login: str
    since: Instant | None
    until: Instant | None


_EVERY = (
    "SELECT d.ordinal, p.login, d.owner_since, NULL FROM store_device d JOIN store_person p ON p.ordinal = d.owner_id"
    " WHERE {now} = %s UNION ALL SELECT b.device_id, p.login, b.since, b.until FROM store_binding b"
    " JOIN store_person p ON p.ordinal = b.person_id WHERE {then} = %s"
)
_OF_DEVICE = _EVERY.format(now="d.ordinal", then="b.device_id")
_OF_PERSON = _EVERY.format(now="d.owner_id", then="b.person_id")


def of_device(ordinal: int) -> list[Binding]:
    """Everybody whose it is or was, the latest first."""
    return _read(_OF_DEVICE, ordinal)


def of_person(person: int) -> list[Binding]:
    """Every device that is or was the person's, the latest first."""
    return _read(_OF_PERSON, person)


def _read(query: str, value: int) -> list[Binding]:
    found = [Binding(*row) for row in bulk.all_rows(query, [value, value])]
    return sorted(found, key=lambda one: (one.until is not None, -(one.until or 0), -(one.since or 0), one.device))


def change(before: Mapping[int, int], after: Mapping[int, int | None], at: Instant) -> None:
    """Devices (→ owner, ``before`` without those of nobody) change hands at this instant. Their rows have the new owner
    already, and still the instant since which they had the former one."""
    ended = [(before[ordinal], at, ordinal) for ordinal in after if ordinal in before]
    bulk.write(
        "INSERT INTO store_binding (device_id, person_id, since, until) SELECT ordinal, %s, owner_since, %s FROM store_device"
        " WHERE ordinal = %s",
        ended,
    )
    bulk.write(
        "UPDATE store_device SET owner_since = %s WHERE ordinal = %s",
        [(None if owner is None else at, ordinal) for ordinal, owner in after.items()],
    )


def any_before(before: Instant) -> bool:
    """Whether a binding ended before this instant."""
    return bool(bulk.all_rows("SELECT 1 FROM store_binding WHERE until < %s LIMIT 1", [before]))


def forget(before: Instant, limit: int) -> int:
    """Delete at most ``limit`` bindings that ended before this instant; how many there were."""
    rows = bulk.all_rows("SELECT id FROM store_binding WHERE until < %s ORDER BY until LIMIT %s", [before, limit])
    bulk.write("DELETE FROM store_binding WHERE id = %s", rows)
    return len(rows)


def erase(person: int, devices: Collection[int]) -> None:
    """The person was bound to nothing, and nobody to these devices."""
    bulk.write("DELETE FROM store_binding WHERE person_id = %s", [(person,)])
    bulk.write("DELETE FROM store_binding WHERE device_id = %s", [(ordinal,) for ordinal in sorted(devices)])
