"""Publishing for as long as a process runs: look for committed changes, publish them, beat, and renew the snapshot.

Any number of processes may run this: a lease decides whose turn it is. ``countermand serve`` does, so that halting works
with nothing else alive.
"""

import threading
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from countermand.core.errors import Refused
from countermand.core.instants import HOUR, SECOND
from countermand.flows.kept import older
from countermand.flows.publish import publish
from countermand.flows.publish_snapshot import publish_snapshot
from countermand.flows.speaker import Speaker
from countermand.lib import clock, drafts
from countermand.snapshot.files import snapshots
from countermand.store import feed, installation, lease
from countermand.store.unit import aside

#: A gate replays records faster than it fetches a snapshot up to about here.
_RECORDS_PER_SNAPSHOT = 1_000
#: Or this many bytes of them: an import names thousands in one.
_BYTES_PER_SNAPSHOT = 1 << 20
_SNAPSHOT_AGE = 6 * HOUR
#: Between two snapshots at least so many times as long as the last one took: a fleet that comes in must not be written out
#: again and again meanwhile, and gates replay its records.
_SPARING = 9
#: After a refusal a person has to do something; asking again at once changes nothing.
_AFTER_REFUSAL = 5 * SECOND
#: Somebody else publishes: look now and then whether they still do.
_ELSEWHERE = SECOND


@dataclass(frozen=True, slots=True)
class Pace:
    """``interval`` between two looks for changes, ``heartbeat`` between two heartbeats; milliseconds."""

    interval: int
    heartbeat: int


def keep_publishing(
    speaker: Speaker, holder: str, pace: Pace, stop: threading.Event, say: Callable[[Refused], None], state_dir: Path
) -> None:
    """Publish until ``stop``; refusals are said and tried again. The caller's thread owns the connection. An older copy of
    the database than the checkpoints kept under ``state_dir`` publishes halts and rescissions alone. After a jump of the
    clock it says the earlier time that may be true, so that no gate begins a denial by it."""
    behind = older(state_dir)
    watch: clock.Watch | None = None
    jumped = 0
    seen: object = None
    beaten = 0
    while not stop.is_set():
        now = clock.steady()
        due = not beaten or now - beaten >= pace.heartbeat
        try:
            watch = watch or clock.Watch(lease.real)
            real = watch.now()
            if watch.jumped and not jumped:
                say(Refused("clock-jumped", seconds=watch.jumped // 1000))
            jumped = watch.jumped
            tick = feed.tick()
            if due or tick != seen or tick is None:
                seen = tick
                done = publish(speaker, holder, real, beat=due, older=behind)
                beaten = now if due or done.records else beaten
                if not done.held:
                    stop.wait(_ELSEWHERE / 1000)
        except Refused as refused:
            say(refused)
            behind = older(state_dir) if behind else None
            stop.wait(_AFTER_REFUSAL / 1000)
        stop.wait(pace.interval / 1000)
    with suppress(Refused), aside():
        lease.release("publisher", holder)  # whoever takes over need not wait for it to run out


def keep_snapshots(speaker: Speaker, directory: Path, stop: threading.Event, state_dir: Path) -> None:
    """Write a snapshot when there is none for this epoch, when many records have come since the last, and now and then.
    Apart from publishing, because a large one takes seconds and a halt may not wait for it. An older copy of the database
    writes none."""
    drafts.clear(directory)  # of a process that was killed, which nobody else takes away before the next snapshot
    written_at = took = 0
    while not stop.is_set():
        age = clock.steady() - written_at
        if snapshot_due(directory, age, speaker.epoch, resting=age < took * _SPARING) and older(state_dir) is None:
            began = clock.steady()
            publish_snapshot(speaker, directory, clock.now())
            written_at = clock.steady()
            took = written_at - began
        stop.wait(0.5)


def snapshot_due(directory: Path, age: int, opened: int = 0, *, resting: bool = False) -> bool:
    """True if the newest snapshot is of another epoch, far behind, or behind at all and older than ``age`` allows. Never of
    a database that is older than the epoch ``opened`` here. ``resting``: the last one was written just now, so only another
    epoch is reason enough."""
    house = installation.load()
    if house is None or house.epoch < opened:
        return False
    newest = [file for file in snapshots(directory) if file.epoch == house.epoch][-1:]
    if not newest or resting:
        return not newest
    behind, size = feed.since(house.epoch, newest[0].n)
    return behind >= _RECORDS_PER_SNAPSHOT or size >= _BYTES_PER_SNAPSHOT or (behind > 0 and age >= _SNAPSHOT_AGE)
