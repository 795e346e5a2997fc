"""A NanoMDM 0.9.0 of our own with its phones: commands wait in a queue per phone, and what phones answer is posted as events."""

import base64
import json
import plistlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from itertools import count
from typing import Any

from countermand.core.instants import Instant, iso
from fake_api import Api, served

__all__ = ["served"]

KEY = "an api key"


@dataclass
class Server(Api):
    """Its queue alone. ``queue``: command uuid → (ids, command); ``pushes``: whether it can wake phones."""

    queue: dict[str, tuple[list[str], dict[str, Any]]] = field(default_factory=dict)
    refuses: frozenset[str] = frozenset()
    pushes: bool = True
    status: int = 0

    def answer(self, method: str, path: str, query: dict[str, list[str]], token: str, form: str) -> tuple[int, dict[str, Any]]:
        if path == "/version":
            return 200, {"version": "v0.9.0"}
        if token != "Basic " + base64.b64encode(f"nanomdm:{KEY}".encode()).decode():
            return 401, {}
        if self.status:
            return self.status, {}
        ids = [one for one in path.removeprefix("/v1/enqueue/").split(",") if one]
        if not ids:
            return 500, {"enqueue_error": "getting enrollment ids: empty path"}
        command = plistlib.loads(form.encode())
        ticket = command["CommandUUID"]
        if ticket in self.queue:
            return 500, {"enqueue_error": f"command already exists: {ticket}", "command_uuid": ticket}
        self.queue[ticket] = (ids, command["Command"])
        said: dict[str, Any] = {"command_uuid": ticket, "request_type": command["Command"]["RequestType"], "status": {}}
        said["status"] |= {one: {"enqueue_error": "no"} for one in ids if one in self.refuses}
        if not self.pushes:
            return 500, {**said, "push_error": "getting push certificate: no such topic"}
        return (207 if said["status"] else 200), said


@dataclass
class Fleet(Server):
    """The same with phones. ``profiles``: udid → identifier → profile, of those that are enrolled; ``stubborn``: those that take
    no profile; ``done``: (udid, command) of what was carried out."""

    profiles: dict[str, dict[str, Mapping[str, Any]]] = field(default_factory=dict)
    stubborn: set[str] = field(default_factory=set)
    done: list[tuple[str, str]] = field(default_factory=list)
    _numbers: Any = field(default_factory=lambda: count(1))

    def wake(self, now: Instant) -> list[bytes]:
        """Every phone that has anything to do does it; the events that are posted of it."""
        events = []
        for ticket, (ids, command) in list(self.queue.items()):
            del self.queue[ticket]
            events += [self._carried_out(udid, ticket, command, now) for udid in ids if udid in self.profiles]
        return events

    def _carried_out(self, udid: str, ticket: str, command: Mapping[str, Any], now: Instant) -> bytes:
        what, mine, said = command["RequestType"], self.profiles[udid], dict[str, Any]()
        self.done.append((udid, what))
        status = "Error" if udid in self.stubborn and what == "InstallProfile" else "Acknowledged"
        if what == "InstallProfile" and status == "Acknowledged":
            profile = plistlib.loads(command["Payload"])
            mine[profile["PayloadIdentifier"]] = profile
        elif what == "RemoveProfile":
            status = "Error" if mine.pop(command["Identifier"], None) is None else status
        elif what == "ProfileList":
            said["ProfileList"] = [{"PayloadIdentifier": one, "PayloadUUID": row["PayloadUUID"]} for one, row in mine.items()]
        return self.event(udid, ticket, said, now, status)

    def event(self, udid: str, ticket: str, said: Mapping[str, Any], now: Instant, status: str = "Acknowledged") -> bytes:
        payload = plistlib.dumps({"Status": status, "UDID": udid, "CommandUUID": ticket, **said})
        body = {"udid": udid, "status": status, "command_uuid": ticket, "raw_payload": base64.b64encode(payload).decode()}
        envelope = {"topic": "mdm.Connect", "event_id": f"{next(self._numbers):016x}", "created_at": iso(now)}
        return json.dumps({**envelope, "acknowledge_event": {**body, "ids": {"id": udid, "type": "Device"}}}).encode()
