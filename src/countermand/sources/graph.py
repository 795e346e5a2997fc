"""Microsoft Graph as a client credential sees it: a token, and collections in pages. Reads alone, but for the token."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

from countermand.core.errors import Refused
from countermand.core.instants import MINUTE, SECOND, Instant
from countermand.lib.http import Response
from countermand.sources.source import Link, Request, Setting

_ID = r"[0-9A-Za-z.-]{1,64}"
SETTINGS: Mapping[str, Setting] = {
    "tenant": Setting("the directory (tenant) id", form=_ID),
    "client": Setting("the application (client) id", form=_ID),
    "url": Setting("Graph's address", "https://graph.microsoft.com"),
    "login": Setting("where tokens are given out", "https://login.microsoftonline.com"),
}
TOKEN = Request("POST", rf"/{_ID}/oauth2/v2\.0/token", "the client's secret")
#: A token is not used in its last minutes.
_MARGIN = 5 * MINUTE


@dataclass(frozen=True, slots=True)
class Part:
    """One page of a collection. ``next``: path and query of the following one, '' after the last."""

    rows: tuple[Any, ...]
    next: str
    total: int | None


class Denied(Exception):
    """Graph answered, and does not let us. ``why`` in its own words."""


class Graph:
    """One tenant. ``requests``: all that may be asked of it."""

    def __init__(self, link: Link, requests: tuple[Request, ...]) -> None:
        self._link = link
        reads = tuple((one.method, one.path) for one in requests if one is not TOKEN)
        self._api = link.outward(link.settings["url"], reads)
        self._login = link.outward(link.settings["login"], ((TOKEN.method, TOKEN.path),))
        self._token = ""
        self._until: Instant = 0

    def pages(self, path: str) -> Iterator[Part]:
        """A collection from this path and query on. Denied; Refused ``source-strange`` for what Graph would not write."""
        while path:
            found = self.get(path)
            rows = found.get("value")
            if not isinstance(rows, list):
                raise self.strange("a collection without its value")
            total, following = found.get("@odata.count"), found.get("@odata.nextLink")
            path = self._inside(following) if following else ""
            yield Part(tuple(rows), path, total if isinstance(total, int) else None)

    def get(self, path: str) -> Mapping[str, Any]:
        """One object. A token that ran out early is asked for once more."""
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

    def _inside(self, link: Any) -> str:
        """Path and query of a following page, which must be Graph's own: the token goes nowhere else."""
        parts, home = urlsplit(str(link)), urlsplit(self._api.base)
        if (parts.scheme, parts.netloc) != (home.scheme, home.netloc):
            raise self.strange("its next page is somewhere else")
        return f"{parts.path}?{parts.query}" if parts.query else parts.path

    def _bearer(self) -> str:
        now = self._link.now()
        if now < self._until:
            return self._token
        form = {
            "grant_type": "client_credentials",
            "client_id": self._link.settings["client"],
            "client_secret": self._link.secret,
            "scope": f"{self._api.base}/.default",
        }
        headers = {"content-type": "application/x-www-form-urlencoded", "accept": "application/json"}
        path = f"/{self._link.settings['tenant']}/oauth2/v2.0/token"
        answer = self._login.ask("POST", path, headers, body=urlencode(form).encode())
        if answer.status != 200:
            raise Denied(_reason(answer))
        found = self._object(answer)
        token, lasts = found.get("access_token"), found.get("expires_in")
        if not isinstance(token, str) or not isinstance(lasts, int):
            raise self.strange("a token without its text or its time")
        self._token, self._until = token, now + lasts * SECOND - _MARGIN
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
