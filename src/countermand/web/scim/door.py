"""The way in to the SCIM service: who asks is found out before a byte of the body is read, every refusal is a SCIM error."""

import json
from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qsl
from uuid import uuid4

from pydantic import ValidationError
from scim2_models import Error, NotImplementedException, Resource, SCIMException

from countermand.access import Actor
from countermand.config import Config
from countermand.core.errors import Refused
from countermand.lib.log import failure, say
from countermand.lib.read_json import read_json
from countermand.reads import installation, operators
from countermand.reads.provisioned import Root
from countermand.web.answers import Receive, Scope, Send, TooLong, body_of, header, part, start
from countermand.web.scim import asking as looking
from countermand.web.scim.discovery import discovered, is_discovery, listed
from countermand.web.scim.resources import Asking, Given, Groups, Kind, People
from countermand.web.threads import Threads

ROOT = "/scim/v2"
_TYPE = b"application/scim+json"
#: A group of a hundred thousand members, said whole, is four million bytes.
_LONGEST = 16 << 20
#: INVARIANT: a directory that provisions a company keeps no thread from whoever stops an order.
_THREADS = 2
_KINDS: Mapping[str, Kind] = {"Users": People(), "Groups": Groups()}
_ERROR = "urn:ietf:params:scim:api:messages:2.0:Error"
_SCIM_TYPES = {
    "scim-taken": "uniqueness",
    "scim-value": "invalidValue",
    "scim-member": "invalidValue",
    "scim-cycle": "invalidValue",
    "scim-named": "mutability",
    "scim-request": "invalidSyntax",
    "scim-many": "tooMany",
}


class ScimDoor:
    """``/scim/v2`` of the application; ``end`` when the server ends."""

    def __init__(self, config: Config) -> None:
        self._config = config
        address = (config.pages.url or config.control.url).rstrip("/")
        self._root = Root(address + ROOT, config.scim.login)
        self._threads = Threads(_THREADS, "scim")

    def end(self) -> None:
        self._threads.end()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            actor = await self._threads.run(lambda: self._who(scope))
            body = await body_of(receive, _LONGEST)
            given = await self._threads.run(lambda: self._answer(scope, actor, body))
        except TooLong:
            given = _refusal(Refused("body-too-large", most=_LONGEST))
        except Refused as refused:
            given = _refusal(refused)
        except Exception as wrong:
            given = _fault(wrong)
        data = b"" if given.body is None else json.dumps(given.body, ensure_ascii=False).encode()
        more = [(b"etag", given.version.encode())] if given.version else []
        if given.location:
            more.append((b"location", given.location.encode()))
        if given.status == 401:
            more.append((b"www-authenticate", b"Bearer"))
        named = [(b"content-length", b"%d" % len(data)), (b"x-content-type-options", b"nosniff"), *more]
        await start(send, given.status, _TYPE, *named)
        await part(send, b"" if scope["method"] == "HEAD" else data, more=False)

    def _who(self, scope: Scope) -> Actor:
        """Refused ``not-signed-in``, ``unknown-token``, ``token-expired``."""
        scheme, _, token = header(scope, b"authorization").decode("latin-1").partition(" ")
        return operators.actor_of(token.strip() if scheme.lower() == "bearer" else "")

    def _answer(self, scope: Scope, actor: Actor, body: bytes) -> Given:
        try:
            return self._routed(scope, actor, body)
        except Refused as refused:
            return _refusal(refused)
        except ValidationError as wrong:
            error = Error.from_validation_error(wrong.errors()[0])
            return _error(error.status or 400, error.scim_type, error.detail or "")
        except SCIMException as wrong:
            return _error(wrong.status, wrong.scim_type, wrong.detail)

    def _routed(self, scope: Scope, actor: Actor, body: bytes) -> Given:
        path, method = str(scope["path"]).removeprefix(ROOT).rstrip("/"), str(scope["method"])
        method = "GET" if method == "HEAD" else method
        query = dict(parse_qsl(scope["query_string"].decode("utf-8", "replace")))
        if is_discovery(path):
            return self._discovered(path, method, query)
        match = _versions(header(scope, b"if-match"))
        act = installation.act(actor)
        asked = Asking(act, self._config.holdbacks, self._root, _json(body) if body else {}, query, match)
        head, _, number = path.lstrip("/").partition("/")
        if head in ("Me", "Bulk"):
            raise NotImplementedException(detail=f"/{head} is not offered")
        if path == "/.search":
            return self._every(asked, method)
        if head not in _KINDS or "/" in number:
            raise Refused("no-such-address", path=path)
        kind = _KINDS[head]
        if number == ".search":
            _only(method, "POST", path=path)
            return self._searched(kind, asked, asked.said)
        if number:
            return self._one(kind, asked, method, number, _versions(header(scope, b"if-none-match")))
        _only(method, "GET", "POST", path=path)
        return kind.make(asked) if method == "POST" else self._searched(kind, asked, query)

    def _discovered(self, path: str, method: str, query: Mapping[str, str]) -> Given:
        _only(method, "GET", path=path)
        if "filter" in query:
            raise Refused("not-allowed", actor="a filter", action="be used here", roles="nobody")
        found = discovered(path, self._root.url)
        if found is None:
            raise Refused("no-such-address", path=path)
        return Given(200, found)

    def _one(self, kind: Kind, asked: Asking, method: str, number: str, seen: frozenset[str] | None) -> Given:
        _only(method, "GET", "PUT", "PATCH", "DELETE", path=f"…/{number}")
        if method != "GET":
            does = {"PUT": kind.replace, "PATCH": kind.patch, "DELETE": kind.remove}[method]
            return does(asked, number)
        found = kind.get(asked, number)
        if seen and found.version and found.version in seen:
            return Given(304, None, found.version)
        return found

    def _searched(self, kind: Kind, asked: Asking, said: Mapping[str, Any]) -> Given:
        query = looking.query(kind.model, said)
        total, found = kind.search(asked, query)
        return Given(200, listed(total, query.start, found))

    def _every(self, asked: Asking, method: str) -> Given:
        """People and groups together: the one after the other."""
        _only(method, "POST", path="/.search")
        total, found = 0, list[dict[str, Any]]()
        first = looking.query(Resource, {key: value for key, value in asked.said.items() if key in ("startIndex", "count")})
        left, skip = first.asked.count, first.asked.start
        for kind in _KINDS.values():
            said = {**asked.said, "startIndex": max(skip - total, 0) + 1, "count": left}
            number, page = kind.search(asked, looking.query(kind.model, said))
            total, left = total + number, left - len(page)
            found += page
        return Given(200, listed(total, first.start, found))


def _json(body: bytes) -> dict[str, Any]:
    try:
        found = read_json(body)
    except ValueError:
        raise Refused("scim-request", why="its body is no JSON") from None
    if not isinstance(found, dict):
        raise Refused("scim-request", why="its body is no object")
    return found


def _only(method: str, *known: str, path: str) -> None:
    if method not in known:
        raise Refused("wrong-method", path=path, method=method, known=", ".join(known))


def _versions(value: bytes) -> frozenset[str] | None:
    return frozenset(one.strip() for one in value.decode("latin-1").split(",")) if value else None


def _refusal(refused: Refused) -> Given:
    return _error(refused.entry.http, _SCIM_TYPES.get(refused.code), f"{refused.sentence} {refused.remedy}")


def _error(status: int, scim_type: str | None, detail: str) -> Given:
    body = {"schemas": [_ERROR], "status": str(status), "detail": detail}
    return Given(status, {**body, "scimType": scim_type} if scim_type else body)


def _fault(wrong: Exception) -> Given:
    """A fault of ours: a reference for whoever asked; its kind and place for the log, and never its words."""
    reference = uuid4().hex[:12]
    say("scim-fault", reference=reference, **failure(wrong))
    return _error(500, None, f"Countermand failed to answer. Look in the server's log for {reference}.")
