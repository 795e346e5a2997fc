"""The front ends besides nginx: each has an address of its own in the gate's settings, and nobody listens where none is set."""

import asyncio
import os
from collections.abc import Awaitable, Callable, Coroutine
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from countermand.core.errors import Refused
from countermand.gates.app import Gate

if TYPE_CHECKING:
    from countermand.gates.messages import Answer

Conversation = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class FrontEnds:
    """``work``: what runs for as long as the gate does; ``talking``: the connections that are open."""

    servers: list[asyncio.AbstractServer] = field(default_factory=list)
    work: list[Coroutine[Any, Any, None]] = field(default_factory=list)
    talking: set[asyncio.StreamWriter] = field(default_factory=set)

    def close(self) -> None:
        for server in self.servers:
            server.close()
        for writer in list(self.talking):
            writer.close()

    async def http(self, address: str, answer: "Answer") -> None:
        from countermand.gates.messages import converse

        await self.open(address, partial(converse, answer))

    async def open(self, address: str, conversation: Conversation) -> None:
        async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            self.talking.add(writer)
            try:
                await conversation(reader, writer)
            finally:
                self.talking.discard(writer)

        if address.startswith("unix:"):
            path = address.removeprefix("unix:")
            self.servers.append(await asyncio.start_unix_server(talk, path))
            let_in(path)
        else:
            host, _, port = address.rpartition(":")
            self.servers.append(await asyncio.start_server(talk, host, int(port)))


async def listen(gate: Gate) -> FrontEnds:
    """Open what the settings name."""
    config = gate.config
    found = FrontEnds()
    # Each is loaded where it is used: a gate is to be back before a phone notices that it was gone.
    if config.envoy:
        from countermand.gates.envoy import Envoy

        await found.http(config.envoy, Envoy(gate).answer)
    if config.haproxy:
        from countermand.gates.haproxy import Haproxy

        await found.open(config.haproxy, Haproxy(gate).converse)
    if config.dovecot:
        await _dovecot(gate, found)
    if config.authzen:
        from countermand.gates.authzen import Authzen

        await found.http(config.authzen, Authzen(gate).answer)
    return found


async def _dovecot(gate: Gate, found: FrontEnds) -> None:
    from countermand.gates.dovecot import Dovecot
    from countermand.gates.kick import Doveadm, Sessions, watch

    sessions = Sessions(gate)
    await found.http(gate.config.dovecot, Dovecot(gate, sessions).answer)
    if gate.config.doveadm:
        found.work.append(watch(gate, sessions, Doveadm(gate.config.doveadm, _key(gate))))


def _key(gate: Gate) -> str:
    file = gate.config.doveadm_key_file
    if file is None:
        raise Refused("gate-config", why="doveadm needs doveadm_key_file, with what doveadm_api_key says")
    return file.read_text().strip()


def let_in(path: str | Path) -> None:
    """Front ends run as other users: who may reach a socket is its directory's business."""
    os.chmod(path, 0o666)  # noqa: S103
