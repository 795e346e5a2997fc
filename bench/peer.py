"""The named peer: the preview's question in DuckDB's SQL, over the same Parquet files and over tables made from them."""

import time
from collections.abc import Sequence
from pathlib import Path

import duckdb

from countermand.core.instants import DAY, Instant

#: (country, status) → devices.
Answer = dict[tuple[str, str], int]

_QUESTION = """
SELECT p.country, CASE
    WHEN d.device IN (SELECT device FROM {apps} WHERE app_id IN ({ids})) THEN 'in_grace'
    WHEN d.enrollment IN ('supervised', 'device') AND epoch_ms(d.observed_at) >= {fresh} THEN 'compliant'
    ELSE 'unknown' END AS status, count(*)
FROM {devices} d JOIN {people} p ON p.login = d.login
WHERE list_has_any(p.groups, [{groups}]) AND d.eas IS NOT NULL AND d.platform IN ('ios', 'android')
GROUP BY ALL
"""


def ask(
    company: Path, tables: Path | None, ids: Sequence[str], groups: Sequence[str], now: Instant, runs: int
) -> tuple[Answer, list[float], list[float]]:
    """The answer, and how long each run took in milliseconds, by the clock and in CPU.

    ``tables``: a file for DuckDB's own tables; None: over the Parquet."""
    with duckdb.connect(str(tables) if tables else ":memory:") as base:
        names = {}
        for name in ("apps", "devices", "people"):
            names[name] = f"'{company / name}.parquet'"
            if tables:
                base.execute(f"CREATE TABLE IF NOT EXISTS {name} AS SELECT * FROM {names[name]}")
                names[name] = name
        fresh = ((now - 7 * DAY) // DAY) * DAY  # a day counts whole, in the device's favour
        question = _QUESTION.format(**names, ids=_texts(ids), groups=_texts(groups), fresh=fresh)
        took, spent, found = [], [], {}
        for _ in range(runs):
            began, used = time.perf_counter(), time.process_time()
            rows = base.execute(question).fetchall()
            took.append((time.perf_counter() - began) * 1000)
            spent.append((time.process_time() - used) * 1000)
            found = {(country, status): count for country, status, count in rows}
    return found, took, spent


def _texts(values: Sequence[str]) -> str:
    return ", ".join(f"'{value}'" for value in values)
