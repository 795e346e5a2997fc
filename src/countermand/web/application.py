"""The control plane as one ASGI application: the feed for gates, the API, provisioning, and pages for people."""

import asyncio
import socket
import threading
from collections.abc import Callable
from typing import TYPE_CHECKING
from uuid import uuid4

from countermand.config import Config
from countermand.core.errors import Refused
from countermand.flows.keep import Pace, keep_publishing, keep_snapshots
from countermand.flows.reserve import reserve
from countermand.flows.speaker import keys_dir, speaker
from countermand.lib import clock
from countermand.lib.log import failure, say
from countermand.reads import condition, installation
from countermand.snapshot.files import directory_of
from countermand.web.answers import Receive, Scope, Send, answer
from countermand.web.api.door import ApiDoor
from countermand.web.feed import FeedDoor
from countermand.web.site import Site
from countermand.web.ssf.door import SsfDoor
from countermand.web.waker import Waker
from countermand.web.watching import PATHS, Watching

if TYPE_CHECKING:
    from countermand.web.scim.door import ScimDoor


class Application:
    """Routes by path; publishing and watching run in threads between start-up and shutdown.

    ``failed`` is called if one of those threads dies: a control plane that cannot publish must not look alive.
    """

    def __init__(self, config: Config, failed: Callable[[], None]) -> None:
        self._config = config
        self._failed = failed
        self._stop = threading.Event()
        self._threads: list[threading.Thread] = []
        self._feed: FeedDoor | None = None
        self._api: ApiDoor | None = None
        self._scim: ScimDoor | None = None
        self._to_scim = asyncio.Lock()
        self._ssf: SsfDoor | None = None
        self._site: Site | None = None
        self._waker: Waker | None = None
        self._watching = Watching(config)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await self._lifespan(receive, send)
        elif scope["type"] != "http":
            return
        elif scope["path"] in PATHS:
            await self._watching(scope, send)
        elif scope["path"].startswith("/feed/") and self._feed is not None:
            await self._feed(scope, receive, send)
        elif scope["path"].startswith("/api/") and self._api is not None:
            await self._api(scope, receive, send)
        elif scope["path"].startswith("/scim/") and self._api is not None:
            await (await self._scim_door())(scope, receive, send)
        elif self._ssf is not None and self._ssf.serves(scope["path"]):
            await self._ssf(scope, receive, send)
        elif self._site is not None:
            await self._site(scope, receive, send)
        else:
            await answer(send, 404, {"code": "not-found"})

    async def _lifespan(self, receive: Receive, send: Send) -> None:
        while True:
            message = await receive()
            if message["type"] == "lifespan.startup":
                await asyncio.to_thread(installation.open_installation, self._config.database)
                self._start()
                await send({"type": "lifespan.startup.complete"})
            else:
                await asyncio.to_thread(self.end)
                await send({"type": "lifespan.shutdown.complete"})
                return

    def _start(self) -> None:
        state = self._config.state_dir
        reserve()
        voice = speaker(state, clock.now(), self._config.notices.language)
        self._api = ApiDoor(self._config)
        self._ssf = SsfDoor(self._config) if self._config.signals.issuer else None
        self._waker = waker = Waker()
        self._site = Site(self._config, lambda: waker.moved)
        self._feed = FeedDoor(
            directory_of(state), keys_dir(state) / "gates.tokens", lambda: voice.fresh().vouched(clock.now()), waker
        )
        pace = Pace(self._config.publisher.interval, self._config.publisher.heartbeat)
        holder = f"{socket.gethostname()}-{uuid4().hex[:8]}"
        self._run("publisher", lambda: keep_publishing(voice, holder, pace, self._stop, _say, state))
        self._run("snapshots", lambda: keep_snapshots(voice, directory_of(state), self._stop, state))
        self._run("look-ahead", lambda: _look_ahead(self._config, self._stop))
        self._run("watch", lambda: waker.watch(self._stop))

    async def _scim_door(self) -> "ScimDoor":
        """Made for the first directory that asks: it takes longer to load than the rest of the start, and few have one."""

        def load() -> "ScimDoor":
            from countermand.web.scim.door import ScimDoor

            return ScimDoor(self._config)

        async with self._to_scim:
            if self._scim is None:
                self._scim = await asyncio.to_thread(load)
        return self._scim

    def _run(self, name: str, work: Callable[[], None]) -> None:
        def run() -> None:
            try:
                work()
            except Exception:
                self._failed()
                raise
            finally:
                installation.close()

        thread = threading.Thread(target=run, name=name, daemon=True)
        thread.start()
        self._threads.append(thread)

    def end_streams(self) -> None:
        """Let listeners go, so that the server can end."""
        if self._waker is not None:
            self._waker.end()
        for door in (self._ssf, self._site):
            if door is not None:
                door.end_streams()

    def end(self) -> None:
        self._stop.set()
        for thread in self._threads:
            thread.join(10)
        for door in (self._api, self._scim, self._site, self._ssf):
            if door is not None:
                door.end()


def _say(refused: Refused) -> None:
    say("publisher-refused", **failure(refused))


#: Between two looks for what runs out soon, in seconds.
_LOOK_AHEAD = 86_400.0


def _look_ahead(config: Config, stop: threading.Event) -> None:
    """Say once a day what runs out within 30 days."""
    while not stop.is_set():
        for one in condition.running_out(config):
            say("running-out", name=one.name, days=round(one.days(clock.now()), 1))
        stop.wait(_LOOK_AHEAD)
