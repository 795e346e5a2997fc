"""What a notice must know of its people: names, zone, devices, the due they were told, the message that came before."""

from collections.abc import Collection, Iterator

from django.db import connection

from countermand.core.instants import Instant
from countermand.core.notices import TELLING, Reader

_CHUNK = 900


def readers(people: Collection[int]) -> dict[int, Reader]:
    """ordinal → reader, with the devices in their name that are not retired."""
    devices: dict[int, list[tuple[str, str, Instant | None]]] = {}
    found: dict[int, Reader] = {}
    with connection.cursor() as cursor:
        for part, marks in _parts(people):
            cursor.execute(
                f"SELECT owner_id, platform, model, last_seen FROM store_device WHERE owner_id IN ({marks}) AND NOT retired "
                "ORDER BY owner_id, ordinal",
                part,
            )
            for owner, platform, model, last_seen in cursor.fetchall():
                devices.setdefault(owner, []).append((platform, model, last_seen))
            cursor.execute(f"SELECT ordinal, login, email, name, zone, locale FROM store_person WHERE ordinal IN ({marks})", part)
            for ordinal, login, email, name, zone, locale in cursor.fetchall():
                found[ordinal] = Reader(login, email, name, zone, tuple(devices.get(ordinal, ())), locale)
    return found


def told_dues(version: int, people: Collection[int]) -> dict[int, Instant]:
    """ordinal → the due that the person was told for this version, for those who were."""
    found: dict[int, Instant] = {}
    with connection.cursor() as cursor:
        for part, marks in _parts(people):
            cursor.execute(
                f"SELECT person_id, due FROM store_told WHERE version_id = %s AND person_id IN ({marks})", [version, *part]
            )
            found.update(cursor.fetchall())
    return found


def originals(lineage: str, people: Collection[int]) -> dict[int, tuple[int, int, str, str]]:
    """ordinal → (version, person, kind, occurrence) of the first telling notice that reached, or may have reached, them."""
    kinds = ", ".join(f"'{kind.value}'" for kind in sorted(TELLING))
    found: dict[int, tuple[int, int, str, str]] = {}
    with connection.cursor() as cursor:
        for part, marks in _parts(people):
            cursor.execute(
                "SELECT n.version_id, n.person_id, n.kind, n.occurrence FROM store_notice n "
                f"JOIN store_version v ON v.id = n.version_id WHERE v.lineage_id = %s AND n.person_id IN ({marks}) "
                f"AND n.kind IN ({kinds}) AND n.reached ORDER BY v.number DESC",
                [lineage, *part],
            )
            found.update((row[1], (row[0], row[1], row[2], row[3])) for row in cursor.fetchall())
    return found


def _parts(people: Collection[int]) -> Iterator[tuple[list[int], str]]:
    wanted = sorted(set(people))
    for start in range(0, len(wanted), _CHUNK):
        part = wanted[start : start + _CHUNK]
        yield part, ",".join(["%s"] * len(part))
