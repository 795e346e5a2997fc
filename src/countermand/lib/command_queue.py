"""NanoMDM's queue of commands to devices, as whoever may send some of them reaches it.

Traps of this API, each handled here and nowhere else:

* A command that it has already is an error; a request that was repeated because its answer was lost is none.
* A push that fails says nothing of the queue: the command waits, and the phone takes it when it comes by itself.
* An id that never enrolled is taken like any other; nobody will answer.
"""

import plistlib
import re
from base64 import b64encode
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from countermand.core.errors import Refused
from countermand.lib.granted import Denied
from countermand.lib.http import Response, Unreachable
from countermand.lib.outward import Outward
from countermand.lib.read_json import read_json
from countermand.lib.vendor import Ability, Link, Request

_KEY = "the API key; it is good for every command, so let a proxy pass on these paths alone"
_ID = r"[0-9A-Za-z.:_-]{1,128}"
_ENQUEUE = "/v1/enqueue/"
#: Everything that is ever asked.
REQUESTS: tuple[Request, ...] = (
    Request("PUT", rf"{_ENQUEUE}{_ID}(,{_ID}){{0,99}}", _KEY),
    Request("GET", _ENQUEUE, _KEY),
    Request("GET", "/version", "none"),
)
#: Devices of one request at most.
AT_ONCE = 100


@dataclass(frozen=True, slots=True)
class Queued:
    """``refused``: ids that could not be given the command; ``asleep``: why devices could not be woken, '' if they were."""

    refused: frozenset[str]
    asleep: str


class CommandQueue:
    """One NanoMDM."""

    def __init__(self, link: Link) -> None:
        self._way: Outward = link.outward(link.settings["url"], tuple((one.method, one.path) for one in REQUESTS))
        key = b64encode(f"nanomdm:{link.secret}".encode()).decode()
        self._headers = {"authorization": f"Basic {key}", "accept": "application/json"}

    def put(self, names: Sequence[str], ticket: str, command: Mapping[str, object]) -> Queued:
        """Give devices a command, known by its ticket from then on. Denied, Unreachable."""
        path = _ENQUEUE + ",".join(quote(name, safe=":") for name in names)
        body = plistlib.dumps({"CommandUUID": ticket, "Command": dict(command)})
        answer = self._way.ask("PUT", path, {**self._headers, "content-type": "application/xml"}, body=body)
        said = _object(answer)
        if answer.status not in {200, 207, 500} or said is None:
            raise Denied(_reason(answer), answer.status)
        wrong = _text(said.get("enqueue_error"))
        if wrong and "already exists" not in wrong:
            raise Denied(wrong, answer.status)
        by = said.get("status")
        of_each = {name: one for name, one in by.items() if isinstance(one, Mapping)} if isinstance(by, Mapping) else {}
        refused = frozenset(name for name, one in of_each.items() if one.get("enqueue_error") and name in names)
        asleep = [said.get("push_error"), *(one.get("push_error") for one in of_each.values())]
        return Queued(refused, next((_text(one) for one in asleep if one), ""))

    def check(self) -> tuple[Ability, ...]:
        """Whether it answers, and takes the key."""
        return (
            self._tried("NanoMDM", "/version", "none", frozenset({200})),
            # Without an id nothing can be enqueued: whoever has the key is told so, whoever has not is turned away.
            self._tried("commands to devices", _ENQUEUE, "the API key", frozenset({200, 207, 400, 404, 500})),
        )

    def _tried(self, what: str, path: str, needs: str, well: frozenset[int]) -> Ability:
        try:
            answer = self._way.ask("GET", path, self._headers)
        except (Unreachable, Refused) as wrong:
            return Ability(what, needs, works=False, why=str(wrong))
        works = answer.status in well
        return Ability(what, needs, works=works, why="" if works else _reason(answer))


def is_id(text: str) -> bool:
    """Whether a device can be enqueued for by this name."""
    return re.fullmatch(_ID, text) is not None


def _object(answer: Response) -> Mapping[str, Any] | None:
    try:
        found = read_json(answer.body)
    except ValueError:
        return None
    return found if isinstance(found, Mapping) else None


def _reason(answer: Response) -> str:
    return "it does not take the API key" if answer.status in {401, 403} else f"it answered {answer.status}"


def _text(value: object) -> str:
    return value[:300] if isinstance(value, str) else ""
