"""An API that takes a token, given out for a client's id and secret (RFC 6749 §4.4), and answers in JSON. Reads alone."""

import json
from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qsl, urlencode

from countermand.core.errors import Refused
from countermand.core.instants import MINUTE, SECOND, Instant
from countermand.lib.http import Response
from countermand.lib.outward import Outward
from countermand.sources.source import Link

#: A token is not used in its last minutes, nor in its last tenth if it is good for few.
_MARGIN, _PART = 5 * MINUTE, 10


class Denied(Exception):
    """The API answered, and does not let us. ``why`` in its own words."""


class Granted:
    """``api``: where is asked; ``login``: where tokens are given out, at ``token_path`` for ``form``."""

    def __init__(self, link: Link, api: Outward, login: Outward, token_path: str, form: Mapping[str, str]) -> None:
        self._link = link
        self._api, self._login = api, login
        self._token_path = token_path
        self._form = {"grant_type": "client_credentials", **form, "client_secret": link.secret}
        self._token = ""
        self._until: Instant = 0

    @property
    def base(self) -> str:
        return self._api.base

    def get(self, path: str) -> Mapping[str, Any]:
        """One object, at a path and query. A token that ran out early is asked for once more. Denied; Refused
        ``source-strange`` for what the vendor would not write."""
        answer = self._get(path)
        if answer.status == 401:
            self._until = 0
            answer = self._get(path)
        if answer.status != 200:
            raise Denied(_reason(answer))
        return self._object(answer)

    def strange(self, why: str) -> Refused:
        return Refused("source-strange", source=self._link.name, why=why)

    def _get(self, path: str) -> Response:
        bare, _, query = path.partition("?")
        headers = {"authorization": f"Bearer {self._bearer()}", "accept": "application/json"}
        return self._api.ask("GET", bare, headers, query=parse_qsl(query, keep_blank_values=True) or None)

    def _bearer(self) -> str:
        now = self._link.now()
        if now < self._until:
            return self._token
        headers = {"content-type": "application/x-www-form-urlencoded", "accept": "application/json"}
        answer = self._login.ask("POST", self._token_path, headers, body=urlencode(self._form).encode())
        if answer.status != 200:
            raise Denied(_reason(answer))
        found = self._object(answer)
        token, lasts = found.get("access_token"), found.get("expires_in")
        if not isinstance(token, str) or not isinstance(lasts, int):
            raise self.strange("a token without its text or its time")
        span = lasts * SECOND
        self._token, self._until = token, now + span - min(_MARGIN, span // _PART)
        return token

    def _object(self, answer: Response) -> Mapping[str, Any]:
        try:
            found = json.loads(answer.body)
        except (ValueError, RecursionError) as wrong:
            raise self.strange("no JSON") from wrong
        if not isinstance(found, dict):
            raise self.strange("no object")
        return found


def _reason(answer: Response) -> str:
    """What the server says of its refusal, in one short line; never what we sent."""
    try:
        said = json.loads(answer.body)["error"]
        words = said["code"] if isinstance(said, dict) else said
    except (ValueError, KeyError, TypeError, RecursionError):
        words = ""
    return f"{answer.status} {words}".strip()[:120]
