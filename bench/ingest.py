"""Evidence coming in: how fast each source is read on one core, and how fast reports are stored and judged on PostgreSQL.

``python bench/ingest.py [--devices 110000] [--database postgresql] [--write]``. Reading is compared with taking the same bytes
apart and no more (bench/parsing.py); reports are applied one by one and in batches to a fleet under an issued order.
"""

import argparse
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import fleet
import parsing
import tables
from company import NOW, Size, made
from django.db import connections
from orders import proposed

from countermand.access import Role
from countermand.core.facts import BLOCK_SIZE

#: (source, mention)
Part = list[tuple[str, Any]]

#: Reports a second and process: one by one, and in batches.
SINGLE, BATCHED = 300, 1_500
SHARE = 0.5


def stored(database: str, size: Size, work: Path) -> dict[str, Any]:
    """What fleet.reported says of reports to a fleet of this size, under an order of which its people were told."""
    company, state = made(work, size), work / f"state-ingest-{database}"
    with fleet.opened(database, state):
        fleet.load(company, state, "people")
        for name in ("bench", "other"):
            proposed(name, fleet.GROUPS, NOW)
        fleet.load(company, state, "devices", "apps")
        fleet.told(state)
        return {**fleet.reported(size), "beside": beside(size)}


def beside(size: Size) -> dict[str, Any]:
    """Threads of one process, each with reports about a part of the fleet, as when sources post to it at the same time: first one
    by one, then in batches; a second by the clock, and of the process's CPU."""
    from countermand.flows.ingest import ingest

    now = NOW + 120_000
    parts = sorted_by_block(fleet.mentioned(size, 2, now))
    singles = [part[: fleet.SINGLE // len(parts)] for part in parts]
    batches = [[one for one in part[len(few) :] if one[0] == "mdm-americas"] for part, few in zip(parts, singles, strict=True)]
    act = fleet.by(Role.OPERATOR, now)

    def one_by_one(part: Part) -> None:
        for source, mention in part:
            ingest(act, source, [mention], confirmed=True)

    def together(part: Part) -> None:
        ingest(act, "mdm-americas", [mention for _, mention in part], confirmed=True)

    return {"threads": len(parts), "single": at_once(one_by_one, singles), "batch": at_once(together, batches)}


def sorted_by_block(mentions: Sequence[tuple[int, str, Any]]) -> list[Part]:
    """By the half of the fleet that they are about: two blocks are written at the same time, and one is not."""
    middle = BLOCK_SIZE if max(one[0] for one in mentions) >= BLOCK_SIZE else 0
    parts: list[Part] = [[], []]
    for ordinal, source, mention in mentions:
        parts[ordinal >= middle].append((source, mention))
    return [part for part in parts if part]


def at_once(work: Callable[[Part], None], parts: Sequence[Part]) -> tuple[float, float]:
    """Reports a second by the clock, and a second of this process's CPU."""

    def alone(part: Part) -> None:
        work(part)
        connections.close_all()

    began, spent = time.perf_counter(), time.process_time()
    with ThreadPoolExecutor(len(parts)) as threads:
        list(threads.map(alone, parts))
    count = sum(map(len, parts))
    return count / (time.perf_counter() - began), count / (time.process_time() - spent)


def page(read: list[parsing.Read], least: float, kept: dict[str, Any], database: str, size: Size) -> str:
    rows = [
        (
            one.name,
            f"{one.kilobytes:.1f} kB",
            f"{one.read:,.0f}",
            f"{one.plain:,.0f}",
            f"{one.share:.2f}{_missed(one.share, SHARE)}",
        )
        for one in read
    ]  # fmt: skip
    single, batch = kept["report"], kept["batch"]
    each = 1000 / single["p50"], 1000 / single["cpu"]
    many = fleet.BATCH * 1000 / batch["ms"], fleet.BATCH * 1000 / batch["cpu"]
    others = kept["beside"]
    speeds = [
        (f"{words} by {count}", f"≥ {target:,}", *(f"{one:,.0f}{_missed(one, target)}" for one in found))
        for words, count, target, found in (
            ("one by one,", "one thread", SINGLE, each),
            ("one by one,", f"{others['threads']} threads at once", SINGLE, others["single"]),
            (f"in a batch of {batch['taken']},", "one thread", BATCHED, many),
            ("in batches,", f"{others['threads']} threads at once", BATCHED, others["batch"]),
        )
    ]
    head = (
        f"`make bench-ingest`. Devices read into our own words, a second of one core, {parsing.APPS} apps on a phone",
        "where the source lists apps; beside it `json.loads`, `plistlib` or `csv` of the same bytes alone. Target: at least",
        f"{SHARE:.0%} of that; ✗ marks what misses it. Rows without apps are hard: C cuts one in a microsecond or three; of",
        "such a row no text is kept that may not be shown, logins and words are spelt in one way, its time becomes an instant;",
        f"and to make a mention with three names of texts at hand, with nothing checked at all, takes {least:.2f} µs.",
    )
    between = (
        f"Reports stored, judged and committed by one process on {database}, {size.devices:,} devices under two orders, 100",
        "apps on a phone, all written through to the disk; the server works on the same 2 cores. Targets are of a process, which",
        "has as many threads as sources that post to it:",
    )
    reading = tables.table(("source", "a device", "read, per second", "bytes alone, per second", "share"), rows)
    storing = tables.table(("reports", "target", "per second", "per CPU second"), speeds)
    return "\n\n".join(("## Evidence coming in", "\n".join(head), reading, "\n".join(between), storing))


def _missed(value: float, target: float) -> str:
    return "" if value >= target else " ✗"


def main() -> None:
    asked = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    asked.add_argument("--devices", type=int, default=110_000)
    asked.add_argument("--database", default="postgresql", choices=["sqlite", "postgresql"])
    asked.add_argument("--work", type=Path, default=fleet.HERE.parent / "var" / "bench")
    asked.add_argument("--write", action="store_true", help="write docs/performance.md")
    given = asked.parse_args()
    size = Size(given.devices)
    text = page(parsing.measured(), parsing.least(), stored(given.database, size, given.work), given.database, size)
    print(text)
    if given.write:
        tables.put("bench-ingest", text)


if __name__ == "__main__":
    main()
