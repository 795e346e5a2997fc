"""A large company's files, as a large company would bring them: Parquet, written a part at a time."""

from collections.abc import Iterable, Iterator
from itertools import islice
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from countermand.cli.drill.company import Employee, Phone, Will
from countermand.core.instants import Instant

_ROWS = 20_000
_TEXT, _TEXTS, _TIME = pa.string(), pa.list_(pa.string()), pa.timestamp("ms", "UTC")
_PEOPLE = dict.fromkeys(("login", "email", "name", "zone", "locale", "country", "employment"), _TEXT) | {"groups": _TEXTS}
_NAMES = ("device", "serial", "eas", "login", "platform", "model", "ownership", "enrollment")
_DEVICES = dict.fromkeys(_NAMES, _TEXT) | {"observed_at": _TIME}
_APPS = {"device": _TEXT, "app_id": _TEXT}


def write_people(path: Path, people: Iterable[Employee]) -> int:
    """Write the directory; returns how many there are."""

    def row(one: Employee) -> tuple[Any, ...]:
        return (one.login, one.email, one.name, one.zone, "en", one.country, "employee", list(one.groups))

    with pq.ParquetWriter(path, pa.schema(_PEOPLE)) as file:
        return sum(_put(file, _PEOPLE, [row(one) for one in part]) for part in _parts(people))


def write_devices(folder: Path, fleet: Iterable[Phone], seen_at: Instant, *, removed: bool) -> int:
    """Write ``devices.parquet`` and ``apps.parquet`` into a new folder: what company.write_devices writes as one list."""
    folder.mkdir()
    count = 0
    schemas = pa.schema(_DEVICES), pa.schema(_APPS)
    with (
        pq.ParquetWriter(folder / "devices.parquet", schemas[0]) as devices,
        pq.ParquetWriter(folder / "apps.parquet", schemas[1]) as apps,
    ):
        for part in _parts(fleet):
            count += _put(devices, _DEVICES, [_device(phone, seen_at) for phone in part])
            _put(apps, _APPS, [(phone.serial, app) for phone in part for app in _apps(phone, removed=removed)])
    return count


def _device(phone: Phone, seen_at: Instant) -> tuple[Any, ...]:
    names = (phone.serial, phone.serial, phone.eas_id or None, phone.login or None)
    seen = None if phone.will is Will.UNSEEN else seen_at
    return (*names, phone.platform, phone.model, phone.ownership, phone.enrollment, seen)


def _apps(phone: Phone, *, removed: bool) -> tuple[str, ...]:
    if phone.will is Will.UNSEEN:
        return ()
    return phone.after() if removed and phone.will is Will.REMOVES else phone.apps


def _parts(rows: Iterable[Any]) -> Iterator[list[Any]]:
    left = iter(rows)
    while part := list(islice(left, _ROWS)):
        yield part


def _put(file: Any, columns: dict[str, Any], rows: list[tuple[Any, ...]]) -> int:
    if rows:
        arrays = [pa.array(values, kind) for values, kind in zip(zip(*rows, strict=True), columns.values(), strict=True)]
        file.write_table(pa.table(arrays, schema=pa.schema(columns)))
    return len(rows)
