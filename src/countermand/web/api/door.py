"""The API's door: who asks is found out before a byte of the body is read, bodies are bounded, every refusal is a problem."""

import asyncio
import os
import tempfile
from dataclasses import dataclass
from typing import IO, Any
from uuid import uuid4

from django.conf import settings
from django.core.handlers.asgi import ASGIRequest
from django.http import HttpResponseBase
from django.urls import Resolver404

from countermand.config import Config
from countermand.core.errors import Refused
from countermand.lib.log import failure, say
from countermand.operations.every import EVERY
from countermand.operations.plain import plain
from countermand.reads import operators
from countermand.web import problems
from countermand.web.answers import Receive, Scope, Send, header, part, start
from countermand.web.api import hooks
from countermand.web.api.answering import Asking
from countermand.web.api.limits import Shared
from countermand.web.api.openapi import document
from countermand.web.api.routes import ASKING, ROOT, resolver
from countermand.web.threads import Threads

#: Beyond this a body that is no upload is nobody's honest request.
_MOST = 4 << 20
_IN_MEMORY = 1 << 20
_THREADS, _FEW = 8, 2
#: Seconds in which the next piece of a body must come.
_STALLED = 60
#: INVARIANT: halting and rescinding are never counted, so that no limit stands before the stop button.
_STOPS = frozenset(one.path.rpartition("/")[2] for one in EVERY if one.action in ("halt", "rescind"))


@dataclass(frozen=True, slots=True)
class Reply:
    status: int
    body: bytes
    kind: str = "application/json"
    more: tuple[tuple[bytes, bytes], ...] = ()


class ApiDoor:
    """``/api/…`` of the application; ``end`` when the server ends."""

    def __init__(self, config: Config) -> None:
        self._config = config
        self._uploads = config.state_dir / "uploads"
        self._uploads.mkdir(parents=True, exist_ok=True, mode=0o700)
        settings.FILE_UPLOAD_TEMP_DIR = str(self._uploads)
        settings.FILE_UPLOAD_HANDLERS = ["django.core.files.uploadhandler.TemporaryFileUploadHandler"]
        settings.DATA_UPLOAD_MAX_MEMORY_SIZE = _MOST
        self._resolver = resolver()
        self._document = problems.encoded(document())
        self._limits = Shared("api", config.api.per_minute, config.api.burst)
        self._threads = Threads(_THREADS, "api")
        # INVARIANT: imports that take minutes may hold every thread of theirs; stopping and reports have their own.
        self._stops = Threads(_FEW, "stop")
        self._hooks = Threads(_FEW, "hook")

    def end(self) -> None:
        for threads in (self._threads, self._stops, self._hooks):
            threads.end()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        with tempfile.SpooledTemporaryFile(_IN_MEMORY, dir=str(self._uploads)) as body:
            try:
                reply = self._public(scope)
                if reply is None and (post := hooks.post_of(scope)) is not None:
                    if not await self._read(scope, receive, body, post.largest):
                        return
                    reply = await self._hooks.run(lambda: self._posted(scope, post, body))
                elif reply is None:
                    threads = self._stops if _stops(scope) else self._threads
                    scope[ASKING] = await threads.run(lambda: self._who(scope))
                    if not await self._read(scope, receive, body, self._most(scope)):
                        return
                    reply = await threads.run(lambda: self._answer(scope, body))
            except Refused as refused:
                reply = _refusal(refused)
            except TimeoutError:
                reply = _refusal(Refused("body-unreadable", why=f"nothing came for {_STALLED} seconds"))
            except Exception as wrong:
                reply = _fault(wrong)
        head = (("content-length", len(reply.body)), *_CAUTIOUS)
        named = tuple((name.encode(), str(value).encode()) for name, value in head)
        await start(send, reply.status, reply.kind.encode(), *named, *reply.more)
        await part(send, reply.body, more=False)
        if reply.status == 200 and hooks.source_of(scope) is not None:
            try:
                await self._hooks.run(lambda: hooks.take(self._config))
            except Exception as wrong:
                _fault(wrong)  # it is stored: the worker takes it

    def _public(self, scope: Scope) -> Reply | None:
        """What everybody may see, because it stands in the public source as well."""
        path = str(scope["path"])
        if scope["method"] != "GET":
            return None
        if path == f"{ROOT}/openapi.json":
            return Reply(200, self._document)
        if path.startswith(f"{ROOT}/problems/"):
            return Reply(200, problems.encoded(plain(problems.explained(path.rpartition("/")[2]))))
        return None

    def _who(self, scope: Scope) -> Asking:
        """Refused ``not-signed-in``, ``unknown-token``, ``token-expired``, ``too-many-requests``."""
        scheme, _, token = header(scope, b"authorization").decode("latin-1").partition(" ")
        actor = operators.actor_of(token.strip() if scheme.lower() == "bearer" else "")
        if not _stops(scope) and (seconds := self._limits.wait(operators.name_of(token.strip()))):
            raise Refused("too-many-requests", seconds=seconds)
        key = next((value.decode("latin-1") for name, value in scope["headers"] if name == b"idempotency-key"), None)
        return Asking(actor, self._config, key)

    def _most(self, scope: Scope) -> int:
        """Bytes that a request of somebody who is signed in may have."""
        upload = header(scope, b"content-type").startswith(b"multipart/form-data")
        return self._config.api.upload_mb << 20 if upload else _MOST

    async def _read(self, scope: Scope, receive: Receive, into: IO[bytes], most: int) -> bool:
        """The body, to its end and no further than allowed; False if whoever sent it has gone."""
        size = 0
        while True:
            async with asyncio.timeout(_STALLED):
                message = await receive()
            if message["type"] == "http.disconnect":
                return False
            data = message.get("body", b"")
            size += len(data)
            if size > most:
                raise Refused("body-too-large", most=most)
            into.write(data)
            if not message.get("more_body"):
                return True

    def _posted(self, scope: Scope, post: hooks.Post, body: IO[bytes]) -> Reply:
        """INVARIANT: what a source posts is stored before anything is made of it, so nothing in it can make this fail."""
        try:
            said = post.answer(self._config, scope, body)
        except Refused as refused:
            return _refusal(refused)
        return Reply(200, problems.encoded(said))

    def _answer(self, scope: Scope, body: IO[bytes]) -> Reply:
        # The length as it came, which a body sent in chunks does not say and a form is not read without.
        size = str(body.seek(0, os.SEEK_END)).encode()
        body.seek(0)
        headers = [*((name, value) for name, value in scope["headers"] if name != b"content-length"), (b"content-length", size)]
        request = ASGIRequest({**scope, "headers": headers}, body)
        try:
            return self._viewed(request)
        except Refused as refused:
            return _refusal(refused)
        except Exception as wrong:
            return _fault(wrong)
        finally:
            request.close()

    def _viewed(self, request: ASGIRequest) -> Reply:
        try:
            found = self._resolver.resolve(request.path_info)
        except Resolver404:
            raise Refused("no-such-address", path=request.path_info) from None
        response: HttpResponseBase = found.func(request, *found.args, **found.kwargs)
        if response.status_code == 405:
            known = response.headers["Allow"]
            raise Refused("wrong-method", path=request.path_info, method=request.method, known=known)
        return Reply(response.status_code, getattr(response, "content", b""))


def _stops(scope: Scope) -> bool:
    return scope["path"].rpartition("/")[2] in _STOPS


#: An API's answers are for nobody's cache, page or frame.
_CAUTIOUS: tuple[tuple[str, Any], ...] = (("x-content-type-options", "nosniff"),)


def _refusal(refused: Refused) -> Reply:
    problem = problems.problem_of(refused)
    more: tuple[tuple[bytes, bytes], ...] = ()
    if problem.status == 401:
        more = ((b"www-authenticate", b"Bearer"),)
    elif refused.code == "too-many-requests":
        more = ((b"retry-after", str(refused.params["seconds"]).encode()),)
    elif refused.code == "wrong-method":
        more = ((b"allow", str(refused.params["known"]).encode()),)
    return Reply(problem.status, problems.encoded(plain(problem)), problems.KIND, more)


def _fault(wrong: Exception) -> Reply:
    """A fault of ours: a reference for whoever asked; its kind and place for the log, and never its words."""
    reference = uuid4().hex[:12]
    say("api-fault", reference=reference, **failure(wrong))
    return Reply(500, problems.encoded(plain(problems.internal(reference))), problems.KIND)
