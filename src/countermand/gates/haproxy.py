"""The front end HAProxy: a stream processing offload agent. HAProxy sends a message, and obeys the variables it gets back.

Messages: ``ask`` (uri, authorization, certificate, login) sets ``verdict`` to ``allow`` or ``refuse``: then the mail server is
asked an OPTIONS in place of the command, so that a stranger sees its own refusal, and a denial is shown only to whom it lets in.
Also ``sighting``, a token for an unknown device, and ``lasts``: the milliseconds until a due that is known. ``again`` (the same,
and the mail server's status) is sent when the mail server answered, and sets ``again`` to ``allow``, or to ``deny`` with its
``text``.
"""

import asyncio
import struct

from countermand.gates import spop
from countermand.gates.app import Gate
from countermand.gates.spop import Frame, Kind, Malformed, Value
from countermand.gates.subject import Subject, subject

_INVALID_FRAME = 4


class Haproxy:
    """Answers HAProxy's messages from ``gate``."""

    def __init__(self, gate: Gate) -> None:
        self._gate = gate
        self._trusted = gate.config.trusted_login

    async def converse(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One connection from hello to farewell. Notifications are answered as soon as each can be."""
        answering: set[asyncio.Task[None]] = set()
        try:
            while True:
                found = await _read(reader)
                match found.kind:
                    case Kind.HELLO:
                        writer.write(_welcome())
                        if spop.pairs(found.payload).get("healthcheck"):
                            return
                    case Kind.NOTIFY:
                        task = asyncio.create_task(self._acknowledge(found, writer))
                        answering.add(task)
                        task.add_done_callback(answering.discard)
                    case Kind.BYE:
                        return
        except (OSError, asyncio.IncompleteReadError):
            pass  # HAProxy is gone
        except Malformed as wrong:
            writer.write(_farewell(wrong))
        finally:
            for task in answering:
                task.cancel()
            writer.close()

    async def _acknowledge(self, found: Frame, writer: asyncio.StreamWriter) -> None:
        variables: dict[str, Value] = {}
        for name, about in spop.messages(found.payload):
            if name == "ask":
                variables |= self._ask(about)
            elif name == "again":
                variables |= self._again(about)
        writer.write(spop.encoded(Frame(Kind.ACK, found.stream, found.number, spop.variables(variables))))

    def _ask(self, about: dict[str, Value]) -> dict[str, Value]:
        who = self._who(about)
        decision = self._gate.judge(who)
        said: dict[str, Value] = {"verdict": b"allow" if decision.allow else b"refuse"}
        if sighting := self._gate.sighting(who, decision):
            said["sighting"] = sighting.encode()
        if (lasts := self._gate.lasts(who, decision)) is not None:
            said["lasts"] = lasts
        return said

    def _again(self, about: dict[str, Value]) -> dict[str, Value]:
        status, sighting = about.get("status"), _bytes(about, "sighting")
        if sighting and isinstance(status, int) and 200 <= status < 300:
            self._gate.prove(sighting.decode("ascii", "replace"))
        who = self._who(about)
        decision = self._gate.judge(who)
        if decision.allow:
            return {"again": b"allow"}
        return {"again": b"deny", "text": self._gate.show(decision.because, who).encode()}

    def _who(self, about: dict[str, Value]) -> Subject:
        trusted = self._trusted(_bytes(about, "login")) if self._trusted else None
        return subject(_bytes(about, "authorization"), _bytes(about, "uri"), _bytes(about, "certificate"), trusted)


def _bytes(about: dict[str, Value], name: str) -> bytes:
    found = about.get(name)
    return found if isinstance(found, bytes) else b""


async def _read(reader: asyncio.StreamReader) -> Frame:
    (length,) = struct.unpack(">I", await reader.readexactly(4))
    if length > spop.MAX_FRAME:
        raise Malformed("a frame is too long")
    return spop.frame(await reader.readexactly(length))


def _welcome() -> bytes:
    said: dict[str, Value] = {"version": b"2.0", "max-frame-size": spop.MAX_FRAME, "capabilities": b"pipelining"}
    return spop.encoded(Frame(Kind.AGENT_HELLO, 0, 0, spop.listed(said)))


def _farewell(wrong: Malformed) -> bytes:
    said: dict[str, Value] = {"status-code": _INVALID_FRAME, "message": str(wrong).encode()}
    return spop.encoded(Frame(Kind.AGENT_BYE, 0, 0, spop.listed(said)))
