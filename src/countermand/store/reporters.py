"""Sources as rows: what each last brought, and how much of it was new, hour by hour."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from countermand.core.instants import DAY, HOUR, Instant
from countermand.store import bulk, models

#: How often a source is expected to come when nobody said.
INTERVAL = DAY
_WEEK = 7 * DAY // HOUR
_CONFLICTS = 100


@dataclass(frozen=True, slots=True)
class SourceRow:
    pk: int
    name: str
    kind: str
    interval: int
    last_contact: Instant | None
    released_once: bool
    last_count: int


def find(name: str) -> SourceRow | None:
    """The source of this name, None if it is not known yet."""
    columns = "id, name, kind, interval, last_contact, released_once, last_count"
    rows = bulk.all_rows(f"SELECT {columns} FROM store_source WHERE name = %s", [name])
    if not rows:
        return None
    pk, found, kind, every, contact, released, count = rows[0]
    return SourceRow(pk, found, kind, every, contact, bool(released), count)


def named(name: str, kind: str, interval: int = INTERVAL) -> SourceRow:
    """The source of this name, made known if it is new."""
    found = find(name)
    if found is not None:
        return found
    bulk.write(
        "INSERT INTO store_source (name, kind, interval, released_once, last_count) VALUES (%s, %s, %s, %s, 0)"
        " ON CONFLICT (name) DO NOTHING",
        [(name, kind, interval, False)],
    )
    return named(name, kind, interval)  # we made it known, or whoever did has committed by now


def alone(source: SourceRow) -> None:
    """From here to the end of the unit nobody else counts what this source newly shows: a flood that comes as many reports
    at once is a flood."""
    models.Source.objects.select_for_update(no_key=True).get(pk=source.pk)


def looked_up(name: str) -> SourceRow:
    """The source of this name as it is, or as it would be if it were new; nothing is written."""
    columns = "id, name, kind, interval, last_contact, released_once, last_count"
    rows = bulk.all_rows(f"SELECT {columns} FROM store_source WHERE name = %s", [name])
    return SourceRow(*rows[0]) if rows else SourceRow(0, name, "", INTERVAL, None, False, 0)


def contacted(source: SourceRow, now: Instant, count: int) -> None:
    """The source was in complete, healthy contact and brought a set of ``count`` devices. Never moves a contact back."""
    bulk.write(
        "UPDATE store_source SET released_once = %s, last_count = %s,"
        " last_contact = CASE WHEN last_contact > %s THEN last_contact ELSE %s END WHERE id = %s",
        [(True, count, now, now, source.pk)],
    )


def conflicting(source: SourceRow, conflicts: Sequence[str]) -> None:
    """Names that belong to different devices, which the source said outside of a set; the last hundred are kept."""
    row = models.Source.objects.get(pk=source.pk)
    lines = [line for line in row.conflicts.splitlines() if line not in conflicts]
    models.Source.objects.filter(pk=source.pk).update(conflicts="\n".join([*lines, *conflicts][-_CONFLICTS:]))


def surfaced(source: SourceRow, now: Instant) -> tuple[int, int]:
    """(in this hour, in the busiest hour of the week before it): how often watched apps were newly shown."""
    hour = now // HOUR
    rows = bulk.all_rows(
        "SELECT hour, surfaced FROM store_sourcehour WHERE source_id = %s AND hour >= %s AND hour <= %s",
        [source.pk, hour - _WEEK, hour],
    )
    counted = dict(rows)
    this = counted.pop(hour, 0)
    return this, max(counted.values(), default=0)


def count(source: SourceRow, now: Instant, surfaced_now: int, reports: int) -> None:
    """Add to this hour's counters."""
    bulk.write(
        "INSERT INTO store_sourcehour (source_id, hour, surfaced, reports) VALUES (%s, %s, %s, %s)"
        " ON CONFLICT (source_id, hour) DO UPDATE SET surfaced = store_sourcehour.surfaced + excluded.surfaced,"
        " reports = store_sourcehour.reports + excluded.reports",
        [(source.pk, now // HOUR, surfaced_now, reports)],
    )


def rhythms(names: Collection[str]) -> dict[str, tuple[Instant | None, int]]:
    """Source → (last complete contact, interval), for those that are connected."""
    rows = bulk.by_texts("SELECT name, last_contact, interval FROM store_source WHERE name IN ({})", names)
    return {name: (last, interval) for name, last, interval in rows}
