"""The front end Dovecot: its auth policy protocol, asked after authentication, so that a denial is no oracle.

``POST ?command=allow`` with the login and the device that the password database knows this password to belong to; the answer's
``status`` is -1 (refuse, and show ``msg``) or 0. ``command=report`` tells who got in. An IMAP ID is not an identity: clients
put names and versions there. Of a login whose password names no device it is reported, as evidence, and never decides.
"""

import json
from typing import Any

from countermand.core.devices import IMAP_ID, IdentityKind
from countermand.core.people import normal_login
from countermand.gates.app import Gate
from countermand.gates.http import Response
from countermand.gates.kick import Sessions
from countermand.gates.messages import Message
from countermand.gates.subject import Subject
from countermand.lib.read_json import read_json

#: Of a client's ID this much is kept.
_LONGEST = 255
_JSON = b"application/json"
_ALLOWED = Response(200, b'{"status":0,"msg":""}', _JSON)
_WRONG = Response(400, b'{"status":0,"msg":"this is no question"}', _JSON)


class Dovecot:
    """Answers Dovecot from ``gate``, and remembers in ``sessions`` who got in."""

    def __init__(self, gate: Gate, sessions: Sessions) -> None:
        self._gate = gate
        self._sessions = sessions

    async def answer(self, message: Message) -> Response:
        command = message.target.partition(b"command=")[2].partition(b"&")[0]
        try:
            asked = read_json(message.body)
        except ValueError:
            return _WRONG
        if not isinstance(asked, dict):
            return _WRONG
        if command == b"allow":
            return self._allow(who(asked))
        if command == b"report":
            if asked.get("success") is True and not asked.get("policy_reject"):
                self._opened(asked)
            return Response(200, b"{}", _JSON)
        return _WRONG

    def _opened(self, asked: dict[str, Any]) -> None:
        found = who(asked)
        self._sessions.opened(found, _text(asked.get("login")), _text(asked.get("remote")))
        said = "".join(one if one.isprintable() else " " for one in _text(asked.get("device_id"))[:_LONGEST])
        if said and not found.names:
            self._gate.saw(found.login, (IMAP_ID, said))

    def _allow(self, who: Subject) -> Response:
        decision = self._gate.judge(who)
        if decision.allow:
            return _ALLOWED
        # One line: IMAP's response text ends with it.
        said = {"status": -1, "msg": " ".join(self._gate.show(decision.because, who).split())}
        return Response(200, json.dumps(said, ensure_ascii=False).encode(), _JSON)


def who(asked: dict[str, Any]) -> Subject:
    """The login, and the device that its password was issued to, if it was issued to one."""
    more = asked.get("attrs")
    device = _text(more.get("device")) if isinstance(more, dict) else ""
    names = ((IdentityKind.PASSWORD.value, device),) if device else ()
    return Subject(normal_login(_text(asked.get("login"))), names)


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""
