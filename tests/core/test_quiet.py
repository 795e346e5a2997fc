"""Quiet hours end on the sleeper's own clock, and an equal beginning and end are no hours at all."""

from datetime import time

import pytest

from countermand.core.instants import from_iso
from countermand.core.quiet import NEVER, Quiet

NIGHT = Quiet(time(22), time(7))
NOON = Quiet(time(12), time(13, 30))


@pytest.mark.parametrize(
    ("quiet", "zone", "now", "until"),
    [
        (NIGHT, "UTC", "2020-07-10T21:59:59Z", None),
        (NIGHT, "UTC", "2020-07-10T22:00:00Z", "2020-07-11T07:00:00Z"),
        (NIGHT, "UTC", "2020-07-11T06:59:59Z", "2020-07-11T07:00:00Z"),
        (NIGHT, "UTC", "2020-07-11T07:00:00Z", None),
        (NIGHT, "Asia/Tokyo", "2020-07-10T13:30:00Z", "2020-07-10T22:00:00Z"),
        (NIGHT, "Europe/Berlin", "2020-03-29T00:30:00Z", "2020-03-29T05:00:00Z"),
        (NOON, "UTC", "2020-07-10T13:00:00Z", "2020-07-10T13:30:00Z"),
        (NOON, "UTC", "2020-07-10T13:30:00Z", None),
        (NEVER, "UTC", "2020-07-10T00:00:00Z", None),
    ],
)
def test_until_when(quiet: Quiet, zone: str, now: str, until: str | None) -> None:
    assert quiet.until(zone, from_iso(now)) == (from_iso(until) if until else None)
