"""Devices that a program of the house posts: ``{"devices": [{"serial": …, "apps": […], …}]}``, JSON in UTF-8.

Pure. An object has the columns of the devices file (sources.devices_csv) as its fields, ``apps`` as a list; a field that is
missing or null is an empty one. What is wrong with one device keeps no other out: the others are taken, and those that are wrong
remain, as they were posted, as an event of their own.
"""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from countermand.core.errors import Refused
from countermand.core.forms import nearest
from countermand.core.instants import Instant
from countermand.core.table import Problems, may_stand
from countermand.lib.read_json import read_json
from countermand.sources.devices_csv import DEVICES, Cells, mentions
from countermand.sources.source import Posted, Rest

#: Devices in one event; whoever knows more posts several.
MOST = 1_000


def parse(body: bytes, source: str, now: Instant) -> Posted:
    """What the event says, and the rest of it. Refused ``event-damaged`` if no device of it can be read, with the first thing
    that is wrong and its place."""
    devices, wrong = _devices(body), _Wrong()
    problems = Problems(source, tell=wrong.hear)
    found = tuple(mention for _, mention in mentions(_rows(devices, wrong, problems), source, now, problems))
    if not wrong.said:
        return Posted(found)
    if not found:
        raise wrong.refused()
    left = json.dumps({"devices": [devices[number - 1] for number in sorted(wrong.said)]})
    return Posted(found, rest=Rest(left.encode(), wrong.refused()))


@dataclass(slots=True)
class _Wrong:
    """What is wrong with which device."""

    said: dict[int, list[str]] = field(default_factory=dict)

    def note(self, number: int, why: str, column: str | None = None) -> None:
        self.said.setdefault(number, []).append(f"device {number}{f', {column}' if column else ''}: {why}")

    def hear(self, problem: Refused) -> None:
        if problem.where and problem.where.line:
            self.note(problem.where.line, problem.sentence, problem.where.field)

    def refused(self) -> Refused:
        first, *more = [one for number in sorted(self.said) for one in self.said[number]]
        return Refused("event-damaged", why=f"{first}{f' (and {len(more)} more)' if more else ''}")


def _devices(body: bytes) -> list[Any]:
    try:
        said = read_json(body)
    except ValueError:
        raise Refused("event-damaged", why="it is not JSON") from None
    devices = said.get("devices") if isinstance(said, Mapping) else None
    if not isinstance(devices, list) or not 0 < len(devices) <= MOST:
        raise Refused("event-damaged", why=f"its devices are not a list of 1 to {MOST:,}")
    return devices


def _rows(devices: list[Any], wrong: _Wrong, problems: Problems) -> Iterator[tuple[int, Cells]]:
    """Objects as rows, numbered from 1; whatever is wrong with the others is told."""
    for number, device in enumerate(devices, start=1):
        cells = _cells(number, device, wrong)
        if number not in wrong.said and may_stand(number, cells, DEVICES, problems):
            yield number, [*cells.values()]


def _cells(number: int, device: Any, wrong: _Wrong) -> Mapping[str, str]:
    if not isinstance(device, Mapping):
        wrong.note(number, "it is not an object")
        return {}
    if strange := sorted(device.keys() - set(DEVICES.columns)):
        close = nearest(strange[0], DEVICES.columns)
        meant = f"; did you mean {close!r}?" if close else ""
        wrong.note(number, f"it has a field {strange[0][:60]!r} that nobody knows{meant}")
    return {column: _cell(number, column, device.get(column), wrong) for column in DEVICES.columns}


def _cell(number: int, column: str, value: Any, wrong: _Wrong) -> str:
    if value is None:
        return ""
    if column == "apps" and isinstance(value, list) and all(isinstance(app, str) and ";" not in app for app in value):
        return ";".join(value)
    if column == "apps" or not isinstance(value, str):
        wrong.note(number, f"it is not {'a list of app ids' if column == 'apps' else 'a text'}", column)
        return ""
    return value.strip()
