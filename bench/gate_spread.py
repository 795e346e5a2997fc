"""How a change of the fleet reaches gates: one device's, or 300,000 devices' at once, at one gate and at four; and what a
gate more costs the control plane.

A report comes as a source posts it, to the running control plane. The other changes are committed in this process, as a batch of
reports would be: the app is gone from these devices. The time is from the beginning of the request, or of that write, to the last
watched phone that is let in, at the last gate.
"""

import asyncio
import json
import random
import tempfile
import time
import urllib.request
from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from gate_doors import Processes, cpu_seconds, mail_request, memory
from gate_lift import ASKED_AFTERWARDS, WATCHING, Plane, denied_at, open_plane, until_let_in
from gate_store import APP, AUTHOR, ORDER, ROLES, Fleet, device_of, eas_id, login

from countermand import config as configuration
from countermand.access import Actor
from countermand.core import facts
from countermand.core.blocks import BLOCK_SIZE
from countermand.core.devices import Platform
from countermand.core.instants import iso
from countermand.flows.connect import source_add
from countermand.lib import clock
from countermand.reads import installation

GATES = (1, 4)


@dataclass(frozen=True, slots=True)
class Spread:
    """Milliseconds of a report that is posted, of one change and of all of them, each until the last gate; ``still_denied`` of
    ``asked`` phones right afterwards; ``cpu``: seconds that the control plane took for all of them; ``memory``: megabytes of it
    afterwards."""

    posted: float
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
    secret = await asyncio.to_thread(_source, plane)
    posted, _ = await _reached(plane, phones[1:2], lambda: _post(plane, secret, fleet, drawn[1]))
    one, _ = await _reached(plane, phones[:1], lambda: _app_gone(plane, drawn[:1]))
    before = cpu_seconds(plane.control.pid)
    others = [device for device in denied if device not in drawn[:2]]
    every, committed = await _reached(plane, phones[2:WATCHING], lambda: _app_gone(plane, others))
    still = [await denied_at(door, phones) for door in plane.doors]
    cpu = cpu_seconds(plane.control.pid) - before
    asked = len(phones) * len(plane.doors)
    return Spread(posted, one, every, committed, asked, sum(still), cpu, memory(plane.control.pid)[0])


async def _reached(plane: Plane, phones: Sequence[bytes], change: Callable[[], float]) -> tuple[float, float]:
    """(milliseconds until every one of the phones was let in at every door, until ``change`` was committed)."""
    watches = [asyncio.create_task(until_let_in(door, phone)) for door in plane.doors for phone in phones]
    await asyncio.sleep(1.0)
    started = time.monotonic()
    committed = await asyncio.to_thread(change)
    last = max([await watch for watch in watches])
    return 1000 * (last - started), 1000 * (committed - started)


def _source(plane: Plane) -> str:
    """The secret of a source that may post."""
    config = configuration.load(plane.folder / "countermand.toml")
    installation.open_installation(config.database)
    added = source_add(installation.act(Actor(AUTHOR, ROLES[AUTHOR])), config.state_dir, "posts", "webhook")
    installation.close()
    return added.secret


def _post(plane: Plane, secret: str, fleet: Fleet, number: int) -> float:
    """What the source sees of the device, which is that the app is gone; returns when it was answered."""
    known = device_of(fleet, number)
    seen = {
        "eas_id": eas_id(number),
        "login": known.login,
        "platform": known.platform,
        "model": known.model,
        "ownership": known.ownership,
        "enrollment": known.enrollment,
        "apps": ["org.example.other"],
        "observed_at": iso(clock.now()),
    }
    url = configuration.load(plane.folder / "countermand.toml").control.url
    body, headers = json.dumps({"devices": [seen]}).encode(), {"Authorization": f"Bearer {secret}"}
    with urllib.request.urlopen(urllib.request.Request(f"{url}/api/v1/sources/posts/events", body, headers)) as answer:
        answer.read()
    return time.monotonic()


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
