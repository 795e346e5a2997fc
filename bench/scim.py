"""A directory provisioned over SCIM beside 100,000 people: made, looked for, paged through, changed, put into one group.

``python bench/scim.py [--people N] [--known M] [--write]``; those that are known came from a file before.
The SCIM service is a process of its own; a directory asks it over kept-alive connections, one request after the other.
"""

import argparse
import http.client
import json
import multiprocessing
import resource
import statistics
import sys
import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any
from urllib.parse import quote

import tables

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "tests" / "web"))
import scim_house

from countermand.flows import bring
from countermand.store import setup

#: Connections of the directory; members that one PATCH adds, as Okta does.
LINES, MEMBERS = 2, 100
#: How often what is asked of a full directory is asked.
ASKED = 100


@dataclass(frozen=True)
class Row:
    """Milliseconds of the answers; how many of what a second of the clock, and of the service's CPU."""

    what: str
    count: int
    p50: float
    p99: float
    rate: float
    by_cpu: float


def _serve(talk: Connection, folder: Path, known: int) -> None:
    file = folder / "people.csv"
    rows = "".join(f"known{number},known{number}@example.org,K,Europe/Berlin,de,DE,all,\n" for number in range(known))
    file.write_text(f"login,email,name,zone,locale,country,groups,employment\n{rows}")
    setup.open_store(folder / "countermand.sqlite3")
    setup.create_tables()
    with scim_house.opened(folder / "countermand.sqlite3", folder) as house:
        if known:
            bring.bring_people(house.act(), file)
        talk.send((house.port, house.token))
        while talk.recv() == "used":
            used = resource.getrusage(resource.RUSAGE_SELF)
            talk.send((used.ru_utime + used.ru_stime, used.ru_maxrss // 1024))


class Service:
    """The service, asked over one connection per thread."""

    def __init__(self, port: int, token: str, talk: Connection) -> None:
        self._port, self._token, self._talk = port, token, talk

    def used(self) -> tuple[float, int]:
        self._talk.send("used")
        found: tuple[float, int] = self._talk.recv()
        return found

    def many(self, requests: list[tuple[str, str, Any]]) -> tuple[list[float], list[Any]]:
        """Milliseconds, and what was answered, of these requests over all lines."""
        with ThreadPoolExecutor(LINES) as pool:
            parts = list(pool.map(self._line, (requests[line::LINES] for line in range(LINES))))
        return [one for part in parts for one in part[0]], [one for part in parts for one in part[1]]

    def _line(self, requests: list[tuple[str, str, Any]]) -> tuple[list[float], list[Any]]:
        line = http.client.HTTPConnection("127.0.0.1", self._port, timeout=300)
        took, answers = [], []
        head = {"Authorization": f"Bearer {self._token}", "Content-Type": "application/scim+json"}
        for method, path, body in requests:
            began = time.perf_counter()
            sent = (method, f"/scim/v2{path}", None if body is None else json.dumps(body), head)
            try:
                line.request(*sent)
                answer = line.getresponse()
            except ConnectionError:  # idle for so long on a busy machine that the service has hung up
                line.close()
                line.request(*sent)
                answer = line.getresponse()
            text = answer.read()
            took.append((time.perf_counter() - began) * 1000)
            assert answer.status < 300, text
            answers.append(json.loads(text) if text else None)
        line.close()
        return took, answers


@contextmanager
def _service(folder: Path, known: int) -> Iterator[Service]:
    here, there = multiprocessing.Pipe()
    process = multiprocessing.get_context("spawn").Process(target=_serve, args=(there, folder, known))
    process.start()
    try:
        port, token = here.recv()
        yield Service(port, token, here)
    finally:
        here.send("end")
        process.join(30)
        process.kill()


def _person(number: int) -> dict[str, Any]:
    name = f"person{number}@example.org"
    return {
        "schemas": [scim_house.USER], "userName": name, "displayName": f"Person {number}", "active": True,
        "emails": [{"type": "work", "primary": True, "value": name}], "timezone": "Europe/Berlin",
        "preferredLanguage": "de", "externalId": f"ext-{number}", "addresses": [{"type": "work", "country": "DE"}],
    }  # fmt: skip


def _named(number: int) -> str:
    return quote(f'userName eq "person{number}@example.org"')


def _patch(*operations: dict[str, Any]) -> dict[str, Any]:
    return {"schemas": [scim_house.PATCH], "Operations": list(operations)}


def measured(people: int, known: int, folder: Path) -> tuple[list[Row], int]:
    rows: list[Row] = []
    with _service(folder, known) as service:

        def step(what: str, requests: list[tuple[str, str, Any]], each: int = 1) -> list[Any]:
            before, began = service.used()[0], time.perf_counter()
            took, answers = service.many(requests)
            spent, cpu = time.perf_counter() - began, service.used()[0] - before
            took.sort()
            done = len(requests) * each
            p50, p99 = statistics.median(took), took[int(len(took) * 0.99)]
            rows.append(Row(what, done, p50, p99, done / spent, done / cpu))
            print(rows[-1], file=sys.stderr, flush=True)
            return answers

        made = step("people made", [("POST", "/Users", _person(number)) for number in range(people)])
        ids = sorted((one["id"] for one in made), key=int)
        some = [number * (people // ASKED) for number in range(ASKED)] if people >= ASKED else list(range(people))
        step("looked for by userName", [("GET", f"/Users?filter={_named(one)}", None) for one in some])
        step("pages of 100, anywhere", [("GET", f"/Users?startIndex={one + 1}&count=100", None) for one in some])
        said = {"op": "Replace", "path": "displayName", "value": "Another"}
        step("changed by PATCH", [("PATCH", f"/Users/{ids[one]}", _patch(said)) for one in some])
        (group,) = step("a group made", [("POST", "/Groups", {"schemas": [scim_house.GROUP], "displayName": "staff"})])
        parts = [ids[start : start + MEMBERS] for start in range(0, min(people, 20_000), MEMBERS)]
        adds = [_patch({"op": "add", "path": "members", "value": [{"value": one} for one in part]}) for part in parts]
        step(f"members joined, {MEMBERS} at a time", [("PATCH", f"/Groups/{group['id']}", one) for one in adds], MEMBERS)
        away = _patch({"op": "replace", "path": "active", "value": False})
        step("left, one by one", [("PATCH", f"/Users/{ids[one]}", away) for one in some[:20]])
        return rows, service.used()[1]


def page(rows: list[Row], peak: int, known: int) -> str:
    cells = [
        (one.what, f"{one.count:,}", f"{one.p50:,.1f} ms", f"{one.p99:,.1f} ms", f"{one.rate:,.0f}", f"{one.by_cpu:,.0f}")
        for one in rows
    ]
    text = (
        f"`make bench-scim`: over {LINES} connections into one process on SQLite that knows {known:,} people already; every\n"
        f"write is a commit of its own; on a machine shared with other work. Peak memory of the service: {peak} MB."
    )
    head = ("what", "how many", "p50", "p99", "per second", "per CPU second")
    return "\n\n".join(("## A directory over SCIM", text, tables.table(head, cells)))


def main() -> None:
    asked = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    asked.add_argument("--people", type=int, default=5_000)
    asked.add_argument("--known", type=int, default=100_000)
    asked.add_argument("--write", action="store_true", help="write docs/performance.md")
    given = asked.parse_args()
    with tempfile.TemporaryDirectory(prefix="countermand-bench-") as folder:
        rows, peak = measured(given.people, given.known, Path(folder))
    text = page(rows, peak, given.known)
    print(text)
    if given.write:
        tables.put("bench-scim", text)


if __name__ == "__main__":
    main()
