"""The control plane's side of the feed: the snapshot file, the stream of records and heartbeats, and gates' reports.

``GET /feed/snapshot[?epoch=&after=]``   the newest snapshot; 204 if it is not newer than that; 503 until there is one
``GET /feed/records?epoch=&after=``      signed lines for as long as the gate listens; 409 if it needs a snapshot first
``POST /feed/report``                    JSON (gates.feed); 200, or 422 with why
"""

import asyncio
import contextlib
from collections.abc import Callable
from pathlib import Path
from urllib.parse import parse_qs

from countermand.core.errors import Refused
from countermand.flows.hear_gate import hear_gate, read_report
from countermand.lib.read_json import read_json
from countermand.reads import feed, installation
from countermand.snapshot.files import snapshots
from countermand.web.answers import Receive, Scope, Send, TooLong, answer, body_of, gone, header, part, start
from countermand.web.gate_tokens import gate_of
from countermand.web.waker import Waker

_CHUNK = 1 << 18
_LONGEST_REPORT = 8 << 20


class FeedDoor:
    """The three endpoints. ``chain`` gives the certificates, the first lines of every stream."""

    def __init__(self, snapshot_dir: Path, tokens_file: Path, chain: Callable[[], bytes], waker: Waker) -> None:
        self._snapshot_dir = snapshot_dir
        self._tokens_file = tokens_file
        self._chain = chain
        self._waker = waker

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        name = gate_of(self._tokens_file, header(scope, b"authorization"))
        route = (scope["method"], scope["path"])
        if name is None:
            await answer(send, 401, {"code": "not-signed-in"})
        elif route == ("GET", "/feed/snapshot"):
            await self._snapshot(scope, send)
        elif route == ("GET", "/feed/records"):
            await self._records(scope, receive, send)
        elif route == ("POST", "/feed/report"):
            await self._report(name, receive, send)
        else:
            await answer(send, 404, {"code": "not-found"})

    async def _snapshot(self, scope: Scope, send: Send) -> None:
        epoch = (await asyncio.to_thread(feed.newest)).epoch
        newest = [file for file in snapshots(self._snapshot_dir) if file.epoch == epoch][-1:]
        known = _numbers(scope, "epoch", "after")
        if not newest:
            await answer(send, 503, {"code": "no-snapshot-yet"})
        elif known and (newest[0].epoch, newest[0].n) <= known:
            await answer(send, 204)
        else:
            # Open before the head is sent: a newer snapshot may take the file's place at any moment.
            with newest[0].path.open("rb") as file:
                size = str(newest[0].path.stat().st_size).encode()
                await start(send, 200, b"application/octet-stream", (b"content-length", size))
                while data := file.read(_CHUNK):
                    await part(send, data)
            await part(send, b"", more=False)

    async def _records(self, scope: Scope, receive: Receive, send: Send) -> None:
        known = _numbers(scope, "epoch", "after")
        if known is None:
            await answer(send, 422, {"code": "feed-damaged"})
            return
        if await asyncio.to_thread(feed.needs_snapshot, *known):
            await answer(send, 409, {"code": "snapshot-needed"})
            return
        await start(send, 200, b"application/x-countermand-feed")
        leaves = asyncio.create_task(gone(receive))
        try:
            await self._stream(*known, leaves, send)
        finally:
            leaves.cancel()
        with contextlib.suppress(OSError):
            await part(send, b"", more=False)

    async def _stream(self, epoch: int, n: int, leaves: "asyncio.Task[None]", send: Send) -> None:
        beat, told = 0, b""
        while not (leaves.done() or self._waker.ended):
            # Taken before looking: what is committed while we look wakes us at once.
            woken = self._waker.next()
            found = await asyncio.to_thread(feed.after, epoch, n, beat)
            n, beat = found.n, found.beat
            # After looking: a key that signed one of these lines was vouched for before it did.
            if (chain := self._chain()) != told:
                told = chain
                await part(send, chain)
            if found.lines:
                await part(send, b"".join(found.lines))
                continue
            if (await asyncio.to_thread(feed.newest)).epoch != epoch:
                return  # a new epoch was opened: the gate comes again and is sent for its snapshot
            await asyncio.wait([woken, leaves], return_when=asyncio.FIRST_COMPLETED)

    async def _report(self, name: str, receive: Receive, send: Send) -> None:
        try:
            report = read_report(read_json(await body_of(receive, _LONGEST_REPORT)))
        except (ValueError, TooLong):
            await answer(send, 422, {"code": "gate-report"})
            return
        except Refused as refused:
            await answer(send, refused.entry.http, {"code": refused.code, "sentence": refused.sentence})
            return
        await asyncio.to_thread(lambda: hear_gate(name, report, installation.now()))
        await answer(send, 200, {})


def _numbers(scope: Scope, *names: str) -> tuple[int, int] | None:
    """Both numbers of the query, or None if one is missing or no number."""
    query = parse_qs(scope["query_string"].decode("latin-1"))
    try:
        first, second = (int(query[name][0]) for name in names)
    except (KeyError, ValueError):
        return None
    return first, second
