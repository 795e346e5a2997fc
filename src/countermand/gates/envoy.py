"""The front end Envoy: its ``ext_authz`` filter asks over HTTP, its Lua filter asks again when the mail server answers.

Exactly 200 allows. A 204 would be passed on as the phone's answer, and an empty success means "no changes" to a phone: it
never leaves here. The filter sends the request's own method, ``/ask`` and the request's path and query, and no body.
"""

import re

from countermand.gates.app import Gate
from countermand.gates.http import Response
from countermand.gates.logins import Form
from countermand.gates.messages import Message
from countermand.gates.proof import Judged, Prover, Verdict
from countermand.gates.subject import Subject, subject

_ASK = b"/ask"
_NO_STORE = (b"Cache-Control", b"no-store")
_CERTIFICATE = b"x-forwarded-client-cert"
#: Envoy's own header about the client certificate that it verified (SHA-256); what a client sends under its name is dropped.
_HASH = re.compile(rb"(?:^|;)Hash=([0-9a-fA-F]{64})")
_SUBJECT = re.compile(rb'(?:^|;)Subject="((?:[^"\\]|\\.)*)"')
_ALLOWED = Response(200, headers=(_NO_STORE,))
#: Goes on, but as an OPTIONS (the Lua filter sees to that): the mail server's own refusal looks like any other.
_REFUSED = Response(200, headers=(_NO_STORE, (b"X-Countermand-Refuse", b"1")))
_NOT_NOW = Response(
    503, b"Mail is briefly not available. It comes back by itself.\n", headers=((b"Retry-After", b"60"), _NO_STORE)
)


class Envoy:
    """Answers Envoy's questions from ``gate``."""

    def __init__(self, gate: Gate, prover: Prover) -> None:
        self._gate = gate
        self._prover = prover
        self._login_header = gate.config.login_header.encode()
        self._trusted = gate.config.trusted_login
        self._by_certificate = gate.config.login_form == Form.SUBJECT

    async def answer(self, message: Message) -> Response:
        if message.path.startswith(_ASK + b"/"):
            return await self._ask(message)
        if message.path == b"/again":
            who = self._who(message, message.headers.get(b"x-original-uri", b""))
            decision = self._gate.judge(who)
            return _ALLOWED if decision.allow else self._denied(decision.because, who)
        if message.path == b"/seen":
            self._gate.prove(message.headers.get(b"x-countermand-sighting", b"").decode("ascii", "replace"))
            return _ALLOWED
        return Response(404, b"not here\n")

    async def _ask(self, message: Message) -> Response:
        authorization = message.headers.get(b"authorization", b"")
        if b"," in authorization and authorization[:6].lower() == b"basic ":
            return Response(400, b"two sets of credentials\n")  # whoever is asked next might read the other one
        vouched = _CERTIFICATE if self._by_certificate else self._login_header
        shown = (vouched.decode(), message.headers.get(vouched, b"")) if vouched else ("", b"")
        who = self._who(message, message.target[len(_ASK) :])
        return self._said(await self._prover.judge(who, ("Authorization", authorization), shown), who)

    def _said(self, found: Judged, who: Subject) -> Response:
        match found.verdict:
            case Verdict.ALLOW if found.sighting or found.lasts is not None:
                return Response(200, headers=(_NO_STORE, *_more(found)))
            case Verdict.ALLOW:
                return _ALLOWED
            case Verdict.DENY:
                return self._denied(found.decision.because, who)
            case Verdict.REFUSE:
                return _REFUSED
        return _NOT_NOW

    def _denied(self, because: tuple[str, ...], who: Subject) -> Response:
        return Response(403, (self._gate.show(because, who) + "\n").encode(), headers=(_NO_STORE,))

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


def _more(found: Judged) -> list[tuple[bytes, bytes]]:
    """What Envoy is told besides yes: a token, and a time limit of its own for this request, which ends it at the due."""
    sighting = [(b"X-Countermand-Sighting", found.sighting.encode())] if found.sighting else []
    return sighting if found.lasts is None else [*sighting, (b"X-Envoy-Upstream-Rq-Timeout-Ms", b"%d" % found.lasts)]
