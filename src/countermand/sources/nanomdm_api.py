"""NanoMDM's own API, through which devices are asked: a command is put into their queues, and their answers come as events.

Traps of this API, each handled here and nowhere else:

* Its one key may send any command, a wipe too. Only the two commands that are made here can be sent from here.
* A command that it has already is an error; a request that was repeated because its answer was lost is none.
* A push that fails says nothing of the queue: the command waits, and the phone takes it when it comes by itself.
* An id that never enrolled is taken like any other; nobody will answer.
"""

import json
import plistlib
import re
import uuid
from base64 import b64encode
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any
from urllib.parse import quote

from countermand.core.apps import App
from countermand.core.coverage import EVERYTHING, NOTHING, Coverage
from countermand.core.devices import IdentityKind, Platform
from countermand.core.errors import Refused
from countermand.core.mentions import Mention
from countermand.core.visibility import visible
from countermand.lib.http import Response, Unreachable
from countermand.sources.source import Ability, Checked, Link, Question, Request, Sent, Setting

SETTINGS: Mapping[str, Setting] = {"url": Setting("the address of NanoMDM's API")}
_KEY = "the API key; it is good for every command, so let a proxy pass on these paths alone"
_ID = r"[0-9A-Za-z.:_-]{1,128}"
_ENQUEUE = "/v1/enqueue/"
#: Everything that is ever asked.
REQUESTS: tuple[Request, ...] = (
    Request("PUT", rf"{_ENQUEUE}{_ID}(,{_ID}){{0,99}}", _KEY),
    Request("GET", _ENQUEUE, _KEY),
    Request("GET", "/version", "none"),
)
APPS, MANAGED, NAMES = "apps", "managed apps", "names"
_NAMES = ("UDID", "SerialNumber", "EASDeviceIdentifier", "IsSupervised", "ProductName")


class NanoMDM:
    """One NanoMDM."""

    def __init__(self, link: Link) -> None:
        self._name = link.name
        self._way = link.outward(link.settings["url"], tuple((one.method, one.path) for one in REQUESTS))
        key = b64encode(f"nanomdm:{link.secret}".encode()).decode()
        self._headers = {"authorization": f"Basic {key}", "accept": "application/json"}

    def recheck(self, devices: Sequence[Mention], apps: frozenset[App] | None) -> Question | None:
        """A named query, or a full list. Where nobody can see what people install, the managed apps: that proves no absence."""
        if any(one.enrollment and visible(one.enrollment) == NOTHING for one in devices):
            return self._question(MANAGED, devices, NOTHING)
        if apps is None:
            return self._question(APPS, devices, EVERYTHING)
        wanted = frozenset(app for app in apps if app.platform is Platform.IOS)
        return self._question(APPS, devices, Coverage(wanted)) if wanted else None

    def introduce(self, devices: Sequence[Mention]) -> Question | None:
        return self._question(NAMES, devices, NOTHING)

    def again(self, what: str, names: Sequence[str], coverage: Coverage) -> Question:
        ticket = str(uuid.uuid4())
        command = plistlib.dumps({"CommandUUID": ticket, "Command": _command(what, coverage)})
        return Question(what, ticket, tuple(names), coverage, partial(self._send, tuple(names), command))

    def check(self, names: frozenset[str], tick: Callable[[int], None]) -> Checked:
        return Checked(
            (
                self._tried("NanoMDM", "/version", "none", frozenset({200})),
                # Without an id nothing can be enqueued: whoever has the key is told so, whoever has not is turned away.
                self._tried("commands to devices", _ENQUEUE, "the API key", frozenset({200, 207, 400, 404, 500})),
            )
        )

    def _question(self, what: str, devices: Sequence[Mention], coverage: Coverage) -> Question | None:
        names = sorted(
            {one.value for device in devices for one in device.identities if one.kind is IdentityKind.UDID and _is_id(one.value)}
        )
        return self.again(what, names, coverage) if names else None

    def _send(self, names: tuple[str, ...], command: bytes) -> Sent:
        path = _ENQUEUE + ",".join(quote(name, safe=":") for name in names)
        headers = {**self._headers, "content-type": "application/xml"}
        return self._sent(names, self._way.ask("PUT", path, headers, body=command))

    def _sent(self, names: tuple[str, ...], answer: Response) -> Sent:
        said = _object(answer)
        if answer.status not in {200, 207, 500} or said is None:
            raise Refused("source-denied", source=self._name, why=_reason(answer))
        wrong = _text(said.get("enqueue_error"))
        if wrong and "already exists" not in wrong:
            raise Refused("source-denied", source=self._name, why=wrong)
        by = said.get("status")
        of_each = {name: one for name, one in by.items() if isinstance(one, Mapping)} if isinstance(by, Mapping) else {}
        refused = frozenset(name for name, one in of_each.items() if one.get("enqueue_error") and name in names)
        asleep = [said.get("push_error"), *(one.get("push_error") for one in of_each.values())]
        return Sent(refused, next((_text(one) for one in asleep if one), ""))

    def _tried(self, what: str, path: str, needs: str, well: frozenset[int]) -> Ability:
        try:
            answer = self._way.ask("GET", path, self._headers)
        except (Unreachable, Refused) as wrong:
            return Ability(what, needs, works=False, why=str(wrong))
        works = answer.status in well
        return Ability(what, needs, works=works, why="" if works else _reason(answer))


def _command(what: str, coverage: Coverage) -> dict[str, object]:
    if what == NAMES:
        return {"RequestType": "DeviceInformation", "Queries": list(_NAMES)}
    if what == MANAGED:
        return {"RequestType": "InstalledApplicationList", "ManagedAppsOnly": True}
    named = {} if coverage.apps is None else {"Identifiers": sorted(app.id for app in coverage.apps)}
    return {"RequestType": "InstalledApplicationList", "ManagedAppsOnly": False, **named}


def _is_id(text: str) -> bool:
    return re.fullmatch(_ID, text) is not None


def _object(answer: Response) -> Mapping[str, Any] | None:
    try:
        found = json.loads(answer.body)
    except (ValueError, RecursionError):
        return None
    return found if isinstance(found, Mapping) else None


def _reason(answer: Response) -> str:
    return "it does not take the API key" if answer.status in {401, 403} else f"it answered {answer.status}"


def _text(value: object) -> str:
    return value[:300] if isinstance(value, str) else ""
