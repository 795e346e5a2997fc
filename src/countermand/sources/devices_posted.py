"""Devices that a program of the house posts: ``{"devices": [{"serial": …, "apps": […], …}]}``, JSON in UTF-8.

Pure. An object has the columns of the devices file (sources.devices_csv) as its fields, ``apps`` as a list; a field that is
missing or null is an empty one. An event is taken whole or not at all, so that whoever posted it can mend and post it again.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from countermand.core.errors import Refused
from countermand.core.forms import nearest
from countermand.core.instants import Instant
from countermand.core.mentions import Mention
from countermand.core.table import FIELD, Problems
from countermand.lib.read_json import read_json
from countermand.sources.devices_csv import DEVICES, Cells, mentions

#: Devices in one event; whoever knows more posts several.
MOST = 1_000


def parse(body: bytes, source: str, now: Instant) -> tuple[Mention, ...]:
    """What the event says. Refused ``event-damaged``, with the first thing that is wrong and its place."""
    problems = Problems(source)
    found = tuple(mention for _, mention in mentions(_rows(body), source, now, problems))
    if problems.count:
        wrong = problems.found[0]
        place = f"device {wrong.where.line}, {wrong.where.field}: " if wrong.where else ""
        more = f" (and {problems.count - 1} more)" if problems.count > 1 else ""
        raise Refused("event-damaged", why=f"{place}{wrong.sentence}{more}")
    return found


def _rows(body: bytes) -> Iterator[tuple[int, Cells]]:
    """Objects as rows, numbered from 1."""
    try:
        said = read_json(body)
    except (ValueError, RecursionError):
        raise Refused("event-damaged", why="it is not JSON") from None
    devices = said.get("devices") if isinstance(said, Mapping) else None
    if not isinstance(devices, list) or not 0 < len(devices) <= MOST:
        raise Refused("event-damaged", why=f"its devices are not a list of 1 to {MOST:,}")
    for number, device in enumerate(devices, start=1):
        yield number, _cells(number, device)


def _cells(number: int, device: Any) -> Cells:
    if not isinstance(device, Mapping):
        raise Refused("event-damaged", why=f"device {number} is not an object")
    if strange := sorted(device.keys() - set(DEVICES.columns)):
        close = nearest(strange[0], DEVICES.columns)
        meant = f"; did you mean {close!r}?" if close else ""
        raise Refused("event-damaged", why=f"device {number} has a field {strange[0][:60]!r} that nobody knows{meant}")
    return [_cell(number, column, device.get(column)) for column in DEVICES.columns]


def _cell(number: int, column: str, value: Any) -> str:
    if value is None:
        return ""
    if column == "apps" and isinstance(value, list) and all(isinstance(app, str) and ";" not in app for app in value):
        return ";".join(value)
    if column == "apps" or not isinstance(value, str) or len(value) > FIELD:
        what = "a list of app ids" if column == "apps" else f"a text of at most {FIELD} characters"
        raise Refused("event-damaged", why=f"device {number}, {column}: it is not {what}")
    return value.strip()
