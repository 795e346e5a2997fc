"""The door for receivers: who asks is found out before a byte of the body is read, bodies are bounded, and a poll may wait.

What is answered and how is OpenID SSF 1.0 §8.1, RFC 8936 for polls, RFC 6749 for tokens and RFC 6750 for whoever may not.
"""

import asyncio
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from uuid import uuid4

from countermand.access import Act
from countermand.config import Config
from countermand.core.errors import Refused
from countermand.flows import receivers
from countermand.flows.receivers import Receiver, acting
from countermand.lib import clock
from countermand.lib.addresses import loopback
from countermand.lib.log import failure, say
from countermand.reads import installation
from countermand.signals.places import DOCUMENTS, places
from countermand.web.answers import Receive, Scope, Send, TooLong, body_of, header, part, start
from countermand.web.api.limits import Shared
from countermand.web.ssf import asking
from countermand.web.ssf.asking import Answer, Call
from countermand.web.threads import Threads

_LARGEST = 1 << 20
_THREADS = 4
#: Seconds that a poll waits at most, and between two looks while it does.
_WAITS, _LOOKS = 25.0, 0.5
#: Polls that wait at the same time, in this process; one more is answered at once.
_WAITING = 200


class SsfDoor:
    """``serves`` says which requests are for it; ``end_streams`` and ``end`` when the server ends."""

    def __init__(self, config: Config) -> None:
        self._config = config
        self._places = places(config.signals.issuer)
        self._threads = Threads(_THREADS, "ssf")
        self._limits = Shared("ssf", config.api.per_minute, config.api.burst)
        self._waiting = 0
        self._ending = False

    def serves(self, path: str) -> bool:
        return self._places.serves(path)

    def end_streams(self) -> None:
        self._ending = True

    def end(self) -> None:
        self._ending = True
        self._threads.end()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            answer = await self._answer(scope, receive)
        except Refused as refused:
            answer = refusal(refused, asked=bool(header(scope, b"authorization")))
        except TooLong:
            answer = _problem(413, "invalid_request", f"The body has more than {_LARGEST} bytes.")
        except Exception as wrong:
            reference = uuid4().hex[:12]
            say("ssf-fault", reference=reference, **failure(wrong))
            answer = _problem(500, "internal", f"Countermand failed to answer; its log knows why: {reference}.")
        content = b"" if answer.value is None else json.dumps(answer.value, ensure_ascii=False).encode()
        more = [(name.encode(), value.encode("latin-1")) for name, value in answer.headers.items()]
        await start(send, answer.status, b"application/json", (b"content-length", b"%d" % len(content)), *_CAUTIOUS, *more)
        await part(send, content, more=False)

    async def _answer(self, scope: Scope, receive: Receive) -> Answer:
        path, method = str(scope["path"]), str(scope["method"])
        for name, made in DOCUMENTS.items():
            if path == self._places.well_known(name):
                return Answer(200, made(self._places)) if method == "GET" else _wrong_method("GET")
        name = path.removeprefix(f"{self._places.prefix}/")
        if name == "jwks":
            return await self._threads.run(lambda: asking.keys(self._config)) if method == "GET" else _wrong_method("GET")
        await self._threads.run(lambda: self._at_home(scope))
        if name == "token":
            if method != "POST":
                return _wrong_method("POST")
            content = await body_of(receive, _LARGEST)
            return await self._threads.run(lambda: self._token(scope, content))
        route, wanted = asking.route(name, method)
        who = await self._threads.run(lambda: self._who(scope))
        if wanted is not None and wanted not in who.scopes:
            return _insufficient(wanted)
        if route is None:
            known = asking.methods(name)
            return _wrong_method(", ".join(known)) if known else _problem(404, "not_found", "Nothing is served here.")
        content = await body_of(receive, _LARGEST)
        call = Call(self._config, who.act, who.receiver, name, str(scope["query_string"].decode("latin-1")), content)
        if name.startswith(asking.POLL):
            return await self._poll(call)
        return await self._threads.run(lambda: route(call))

    async def _poll(self, call: Call) -> Answer:
        """Answered at once if anything waits, or if the receiver wants it so; else as soon as anything does, or after long."""
        polling = await self._threads.run(lambda: asking.polling(call))
        until = clock.steady() + int(_WAITS * 1000)
        answer = await self._threads.run(lambda: asking.poll(call, polling))
        if answer.value != asking.NOTHING or polling.at_once or self._waiting >= _WAITING:
            return answer
        self._waiting += 1
        try:
            while clock.steady() < until and not self._ending:
                await asyncio.sleep(_LOOKS)
                if await self._threads.run(lambda: asking.anything(polling)):
                    return await self._threads.run(lambda: asking.poll(call, polling.without_answers()))
        finally:
            self._waiting -= 1
        return answer

    def _who(self, scope: Scope) -> "Who":
        """Refused ``not-signed-in`` without a token in the header, ``access-token``, ``too-many-requests``."""
        scheme, _, token = header(scope, b"authorization").decode("latin-1").partition(" ")
        if scheme.lower() != "bearer" or not token.strip():
            raise Refused("access-token")
        found, scopes = receivers.bearer(self._config, token.strip())
        self._count(found.name)
        return Who(found, scopes, installation.act(acting(found)))

    def _token(self, scope: Scope, content: bytes) -> Answer:
        client = asking.client(header(scope, b"authorization").decode("latin-1"), content)
        self._count(f"token {client.name}")
        return asking.token(self._config, client)

    def _count(self, name: str) -> None:
        if seconds := self._limits.wait(name):
            raise Refused("too-many-requests", seconds=seconds)

    def _at_home(self, scope: Scope) -> None:
        """A drill tells nobody but this machine. Refused ``drill-stays-in``."""
        if not installation.act(receivers.NOBODY).drill:
            return
        came = scope.get("client")
        forwarded = header(scope, b"x-forwarded-for") or header(scope, b"forwarded")
        if not came or not loopback(came[0]) or forwarded:
            raise Refused("drill-stays-in", name="a receiver")


@dataclass(frozen=True, slots=True)
class Who:
    receiver: Receiver
    scopes: frozenset[str]
    act: Act = field(repr=False)


_CAUTIOUS = ((b"x-content-type-options", b"nosniff"), (b"pragma", b"no-cache"))
#: Our codes → what RFC 6749 and RFC 8936 call it.
_ERRS = {401: "invalid_token", 403: "access_denied", 404: "not_found", 409: "conflict", 429: "too_many_requests"}
_OAUTH = {"client-unknown": "invalid_client", "scope-unknown": "invalid_scope"}


def refusal(refused: Refused, *, asked: bool) -> Answer:
    """``asked``: the request carried credentials; one that does not is told which are wanted, and no error (RFC 6750 §3.1)."""
    status = refused.entry.http
    if refused.code in _OAUTH:
        headers = {"www-authenticate": 'Basic realm="countermand"'} if status == 401 else {}
        return Answer(status, {"error": _OAUTH[refused.code], "error_description": refused.sentence}, headers)
    headers = {}
    if status == 401:
        headers["www-authenticate"] = 'Bearer realm="countermand"' + (', error="invalid_token"' if asked else "")
    if "seconds" in refused.params:
        headers["retry-after"] = str(refused.params["seconds"])
    return _problem(status, _ERRS.get(status, "invalid_request"), refused.sentence, headers)


def _insufficient(scope: str) -> Answer:
    challenge = f'Bearer realm="countermand", error="insufficient_scope", scope="{scope}"'
    return _problem(403, "access_denied", f"The token is not for {scope}.", {"www-authenticate": challenge})


def _wrong_method(known: str) -> Answer:
    return _problem(405, "invalid_request", f"Use {known}.", {"allow": known})


def _problem(status: int, err: str, description: str, headers: Mapping[str, str] | None = None) -> Answer:
    value: dict[str, Any] = {"err": err, "description": description}
    return Answer(status, value, {"content-language": "en", **(headers or {})})
