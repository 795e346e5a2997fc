"""How a change of the fleet reaches gates: one device's, or 300,000 devices' at once, at one gate and at four; and what a
gate more costs the control plane.

The change is committed in this process, as a batch of reports would be: the app is gone from these devices. The time is from the
beginning of that write to the last watched phone that is let in, at the last gate.
"""

import asyncio
import random
import tempfile
import time
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from gate_doors import Processes, cpu_seconds, mail_request, memory
from gate_lift import ASKED_AFTERWARDS, WATCHING, Plane, denied_at, open_plane, until_let_in
from gate_store import APP, ORDER, Fleet, eas_id, login

from countermand import config as configuration
from countermand.core import facts
from countermand.core.blocks import BLOCK_SIZE
from countermand.core.devices import Platform
from countermand.reads import installation

GATES = (1, 4)


@dataclass(frozen=True, slots=True)
class Spread:
    """Milliseconds of one change and of all of them, each until the last gate; ``still_denied`` of ``asked`` phones right
    afterwards; ``cpu``: seconds that the control plane took for all of them; ``memory``: megabytes of it afterwards."""

    one: float
    all: float
    committed: float
    asked: int
    still_denied: int
    cpu: float
    memory: float


def spread(template: Path, cache: Path, fleet: Fleet, gates: int) -> Spread:
    """One run over a copy of the installation, with this many gates."""
    with tempfile.TemporaryDirectory(dir=cache) as name, Processes(Path(name)) as running:
        return asyncio.run(_spread(open_plane(running, template, gates), fleet))


async def _spread(plane: Plane, fleet: Fleet) -> Spread:
    denied = fleet.denied_ordinals()
    drawn = random.Random(fleet.seed + 3).sample(denied, min(ASKED_AFTERWARDS, fleet.denied))
    phones = [mail_request(login(fleet.owner(device)), eas_id(device)) for device in drawn]
    for door in plane.doors:
        if await denied_at(door, phones[:WATCHING]) != len(phones[:WATCHING]):
            raise SystemExit("a phone that must be denied beforehand was not")
    one, _ = await _reached(plane, phones[:1], fleet, drawn[:1])
    before = cpu_seconds(plane.control.pid)
    every, committed = await _reached(plane, phones[1:WATCHING], fleet, [device for device in denied if device != drawn[0]])
    still = [await denied_at(door, phones) for door in plane.doors]
    cpu = cpu_seconds(plane.control.pid) - before
    asked = len(phones) * len(plane.doors)
    return Spread(one, every, committed, asked, sum(still), cpu, memory(plane.control.pid)[0])


async def _reached(plane: Plane, phones: Sequence[bytes], fleet: Fleet, devices: Sequence[int]) -> tuple[float, float]:
    """(milliseconds until every one of the phones was let in at every door, until the write was committed)."""
    watches = [asyncio.create_task(until_let_in(door, phone)) for door in plane.doors for phone in phones]
    await asyncio.sleep(1.0)
    started = time.monotonic()
    committed = await asyncio.to_thread(_app_gone, plane, devices)
    last = max([await watch for watch in watches])
    return 1000 * (last - started), 1000 * (committed - started)


def _app_gone(plane: Plane, devices: Sequence[int]) -> float:
    """The app is gone from these devices, in one unit; returns when that was committed."""
    from countermand.store import evidence, feed, sets
    from countermand.store.unit import unit

    installation.open_installation(configuration.load(plane.folder / "countermand.toml").database)
    blocks: dict[int, list[int]] = defaultdict(list)
    for device in devices:
        blocks[device // BLOCK_SIZE].append(device % BLOCK_SIZE)
    with unit():
        numbers = evidence.numbers(APP.values())
        names = [facts.app(numbers[APP[platform]]) for platform in (Platform.IOS, Platform.ANDROID)]
        for block, offsets in blocks.items():
            sets.change(sets.DEVICES, block, {name: (offsets, []) for name in names})
            feed.mark("denials", ORDER, block)
    committed = time.monotonic()
    installation.close()
    return committed
