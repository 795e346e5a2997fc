"""The API of a house on loopback: one real server per process, behind it the house of the test that runs."""

import asyncio
import socket
import threading
from pathlib import Path

import uvicorn

from countermand import config
from countermand.web.answers import Receive, Scope, Send
from countermand.web.api.door import ApiDoor


class Served:
    """``url`` is where it listens; ``open`` puts the house of a configuration file behind it."""

    def __init__(self) -> None:
        self._socket = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._socket.getsockname()[1]}"
        self._door: ApiDoor | None = None
        self._server = uvicorn.Server(
            uvicorn.Config(
                self._answer, interface="asgi3", loop="asyncio", http="httptools", ws="none", lifespan="off", log_level="error"
            )
        )
        self._thread = threading.Thread(target=lambda: asyncio.run(self._server.serve([self._socket])), daemon=True)
        self._thread.start()

    async def _answer(self, scope: Scope, receive: Receive, send: Send) -> None:
        assert self._door is not None, "no house is open"
        await self._door(scope, receive, send)

    def open(self, file: Path) -> None:
        self.serve(config.load(file))

    def serve(self, house: config.Config) -> None:
        self.close()
        self._door = ApiDoor(house)

    def close(self) -> None:
        if self._door is not None:
            self._door.end()
            self._door = None

    def end(self) -> None:
        self.close()
        self._server.should_exit = True
        self._thread.join(10)
        self._socket.close()
