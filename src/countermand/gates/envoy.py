"""The front end Envoy: its ``ext_authz`` filter asks over HTTP, its Lua filter asks again when the mail server answers.

Exactly 200 allows. A 204 would be passed on as the phone's answer, and an empty success means "no changes" to a phone: it
never leaves here. The filter sends the request's own method, ``/ask`` and the request's path and query, and no body.
"""

import re

from countermand.gates.app import Gate
from countermand.gates.http import Response
from countermand.gates.logins import Form
from countermand.gates.messages import Message
from countermand.gates.subject import Subject, subject

_ASK = b"/ask"
_NO_STORE = (b"Cache-Control", b"no-store")
_CERTIFICATE = b"x-forwarded-client-cert"
#: Envoy's own header about the client certificate that it verified (SHA-256); what a client sends under its name is dropped.
_HASH = re.compile(rb"(?:^|;)Hash=([0-9a-fA-F]{64})")
_SUBJECT = re.compile(rb'(?:^|;)Subject="((?:[^"\\]|\\.)*)"')
_ALLOWED = Response(200, headers=(_NO_STORE,))
#: Goes on, but as an OPTIONS (the Lua filter sees to that): if the mail server refuses it, that looks like any other refusal; if
#: not, the login is proven, and the filter asks again for the denial and its words.
_REFUSE = (b"X-Countermand-Refuse", b"1")


class Envoy:
    """Answers Envoy's questions from ``gate``."""

    def __init__(self, gate: Gate) -> None:
        self._gate = gate
        self._login_header = gate.config.login_header.encode()
        self._trusted = gate.config.trusted_login
        self._by_certificate = gate.config.login_form == Form.SUBJECT

    async def answer(self, message: Message) -> Response:
        if message.path.startswith(_ASK + b"/"):
            return self._ask(message)
        if message.path == b"/again":
            who = self._who(message, message.headers.get(b"x-original-uri", b""))
            decision = self._gate.judge(who)
            if decision.allow:
                return _ALLOWED
            return Response(403, (self._gate.show(decision.because, who) + "\n").encode(), headers=(_NO_STORE,))
        if message.path == b"/seen":
            self._gate.prove(message.headers.get(b"x-countermand-sighting", b"").decode("ascii", "replace"))
            return _ALLOWED
        return Response(404, b"not here\n")

    def _ask(self, message: Message) -> Response:
        authorization = message.headers.get(b"authorization", b"")
        if b"," in authorization and authorization[:6].lower() == b"basic ":
            return Response(400, b"two sets of credentials\n")  # whoever is asked next might read the other one
        who = self._who(message, message.target[len(_ASK) :])
        decision = self._gate.judge(who)
        more = [] if decision.allow else [_REFUSE]
        if sighting := self._gate.sighting(who, decision):
            more.append((b"X-Countermand-Sighting", sighting.encode()))
        if (lasts := self._gate.lasts(who, decision)) is not None:
            # A time limit of its own for this request, which ends it at the due.
            more.append((b"X-Envoy-Upstream-Rq-Timeout-Ms", b"%d" % lasts))
        return Response(200, headers=(_NO_STORE, *more)) if more else _ALLOWED

    def _who(self, message: Message, uri: bytes) -> Subject:
        headers = message.headers
        certificate = _HASH.search(headers.get(_CERTIFICATE, b""))
        trusted = self._trusted(self._login(headers)) if self._trusted else None
        return subject(headers.get(b"authorization", b""), uri, certificate[1] if certificate else b"", trusted)

    def _login(self, headers: dict[bytes, bytes]) -> bytes:
        """What the front end says of who asks."""
        if not self._by_certificate:
            return headers.get(self._login_header, b"")
        found = _SUBJECT.search(headers.get(_CERTIFICATE, b""))
        return found[1].replace(b'\\"', b'"') if found else b""
