"""Simulated phones: they ask for mail through the real front door, with a password and a device id, as ActiveSync does."""

import asyncio
import base64
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

#: Connections that ask side by side; each keeps its connection open, as phones do.
_SIDE_BY_SIDE = 16
_ANSWER_SECONDS = 20.0


@dataclass(frozen=True, slots=True)
class Asking:
    """One phone at the door."""

    login: str
    password: str
    device_id: str

    def request(self) -> bytes:
        credentials = base64.b64encode(f"{self.login}:{self.password}".encode()).decode()
        return (
            f"POST /Microsoft-Server-ActiveSync?Cmd=FolderSync&User={self.login}&DeviceId={self.device_id}&DeviceType=Phone"
            f" HTTP/1.1\r\nHost: mail.example.com\r\nAuthorization: Basic {credentials}\r\n"
            "MS-ASProtocolVersion: 14.1\r\nContent-Length: 0\r\n\r\n"
        ).encode()


@dataclass(frozen=True, slots=True)
class Answer:
    """What the door said, and when (seconds of the monotonic clock)."""

    status: int
    at: float


def ask_all(port: int, phones: Sequence[Asking], progress: Callable[[int], None] = lambda done: None) -> list[Answer]:
    """Every phone asks once; answers in the order of ``phones``."""
    return asyncio.run(_ask_all(port, phones, progress))


def ask_until(port: int, phones: Sequence[Asking], wanted: int, seconds: float) -> dict[int, float]:
    """Every phone asks again and again until it gets ``wanted``; index → monotonic time of that answer. Phones that did
    not get it within ``seconds`` are left out."""
    return asyncio.run(_ask_until(port, phones, wanted, time.monotonic() + seconds))


async def _ask_all(port: int, phones: Sequence[Asking], progress: Callable[[int], None]) -> list[Answer]:
    answers: dict[int, Answer] = {}
    queue = iter(enumerate(phones))

    async def connection() -> None:
        async with _Door(port) as door:
            for index, phone in queue:
                answers[index] = await door.ask(phone)
                progress(len(answers))

    await asyncio.gather(*(connection() for _ in range(min(_SIDE_BY_SIDE, len(phones)))))
    return [answers[index] for index in range(len(phones))]


async def _ask_until(port: int, phones: Sequence[Asking], wanted: int, deadline: float) -> dict[int, float]:
    got: dict[int, float] = {}
    waiting = list(enumerate(phones))
    lanes = [waiting[start::_SIDE_BY_SIDE] for start in range(_SIDE_BY_SIDE) if waiting[start::_SIDE_BY_SIDE]]

    async def lane(mine: list[tuple[int, Asking]]) -> None:
        async with _Door(port) as door:
            while mine and time.monotonic() < deadline:
                still = []
                for index, phone in mine:
                    answer = await door.ask(phone)
                    if answer.status == wanted:
                        got[index] = answer.at
                    else:
                        still.append((index, phone))
                mine = still
                await asyncio.sleep(0.005)

    await asyncio.gather(*(lane(mine) for mine in lanes))
    return got


class _Door:
    """One kept-alive connection to the front end."""

    def __init__(self, port: int) -> None:
        self._port = port
        self._reader: asyncio.StreamReader | None = None
        self._writer: asyncio.StreamWriter | None = None

    async def __aenter__(self) -> "_Door":
        return self

    async def __aexit__(self, *_: object) -> None:
        self._hang_up()

    def _hang_up(self) -> None:
        if self._writer is not None:
            self._writer.close()
        self._reader = self._writer = None

    async def ask(self, phone: Asking) -> Answer:
        """One request; a connection that the server closed between requests is opened anew once."""
        for attempt in (1, 2):
            try:
                async with asyncio.timeout(_ANSWER_SECONDS):
                    return await self._exchange(phone.request())
            except (ConnectionError, asyncio.IncompleteReadError):
                self._hang_up()
                if attempt == 2:
                    raise
        raise AssertionError("unreachable")

    async def _exchange(self, request: bytes) -> Answer:
        if self._reader is None or self._writer is None:
            self._reader, self._writer = await asyncio.open_connection("127.0.0.1", self._port)
        self._writer.write(request)
        head = (await self._reader.readuntil(b"\r\n\r\n")).decode("latin-1")
        status = int(head.split(" ", 2)[1])
        lines = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in head.split("\r\n")[1:])}
        if lines.get("transfer-encoding") == "chunked":
            while size := int((await self._reader.readuntil(b"\r\n")).strip(), 16):
                await self._reader.readexactly(size + 2)
            await self._reader.readexactly(2)
        else:
            await self._reader.readexactly(int(lines.get("content-length", "0")))
        at = time.monotonic()
        if lines.get("connection", "").lower() == "close":
            self._hang_up()
        return Answer(status, at)
