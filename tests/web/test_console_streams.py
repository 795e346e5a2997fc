"""Pages that renew themselves over a stream: what is sent, when nothing is asked, and what ends it."""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from api_house import DOCUMENT
from console_house import ConsoleHouse, console_house
from page_house import Browser

from countermand.access import Act, Actor, Role
from countermand.config import Database
from countermand.lib import clock
from countermand.operations.directives import propose, write
from countermand.operations.operation import Call, perform
from countermand.web import streams
from countermand.web.console import lead
from countermand.web.streams import framed

ONE_ENGINE = pytest.mark.parametrize("database", ["sqlite"], indirect=True)
PATH = "/console/directives/no-tiktok/events/"


@pytest.fixture
def house(store: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[ConsoleHouse]:
    made = console_house(store, tmp_path / "state")
    monkeypatch.setattr(lead, "_KEPT", 20)
    for kept in (lead._reports, lead._standings):
        kept.forget()
        monkeypatch.setattr(kept, "_kept", 0)
    perform(write, call(made), DOCUMENT)
    yield made
    made.site.end()


def call(house: ConsoleHouse) -> Call:
    return Call(Act(Actor("author", frozenset({Role.AUTHOR})), clock.now()), house.config)


class Stream:
    """One connection: ``said`` waits for some words in what was sent."""

    def __init__(self) -> None:
        self.status, self.headers, self.text = 0, dict[bytes, bytes](), ""
        self.left = asyncio.Event()

    async def send(self, message: Any) -> None:
        self.status = message.get("status", self.status)
        self.headers |= dict(message.get("headers", []))
        self.text += message.get("body", b"").decode()

    async def said(self, words: str, times: int = 1) -> None:
        async with asyncio.timeout(20):
            while self.text.count(words) < times:
                await asyncio.sleep(0.01)


@asynccontextmanager
async def opened(house: ConsoleHouse, browser: Browser) -> AsyncIterator[Stream]:
    stream = Stream()
    asked = [{"type": "http.request", "body": b"", "more_body": False}]
    cookie = "; ".join(f"{name}={value}" for name, value in browser.cookies.items())
    scope = {
        "type": "http", "method": "GET", "path": PATH, "query_string": b"", "scheme": "http", "server": ("127.0.0.1", 80),
        "client": ("127.0.0.1", 4711), "headers": [(b"host", b"localhost"), (b"cookie", cookie.encode())],
    }  # fmt: skip

    async def receive() -> Any:
        if not asked:
            await stream.left.wait()
        return asked.pop() if asked else {"type": "http.disconnect"}

    task = asyncio.create_task(house.site(scope, receive, stream.send))
    try:
        yield stream
    finally:
        stream.left.set()
        async with asyncio.timeout(20):
            await task


@ONE_ENGINE
def test_what_changed_is_sent_until_the_seat_ends(house: ConsoleHouse) -> None:
    browser = house.signed_in("operator")

    async def watched() -> Stream:
        async with opened(house, browser) as stream:
            await stream.said("event: gates")
            assert "Draft" in stream.text
            await asyncio.to_thread(lambda: perform(propose, call(house), "no-tiktok"))
            await stream.said("Waiting for approval")
            await asyncio.to_thread(lambda: browser.submit(browser.get("/console/keys/"), "/console/sign-out/"))
            await stream.said("event: over")
        return stream

    stream = asyncio.run(watched())
    assert (stream.status, stream.headers[b"content-type"]) == (200, b"text/event-stream")
    assert stream.headers[b"x-accel-buffering"] == b"no"
    assert b"script-src 'self';" in stream.headers[b"content-security-policy"]
    assert stream.text.count("event: gates") == 1, "what did not change is not sent again"
    assert browser.get(PATH).status == 401


@ONE_ENGINE
def test_nothing_is_asked_while_nothing_is_committed(house: ConsoleHouse, monkeypatch: pytest.MonkeyPatch) -> None:
    browser, moved, looks = house.signed_in("operator"), [1], []
    monkeypatch.setattr(house.site._streams, "_moved", lambda: moved[0])
    answered = house.site._answered
    monkeypatch.setattr(house.site, "_answered", lambda *asked: looks.append(asked) or answered(*asked))

    async def watched(until: Callable[[], bool]) -> None:
        async with opened(house, browser) as stream:
            await stream.said("event: live")
            async with asyncio.timeout(20):
                while not until():
                    await asyncio.sleep(0.01)
            await asyncio.sleep(0.3)
            quiet = len(looks)
            await asyncio.sleep(0.3)
            assert len(looks) == quiet == 2, "once, and once more because what is kept may be from just before"
            moved[0] += 1
            await stream.said("event: beat", 3)

    asyncio.run(watched(lambda: len(looks) == 2))
    assert len(looks) == 4


@ONE_ENGINE
def test_one_too_many_is_told_so(house: ConsoleHouse, monkeypatch: pytest.MonkeyPatch) -> None:
    browser = house.signed_in("operator")
    monkeypatch.setattr(streams, "MOST", 1)

    async def watched() -> tuple[int, int]:
        async with opened(house, browser) as first:
            await first.said("event: live")
            async with opened(house, browser) as second:
                await second.said("too-many-streams")
            house.site.end_streams()
        return first.status, second.status

    assert asyncio.run(watched()) == (200, 503)


def test_lines_of_a_piece_stay_in_it() -> None:
    assert (
        framed({"live": "a\r\nevent: over\rb\n\nc"}) == b"event: live\ndata: a\ndata: event: over\ndata: b\ndata: \ndata: c\n\n"
    )
