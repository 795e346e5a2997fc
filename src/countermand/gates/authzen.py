"""The front end that nobody wrote an adapter for: OpenID AuthZEN Authorization API 1.0, ``POST /access/v1/evaluation``.

The subject is a person whom the asking side has authenticated; the device's names stand in the subject's or the request's
``properties``/``context`` under ``device``: ``{"eas": "ApplF17…", "cert": "<hex>", "password": "<id>"}``.
"""

import json
from typing import Any

from countermand.core.devices import MAIL_KINDS
from countermand.core.people import normal_login
from countermand.gates.app import Gate
from countermand.gates.http import Response
from countermand.gates.messages import Message
from countermand.gates.subject import Subject
from countermand.lib.read_json import read_json

PATH = b"/access/v1/evaluation"
_JSON = b"application/json"


class Authzen:
    """Answers evaluations from ``gate``."""

    def __init__(self, gate: Gate) -> None:
        self._gate = gate

    async def answer(self, message: Message) -> Response:
        if message.path != PATH or message.method != "POST":
            return Response(404, b'"not here"', _JSON)
        echoed = message.headers.get(b"x-request-id")
        headers = ((b"X-Request-ID", echoed),) if echoed else ()
        try:
            asked = _who(read_json(message.body))
        except (ValueError, TypeError, KeyError, AttributeError):
            wrong = b'"subject, action and resource are needed, each with its members; the body is JSON"'
            return Response(400, wrong, _JSON, headers)
        return Response(200, json.dumps(self._said(asked), ensure_ascii=False).encode(), _JSON, headers)

    def _said(self, who: Subject) -> dict[str, Any]:
        decision = self._gate.judge(who)
        context: dict[str, Any] = {"reason_admin": {"en": decision.reason.value}}
        if not decision.allow:
            said = {self._gate.spoken_by(decision.because, who): self._gate.show(decision.because, who)}
            context |= {"reason_user": said, "because": list(decision.because)}
        return {"decision": decision.allow, "context": context}


def _who(asked: Any) -> Subject:
    """KeyError and its like for what the specification requires and is not there."""
    subject = asked["subject"]
    for part, members in (("subject", ("type", "id")), ("action", ("name",)), ("resource", ("type", "id"))):
        if not all(isinstance(asked[part][member], str) for member in members):
            raise TypeError(part)
    names: dict[tuple[str, str], None] = {}
    for place in (asked.get("context") or {}, subject.get("properties") or {}):
        device = place.get("device") or {}
        names |= {(kind.value, str(device[kind.value])): None for kind in sorted(MAIL_KINDS) if device.get(kind.value)}
    return Subject(normal_login(subject["id"]), tuple(names))
