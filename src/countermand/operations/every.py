"""The table of all operations."""

from typing import Any

from countermand.operations import (
    agreeing,
    back,
    carveouts,
    devices,
    directives,
    events,
    forward,
    house,
    imports,
    known,
    leading,
    ledger,
    levers,
    notices,
    passkeys,
    people,
    sightings,
    signals,
    sources,
    standing,
    streams,
    tokens,
)
from countermand.operations.operation import Operation

#: Module by module, in the order in which they are documented.
ROOMS = (
    known, directives, agreeing, notices, forward, back, standing, leading, carveouts, devices, sightings, people, imports,
    sources, events, house, passkeys, tokens, ledger, signals, streams, levers,
)  # fmt: skip
EVERY: tuple[Operation[..., Any], ...] = tuple(one for room in ROOMS for one in room.OPERATIONS)
