"""Ending IMAP sessions of devices that came to be denied: Dovecot is told to disconnect them, over its doveadm HTTP API.

A gate hears who got in (gates.dovecot), and looks again at each of them when what it holds has changed and as time passes.
Dovecot ends sessions by login and address, so another device of the same person behind the same address is disconnected too;
it is let in again at once.
"""

import asyncio
import base64
import json
from collections import OrderedDict
from typing import NamedTuple

from countermand.gates.app import Gate
from countermand.gates.client import Peer
from countermand.gates.subject import Subject

#: Who got in longest ago is forgotten beyond this.
_MOST = 100_000
_LOOK_EVERY = 0.5
#: Dues fall on quarters of an hour, exemptions end when they say so: time alone may deny, and is looked at this often.
_AT_LEAST_EVERY = 10_000
_SLICE = 200
_SILENCE = 5.0


class Session(NamedTuple):
    """``login`` as Dovecot spells it."""

    who: Subject
    login: str
    remote: str


class Sessions:
    """Sessions that were opened and may still be. Looking is cheap: a decision each, in slices."""

    def __init__(self, gate: Gate) -> None:
        self._gate = gate
        self._open: OrderedDict[Session, None] = OrderedDict()

    def opened(self, who: Subject, login: str, remote: str) -> None:
        """Somebody got in. Who has no name for a device cannot be denied later, and is not remembered."""
        if who.names and remote:
            session = Session(who, login, remote)
            self._open[session] = None
            self._open.move_to_end(session)
            if len(self._open) > _MOST:
                self._open.popitem(last=False)

    async def denied(self) -> list[Session]:
        """Those that would not be let in now; they are forgotten."""
        found: list[Session] = []
        for number, session in enumerate(list(self._open)):
            if not self._gate.decide(self._gate.local(session.who)).allow:
                found.append(session)
                del self._open[session]
            if number % _SLICE == _SLICE - 1:
                await asyncio.sleep(0)  # answers go first
        return found


class Doveadm:
    """Dovecot's doveadm server at ``url``, with its ``doveadm_api_key``."""

    def __init__(self, url: str, key: str) -> None:
        self._peer = Peer(url)
        coded = base64.b64encode(key.encode()).decode()
        self._headers = (("Authorization", f"X-Dovecot-API {coded}"), ("Content-Type", "application/json"))

    async def kick(self, session: Session) -> bool:
        """Whether Dovecot has been told."""
        body = json.dumps([["kick", {"mask": [session.login, session.remote]}, "c"]]).encode()
        try:
            async with self._peer.exchange("POST", "/doveadm/v1", self._headers, body, _SILENCE) as reply:
                return reply.status == 200
        except (OSError, TimeoutError):
            return False


async def watch(gate: Gate, sessions: Sessions, doveadm: Doveadm) -> None:
    """For ever: end what has come to be denied. What could not be told is tried again."""
    seen: object = None
    looked = 0
    waiting: list[Session] = []
    while True:
        await asyncio.sleep(_LOOK_EVERY)
        now = (gate.stop.on, gate.held and (gate.held.epoch, gate.held.n))
        if now == seen and gate.steady() - looked < _AT_LEAST_EVERY and not waiting:
            continue
        seen, looked = now, gate.steady()
        waiting += await sessions.denied()
        told = [session for session in waiting if await doveadm.kick(session)]
        gate.metrics.counts["kicked_total"] += len(told)
        waiting = [session for session in waiting if session not in told][:_MOST]
