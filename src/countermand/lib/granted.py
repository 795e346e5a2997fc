"""An API that takes a token, given out for credentials (RFC 6749 §4.4, RFC 7523), and answers in JSON."""

import json
from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import parse_qsl, urlencode

from countermand.core.errors import Refused
from countermand.core.instants import MINUTE, SECOND, Instant
from countermand.lib.http import Response
from countermand.lib.outward import Outward
from countermand.lib.read_json import read_json

#: A token is not used in its last minutes, nor in its last tenth if it is good for few.
_MARGIN, _PART = 5 * MINUTE, 10
#: Answers that hold nothing, and so need no JSON.
_NOTHING = frozenset({204, 205})

#: What a token is asked for with, made anew each time: an assertion states when it was made.
Form = Callable[[], Mapping[str, str]]


class Denied(Exception):
    """The API answered, and does not let us. ``why`` in its own words; ``status``: of its answer."""

    def __init__(self, why: str, status: int = 0) -> None:
        super().__init__(why)
        self.status = status


def client_credentials(secret: str, form: Mapping[str, str]) -> Form:
    """The form of a client with an id and a secret."""
    return lambda: {"grant_type": "client_credentials", **form, "client_secret": secret}


class Granted:
    """``api``: where is asked; ``login``: where tokens are given out, at ``token_path`` for ``form``. ``strange``: the refusal
    of what the vendor would not write."""

    def __init__(
        self,
        api: Outward,
        login: Outward,
        token_path: str,
        form: Form,
        now: Callable[[], Instant],
        strange: Callable[[str], Refused],
    ) -> None:
        self._api, self._login = api, login
        self._token_path = token_path
        self._form, self._now, self.strange = form, now, strange
        self._token = ""
        self._until: Instant = 0

    @property
    def base(self) -> str:
        return self._api.base

    def get(
        self, path: str, headers: Mapping[str, str] | None = None, read: Callable[[bytes], Any] = read_json
    ) -> Mapping[str, Any]:
        """One object, at a path and query, as ``read`` takes it apart. A token that ran out early is asked for once more. Denied;
        Refused with ``strange`` for what the vendor would not write."""
        return self.object(self.answered("GET", path, headers=headers), read)

    def answered(
        self, method: str, path: str, body: Any = None, *, once: bool = False, headers: Mapping[str, str] | None = None
    ) -> Response:
        """The answer, if it is one of success; else Denied. ``once``: "later" is Denied too, and for its sender to heed."""
        answer = self._send(method, path, body, once, headers)
        if answer.status == 401:
            self._until = 0
            answer = self._send(method, path, body, once, headers)
        if not 200 <= answer.status < 300:
            raise Denied(_reason(answer), answer.status)
        return answer

    def tried(self, method: str, path: str, body: Any = None, *, headers: Mapping[str, str] | None = None) -> Response:
        """One try, and whatever is answered to it; a token that ran out early is asked for once more."""
        answer = self._send(method, path, body, True, headers)
        if answer.status == 401:
            self._until = 0
            answer = self._send(method, path, body, True, headers)
        return answer

    def object(self, answer: Response, read: Callable[[bytes], Any] = read_json) -> Mapping[str, Any]:
        """What the answer says; nothing if it holds nothing."""
        return {} if answer.status in _NOTHING else object_in(answer, self.strange, read)

    def _send(self, method: str, path: str, body: Any, once: bool, more: Mapping[str, str] | None) -> Response:
        bare, _, query = path.partition("?")
        headers = {"authorization": f"Bearer {self._bearer()}", "accept": "application/json", **(more or {})}
        sent = None
        if body is not None:
            headers["content-type"] = "application/json"
            sent = json.dumps(body, separators=(",", ":")).encode()
        asked = parse_qsl(query, keep_blank_values=True) or None
        return self._api.ask(method, bare, headers, query=asked, body=sent, once=once)

    def _bearer(self) -> str:
        now = self._now()
        if now < self._until:
            return self._token
        headers = {"content-type": "application/x-www-form-urlencoded", "accept": "application/json"}
        answer = self._login.ask("POST", self._token_path, headers, body=urlencode(self._form()).encode())
        if answer.status != 200:
            raise Denied(_reason(answer), answer.status)
        found = self.object(answer)
        token, lasts = found.get("access_token"), found.get("expires_in")
        if not isinstance(token, str) or not isinstance(lasts, int):
            raise self.strange("a token without its text or its time")
        span = lasts * SECOND
        self._token, self._until = token, now + span - min(_MARGIN, span // _PART)
        return token


def object_in(answer: Response, strange: Callable[[str], Refused], read: Callable[[bytes], Any] = read_json) -> Mapping[str, Any]:
    """The object that an answer holds, as ``read`` takes it apart; what ``strange`` makes is raised if there is none."""
    try:
        found = read(answer.body)
    except ValueError as wrong:
        raise strange("no JSON") from wrong
    if not isinstance(found, dict):
        raise strange("no object")
    return found


def said_in_error(answer: Response, name: str) -> str:
    """The member ``name`` of the ``error`` in an answer, in one short word; '' if there is none."""
    try:
        return str(read_json(answer.body)["error"][name])[:60]
    except (ValueError, KeyError, TypeError):
        return ""


def _reason(answer: Response) -> str:
    """What the server says of its refusal, in one short line; never what we sent."""
    try:
        said = read_json(answer.body)["error"]
        words = said["code"] if isinstance(said, dict) else said
    except (ValueError, KeyError, TypeError):
        words = ""
    return f"{answer.status} {words}".strip()[:120]
