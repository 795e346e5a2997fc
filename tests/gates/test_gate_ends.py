"""A gate that is told to end ends, also if what it waits for comes in the very same moment."""

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from countermand.gates.app import Gate
from countermand.gates.client import Control
from countermand.gates.config import GateConfig
from countermand.gates.feed import Follower
from countermand.gates.log import Log


async def _ended(task: "asyncio.Task[Any]", comes: Callable[[], object], ticks: int) -> bool:
    """Whether it ends if it is cancelled so many turns of the loop after what it waits for has come."""
    for _ in range(20):
        await asyncio.sleep(0)
    comes()
    for _ in range(ticks):
        await asyncio.sleep(0)
    task.cancel()
    done, _ = await asyncio.wait([task], timeout=5)
    task.cancel()
    return bool(done)


@pytest.mark.parametrize("ticks", range(7))
def test_one_that_has_something_to_report(tmp_path: Path, ticks: int) -> None:
    async def story() -> bool:
        settings = GateConfig("door", "", "http://127.0.0.1:9", tmp_path, tmp_path, tmp_path, tmp_path)
        follower = Follower(Gate(settings, lambda: 0, lambda: 0, Log()), None, Control("http://127.0.0.1:9", ""))  # type: ignore[arg-type]
        return await _ended(asyncio.create_task(follower.report()), follower.tell, ticks)

    assert asyncio.run(story())


@pytest.mark.parametrize("ticks", range(7))
def test_one_that_listens(ticks: int) -> None:
    async def story() -> bool:
        streams: list[asyncio.StreamWriter] = []

        async def speaks(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            await reader.readuntil(b"\r\n\r\n")
            writer.write(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nx\n\r\n")
            streams.append(writer)

        heard = asyncio.Event()

        async def listens(port: int) -> None:
            async with Control(f"http://127.0.0.1:{port}", "").get("/feed/records", 60) as reply:
                async for _ in reply.body:
                    heard.set()

        async with await asyncio.start_server(speaks, "127.0.0.1", 0) as server:
            task = asyncio.create_task(listens(server.sockets[0].getsockname()[1]))
            await heard.wait()
            found = await _ended(task, lambda: streams[0].write(b"2\r\ny\n\r\n"), ticks)
            streams[0].close()
        return found

    assert asyncio.run(story())
