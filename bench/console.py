"""The preview while somebody types, through the console: a form is sent, a fleet is counted, a piece of the page comes back.

``python bench/console.py [--devices 110000 1100000] [--write]``: SQLite, each size in a fresh database, medians of several runs;
CPU beside the clock's, because that is what means something on a busy machine.
"""

import argparse
import asyncio
import os
import re
import statistics
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import fleet
import tables
from company import NOW, Size, made
from orders import DOCUMENT, proposed

URL, RUNS = "http://localhost", 7
#: Milliseconds, at 1.1 million devices.
TARGET = 1_000


@contextmanager
def desk(state: Path) -> Iterator[Any]:
    """The site, and the cookie of an author who sits there."""
    from countermand.access import Act, Actor
    from countermand.config import Control, standard
    from countermand.flows.seats import _sit
    from countermand.lib import clock
    from countermand.store import models
    from countermand.store.unit import unit
    from countermand.web.site import Site

    models.Installation.objects.update(clock_offset=NOW - clock.now())
    config = replace(standard(state), database=state / "countermand.sqlite3", control=Control(url=URL))
    with unit():
        taken = _sit(Act(Actor("author", frozenset()), NOW), b"bench", "passkey")
    site = Site(config)
    yield site, taken.secret
    site.end()


def ask(site: Any, method: str, path: str, cookies: dict[str, str], data: bytes = b"") -> str:
    """One request as ASGI; cookies are kept."""
    told: list[dict[str, Any]] = []
    pieces = [{"type": "http.request", "body": data, "more_body": False}]
    cookie = "; ".join(f"{name}={value}" for name, value in cookies.items())
    headers = [(b"host", b"localhost"), (b"cookie", cookie.encode()), (b"content-length", b"%d" % len(data))]
    scope = {
        "type": "http", "method": method, "path": path, "query_string": b"", "scheme": "http", "client": ("127.0.0.1", 1),
        "server": ("127.0.0.1", 80), "headers": [*headers, (b"content-type", b"application/x-www-form-urlencoded")],
    }  # fmt: skip

    async def asked() -> None:
        async def receive() -> Any:
            return pieces.pop(0) if pieces else {"type": "http.disconnect"}

        async def send(message: Any) -> None:
            told.append(message)

        await site(scope, receive, send)

    asyncio.run(asked())
    for name, value in told[0]["headers"]:
        if name == b"set-cookie":
            key, _, rest = value.decode().partition("=")
            cookies[key] = rest.partition(";")[0]
    body = b"".join(message.get("body", b"") for message in told[1:]).decode()
    if told[0]["status"] != 200:
        raise SystemExit(f"{path} answers {told[0]['status']}: {body[:300]}")
    return body


def measured(devices: int, work: Path) -> dict[str, float]:
    """Milliseconds and CPU of a keystroke's answer."""
    size, state = Size(devices), work / f"console-{devices}"
    with fleet.opened("sqlite", state):
        company = made(work, size)
        fleet.load(company, state, "people")
        proposed("bench", fleet.GROUPS, NOW)
        fleet.load(company, state, "devices", "apps")
        with desk(state) as (site, secret):
            cookies = {"console": secret}
            page = ask(site, "GET", "/console/write/", cookies)
            token = re.findall(r'name="csrfmiddlewaretoken" value="([^"]+)"', page)[0]
            text = DOCUMENT.format(name="bench-2", groups=", ".join(fleet.GROUPS))
            fields = {"csrfmiddlewaretoken": token, "text": text, "side": "text"}
            took, spent = [], []
            for _ in range(RUNS):
                ms, words = fleet.timed(
                    lambda: ask(site, "POST", "/console/write/preview/live/", cookies, urlencode(fields).encode())
                )
                took.append(ms)
                spent.append(fleet._cpu[0])
            people = re.findall(r"It speaks to ([\d,]+) people", words)
            if not people or int(people[0].replace(",", "")) < devices // 10:
                raise SystemExit(f"nothing was counted: {words[:300]}")
    return {"ms": statistics.median(took), "cpu": statistics.median(spent)}


def page(found: dict[int, dict[str, float]]) -> str:
    """The section of docs/performance.md; ✗ marks a target that was missed."""
    rows = [
        (f"{devices:,}", f"{one['ms']:,.0f} ms{'' if one['ms'] <= TARGET else ' ✗'}", f"{one['cpu']:,.0f} ms")
        for devices, one in sorted(found.items())
    ]
    text = (
        "`make bench-console`: the console's answer to a keystroke, form in and piece of the page out, with everything that is\n"
        "foreseen and the notice; SQLite, medians of "
        f"{RUNS}; target ≤ {TARGET / 1000:g} s at 1.1 million devices. {os.cpu_count()} cores, load average\n"
        f"{os.getloadavg()[1]:.1f}, other work's included."
    )
    return "\n\n".join(
        ("## The preview while somebody types", text, tables.table(("devices", "by the clock, p50", "CPU, p50"), rows))
    )


def main() -> None:
    words = argparse.ArgumentParser(description=__doc__)
    words.add_argument("--devices", type=int, nargs="+", default=[110_000, 1_100_000])
    words.add_argument("--work", type=Path, default=Path(tempfile.gettempdir()) / "countermand-bench")
    words.add_argument("--write", action="store_true", help="write docs/performance.md")
    asked = words.parse_args()
    text = page({devices: measured(devices, asked.work) for devices in asked.devices})
    print(text)
    if asked.write:
        tables.put("bench-preview", text)


if __name__ == "__main__":
    main()
