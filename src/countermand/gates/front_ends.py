"""The front ends besides nginx: each has an address of its own in the gate's settings, and nobody listens where none is set."""

import asyncio
import os
from collections.abc import Awaitable, Callable, Coroutine
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

from countermand.core.errors import Refused
from countermand.gates.app import Gate
from countermand.gates.authzen import Authzen
from countermand.gates.client import Peer
from countermand.gates.dovecot import Dovecot
from countermand.gates.envoy import Envoy
from countermand.gates.haproxy import Haproxy
from countermand.gates.kick import Doveadm, Sessions, watch
from countermand.gates.messages import Answer, converse
from countermand.gates.proof import Prover

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

    async def http(self, address: str, answer: Answer) -> None:
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
    prover = Prover(gate, Peer(config.mail, config.ca_file) if config.mail else None)
    found = FrontEnds()
    if config.envoy:
        await found.http(config.envoy, Envoy(gate, prover).answer)
    if config.haproxy:
        await found.open(config.haproxy, Haproxy(gate, prover).converse)
    if config.dovecot:
        sessions = Sessions(gate)
        await found.http(config.dovecot, Dovecot(gate, sessions).answer)
        if config.doveadm:
            found.work.append(watch(gate, sessions, Doveadm(config.doveadm, _key(gate))))
    if config.authzen:
        await found.http(config.authzen, Authzen(gate).answer)
    return found


def _key(gate: Gate) -> str:
    file = gate.config.doveadm_key_file
    if file is None:
        raise Refused("gate-config", why="doveadm needs doveadm_key_file, with what doveadm_api_key says")
    return file.read_text().strip()


def let_in(path: str | Path) -> None:
    """Front ends run as other users: who may reach a socket is its directory's business."""
    os.chmod(path, 0o666)  # noqa: S103
