"""The whole fleet measured: load, preview, issue, halt, reports, sweep, rescind; on SQLite, PostgreSQL, and DuckDB beside them.

``python bench/fleet.py [--devices 1100000 110000] [--databases sqlite postgresql] [--work DIR]``. The company is made once
per size (bench/company.py) and kept in the work directory. Each database and size has a process of its own, so that its
peak memory is its own. The table goes into docs/performance.md; with ``--keep`` what an earlier run measured stays in it.
"""

import argparse
import json
import os
import platform
import random
import resource
import shutil
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from itertools import pairwise
from pathlib import Path
from typing import Any

from company import NOW, Size, made
from orders import by, issued, open_house, proposed
from page import write_page

HERE = Path(__file__).resolve().parent
RUNS = 5
GROUPS = tuple(f"group-{number:03}" for number in range(5))  # a quarter of the people
#: Reports applied one by one.
SINGLE = 300
BATCH = 1_000


#: CPU milliseconds of what was timed last, beside the clock's: on a busy machine they are what means something.
_cpu = [0.0]


def timed(work: Callable[[], Any]) -> tuple[float, Any]:
    """Milliseconds, and what it gave."""
    began, spent = time.perf_counter(), time.process_time()
    found = work()
    _cpu[0] = (time.process_time() - spent) * 1000
    return (time.perf_counter() - began) * 1000, found


def megabytes(usage: int) -> int:
    return usage // 1024


# -- one database and size, in a process of its own --


@contextmanager
def opened(database: str, state: Path) -> Iterator[Path]:
    """An installation on a database of its own, ended with it; where that keeps its files."""
    from countermand.store.setup import create_tables, open_store

    shutil.rmtree(state, ignore_errors=True)
    state.mkdir(parents=True)
    cluster = None
    if database == "postgresql":
        sys.path.insert(0, str(HERE.parent / "tests"))
        import cluster as clusters

        clusters._SETTINGS.update({"fsync": "on", "synchronous_commit": "on", "autovacuum": "on", "shared_buffers": "1GB"})
        cluster = clusters.start()
        cluster.run("CREATE DATABASE bench")
        place: Any = cluster.place("bench")
    else:
        place = state / "countermand.sqlite3"
    try:
        open_store(place)
        create_tables()
        open_house(state, NOW)
        yield state if cluster is None else cluster.folder
    finally:
        if cluster is not None:
            cluster.end()
        shutil.rmtree(state, ignore_errors=True)


def measure(database: str, size: Size, work: Path, company: Path) -> dict[str, Any]:
    state = work / f"state-{database}-{size.devices}"
    with opened(database, state) as files:
        return {**_measured(size, state, company), "disk": _disk(files)}


def _disk(folder: Path) -> int:
    return sum(file.stat().st_size for file in folder.rglob("*") if file.is_file()) >> 20


def _measured(size: Size, state: Path, company: Path) -> dict[str, Any]:
    found: dict[str, Any] = {"load_people": load(company, state, "people")}
    # Proposed before the devices come, so that its apps may be kept of people's own phones.
    proposed("bench", GROUPS, NOW)
    found["load"] = load(company, state, "devices", "apps")
    proposed("other", GROUPS, NOW)
    found |= _previewed()
    found |= told(state)
    found |= reported(size)
    found |= _swept_and_rescinded()
    return found


def load(company: Path, state: Path, *tables: str) -> dict[str, float]:
    from countermand.access import Role
    from countermand.flows import loading
    from countermand.flows.bring_parquet import bring_parquet

    units: list[float] = []
    spent: list[float] = []
    last = [time.thread_time()]
    real = loading.Pace.after

    def after(self: loading.Pace, count: int, began: int) -> None:
        units.append(loading.clock.steady() - began)
        spent.append((time.thread_time() - last[0]) * 1000)  # with what lies between two units, which is little
        last[0] = time.thread_time()
        real(self, count, began)

    loading.Pace.after = after  # type: ignore[method-assign]
    cpu = time.process_time()
    files = [company / f"{table}.parquet" for table in tables]
    took, _ = timed(lambda: bring_parquet(by(Role.OPERATOR, NOW), files, state))
    loading.Pace.after = real  # type: ignore[method-assign]
    peak = megabytes(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)
    return {
        "ms": took,
        "cpu": time.process_time() - cpu,
        "peak": peak,
        "unit": max(units, default=0),
        "unit_cpu": max(spent[1:], default=0),
    }


def _previewed() -> dict[str, Any]:
    from countermand.config import standard
    from countermand.core.verdict import Status
    from countermand.reads.preview import preview

    config = standard(Path("."))
    first, _ = timed(lambda: preview("bench", config, NOW))
    took, spent, seen = [], [], None
    for _ in range(RUNS):
        ms, seen = timed(lambda: preview("bench", config, NOW))
        took.append(ms)
        spent.append(_cpu[0])
    assert seen is not None
    counts = {
        f"{country} {status.value}": count
        for country, by_status in seen.by["country"].items()
        for status, count in by_status.items()
        if status is not Status.NOT_APPLICABLE
    }
    apps = sorted({hit.app.id for hit in seen.apps})
    figures = {"ms": statistics.median(took), "first": first, "cpu": statistics.median(spent)}
    return {"preview": figures, "counts": counts, "ids": apps, "people": seen.audience}


def told(state: Path) -> dict[str, Any]:
    """Issue one order whole, and another one that is halted while its notices are promised."""
    from countermand.access import Role
    from countermand.config import standard
    from countermand.flows.stop import halt
    from countermand.flows.telling import issue_all, issue_next
    from countermand.reads.preview import preview
    from countermand.store.setup import close_store

    foreseen = preview("bench", standard(state), NOW)
    took, done = timed(lambda: issued(state, "bench", foreseen.audience, foreseen.busiest_denials, NOW))
    chunks: list[float] = []
    spent = _cpu[0] - time.process_time() * 1000
    began = time.perf_counter()
    last = began

    def tick(progress: object) -> None:
        nonlocal last
        chunks.append((time.perf_counter() - last) * 1000)
        last = time.perf_counter()

    issue_all(by(Role.OPERATOR, NOW), "bench", done.audience, tick)
    whole = took + (time.perf_counter() - began) * 1000
    spent += time.process_time() * 1000
    other = issued(state, "other", foreseen.audience, foreseen.busiest_denials, NOW)
    close_store()  # a connection is of one process
    child = os.fork()
    if child == 0:  # a process of its own tells people while this one halts
        issue_all(by(Role.OPERATOR, NOW), "other", other.audience)
        os._exit(0)
    time.sleep(0.3)
    stopped, _ = timed(lambda: halt(by(Role.OPERATOR, NOW), "other"))
    os.waitpid(child, 0)
    after = issue_next(by(Role.OPERATOR, NOW), "other", other.audience)
    assert after.promised == 0
    return {
        "issue": {"ms": whole, "cpu": spent, "write": took, "chunk": max(chunks), "people": len(done.audience)},
        "halt": {"ms": stopped, "told": after.done, "of": after.total},
    }


def mentioned(size: Size, seed: int, now: int) -> list[tuple[int, str, Any]]:
    """(device, source, mention) of some devices of the company's own, on which two apps are gone and another one is new."""
    from countermand.core.apps import App
    from countermand.core.coverage import EVERYTHING, Grade, Report
    from countermand.core.mentions import Mention
    from countermand.store import evidence, fleet, models

    chosen = random.Random(seed).sample(range(size.devices), (SINGLE + BATCH) * 2)
    rows, names = fleet.load(chosen), fleet.identities(chosen)
    sources = dict(models.Enrolled.objects.filter(device__in=chosen).values_list("device_id", "source"))
    before = evidence.presences(chosen, evidence.Met())
    mentions = []
    for ordinal in [one for one in chosen if rows[one].ownership == "corporate" and one in before][: SINGLE + BATCH]:
        apps = sorted(before[ordinal].apps)
        shown = {*apps[2:], App(rows[ordinal].platform, f"com.example.fresh{ordinal % 50}")}
        report = Report(sources[ordinal], now, Grade.INVENTORY, EVERYTHING, frozenset(shown))
        mentions.append((ordinal, sources[ordinal], Mention(tuple(names[ordinal]), seen_at=now, reports=(report,))))
    return mentions


def reported(size: Size) -> dict[str, Any]:
    from countermand.access import Role
    from countermand.flows.ingest import ingest

    now = NOW + 60_000
    mentions = mentioned(size, 1, now)
    took, spent = [], []
    for _, source, mention in mentions[:SINGLE]:
        ms, _ = timed(lambda: ingest(by(Role.OPERATOR, now), source, [mention], confirmed=True))  # noqa: B023
        took.append(ms)
        spent.append(_cpu[0])
    batch = [mention for _, source, mention in mentions[SINGLE:] if source == "mdm-americas"]
    ms, _ = timed(lambda: ingest(by(Role.OPERATOR, now), "mdm-americas", batch, confirmed=True))
    took.sort()
    return {
        "report": {"p50": statistics.median(took), "p99": took[int(len(took) * 0.99)], "cpu": statistics.median(spent)},
        "batch": {"ms": ms * BATCH / max(len(batch), 1), "cpu": _cpu[0] * BATCH / max(len(batch), 1), "taken": len(batch)},
    }


def _swept(now: int) -> dict[str, float]:
    """One sweep, and the longest that anybody who wants to write waits for it."""
    from countermand.flows.sweep import sweep

    steps = [time.perf_counter()]
    took, _ = timed(lambda: sweep(now, between=lambda: steps.append(time.perf_counter())))
    longest = max((after - before for before, after in pairwise(steps)), default=0) * 1000
    return {"ms": took, "cpu": _cpu[0], "unit": longest}


def _everybody_was_told(due: int) -> None:
    """As if the notices had been handed over, with this due."""
    from countermand.core import facts
    from countermand.store import sets, terms
    from countermand.store.unit import unit

    lineage = terms.lineage("bench")
    assert lineage is not None
    for number in sets.blocks(sets.DEVICES):
        with unit([number]):
            every = sets.load(sets.DEVICES, number, (facts.EVERY,))[facts.EVERY]
            sets.save(sets.DEVICES, number, {facts.told(lineage.current.row, due): every})


def _denied() -> int:
    from countermand.core import facts
    from countermand.flows.walk import DENIED
    from countermand.store import sets

    name = facts.verdict("bench", DENIED)
    return sum(len(sets.load(sets.DEVICES, number, (name,))[name]) for number in sets.blocks(sets.DEVICES))


def _swept_and_rescinded() -> dict[str, Any]:
    from countermand.access import Role
    from countermand.flows.stop import rescind
    from countermand.flows.telling import rescind_all

    swept = _swept(NOW + 120_000)
    _everybody_was_told(NOW + 130_000)
    due = {**_swept(NOW + 140_000), "denied": _denied()}
    took, done = timed(lambda: rescind(by(Role.OPERATOR, NOW + 180_000), "bench", "sent-in-error"))
    ended = _cpu[0]
    rest, _ = timed(lambda: rescind_all(by(Role.OPERATOR, NOW + 180_000), "bench"))
    peak = megabytes(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)
    return {
        "sweep": swept,
        "due": due,
        "rescind": {"ms": took, "cpu": ended, "rest": rest, "voided": done.voided},
        "peak": peak,
    }


# -- all of them --


def _machine() -> str:
    cpu = next(
        (
            line.split(":", 1)[1].strip()
            for line in Path("/proc/cpuinfo").read_text().splitlines()
            if line.startswith("model name")
        ),
        platform.machine(),
    )
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") >> 30
    return f"{os.cpu_count()} cores ({cpu}), {memory} GB, Python {platform.python_version()}"


def main() -> None:
    asked = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    asked.add_argument("--devices", type=int, nargs="+", default=[110_000, 1_100_000])
    asked.add_argument("--databases", nargs="+", default=["sqlite", "postgresql"], choices=["sqlite", "postgresql"])
    asked.add_argument("--work", type=Path, default=Path("/tmp/countermand-fleet"), help="where companies and databases are kept")
    asked.add_argument("--page", type=Path, default=HERE.parent / "docs/performance.md", help="where the table goes")
    asked.add_argument("--keep", action="store_true", help="keep in the table what earlier runs left in the work directory")
    asked.add_argument("--one", help=argparse.SUPPRESS)
    given = asked.parse_args()
    if given.one:
        company = made(given.work, Size(given.devices[0]))
        Path(given.one).write_text(json.dumps(measure(given.databases[0], Size(given.devices[0]), given.work, company)))
        return
    results: dict[str, Any] = {"machine": _machine(), "date": datetime.now(UTC).date().isoformat(), "runs": {}}
    if given.keep:
        results["runs"] = {file.name.removesuffix(".kept"): json.loads(file.read_text()) for file in given.work.glob("*.kept")}
    load = [os.getloadavg()[0]]
    for devices in given.devices:
        company = made(given.work, Size(devices))
        for database in given.databases:
            answer = given.work / f"{database}-{devices}.json"
            command = [sys.executable, __file__, "--devices", str(devices), "--databases", database, "--work", str(given.work)]
            subprocess.run([*command, "--one", str(answer)], check=True)
            name = f"{database} {devices}"
            load.append(os.getloadavg()[0])
            found = _beside(json.loads(answer.read_text()), company, given.work, devices)
            results["runs"][name] = found | {"load_average": statistics.median(load)}
            (given.work / f"{name}.kept").write_text(json.dumps(results["runs"][name]))
            print(json.dumps({name: results["runs"][name]}, indent=1), flush=True)
            write_page(given.page, results)  # after each, so that a long run that is stopped leaves what it has


def _beside(found: dict[str, Any], company: Path, work: Path, devices: int) -> dict[str, Any]:
    """The same question asked of DuckDB. Its answer must be the same."""
    import peer

    for name, tables in (("parquet", None), ("tables", work / f"peer-{devices}.duckdb")):
        answer, took, spent = peer.ask(company, tables, found["ids"], GROUPS, NOW, RUNS)
        assert {f"{country} {status}": count for (country, status), count in answer.items()} == found["counts"], name
        found[f"duckdb_{name}"] = {"ms": statistics.median(took), "cpu": statistics.median(spent)}
    (work / f"peer-{devices}.duckdb").unlink()
    return {key: value for key, value in found.items() if key not in {"counts", "ids"}}


if __name__ == "__main__":
    main()
