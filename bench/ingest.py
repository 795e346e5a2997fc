"""Evidence coming in: how fast each source is read on one core, and how fast reports are stored and judged on PostgreSQL.

``python bench/ingest.py [--devices 110000] [--database postgresql] [--write]``. Reading is compared with taking the same bytes
apart and no more (bench/parsing.py); reports are applied one by one and in batches to a fleet under an issued order.
"""

import argparse
from pathlib import Path
from typing import Any

import fleet
import parsing
import tables
from company import NOW, Size, made
from orders import proposed

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
        return fleet.reported(size)


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
    speeds = [
        ("one by one", f"≥ {SINGLE}", *(f"{one:,.0f}{_missed(one, SINGLE)}" for one in each)),
        (f"in a batch of {batch['taken']}", f"≥ {BATCHED:,}", *(f"{one:,.0f}{_missed(one, BATCHED)}" for one in many)),
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
        "apps on a phone, all written through to the disk, on a machine shared with other work:",
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
