"""Microsoft Graph as a client credential sees it: collections in pages, each with a link to the next."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from countermand.lib.granted import Granted, client_credentials
from countermand.sources.source import Link, Request, Setting, strange

_ID = r"[0-9A-Za-z.-]{1,64}"
SETTINGS: Mapping[str, Setting] = {
    "tenant": Setting("the directory (tenant) id", form=_ID),
    "client": Setting("the application (client) id", form=_ID),
    "url": Setting("Graph's address", "https://graph.microsoft.com"),
    "login": Setting("where tokens are given out", "https://login.microsoftonline.com"),
}
TOKEN = Request("POST", rf"/{_ID}/oauth2/v2\.0/token", "the client's secret")


@dataclass(frozen=True, slots=True)
class Part:
    """One page of a collection. ``next``: path and query of the following one, '' after the last."""

    rows: tuple[Any, ...]
    next: str
    total: int | None


class Graph:
    """One tenant. ``requests``: all that may be asked of it."""

    def __init__(self, link: Link, requests: tuple[Request, ...]) -> None:
        api = link.outward(link.settings["url"], tuple((one.method, one.path) for one in requests if one is not TOKEN))
        login = link.outward(link.settings["login"], ((TOKEN.method, TOKEN.path),))
        form = {"client_id": link.settings["client"], "scope": f"{api.base}/.default"}
        path = f"/{link.settings['tenant']}/oauth2/v2.0/token"
        self._api = Granted(api, login, path, client_credentials(link.secret, form), link.now, strange(link))

    def pages(self, path: str) -> Iterator[Part]:
        """A collection from this path and query on. Denied; Refused ``source-strange`` for what Graph would not write."""
        while path:
            found = self._api.get(path)
            rows = found.get("value")
            if not isinstance(rows, list):
                raise self._api.strange("a collection without its value")
            total, following = found.get("@odata.count"), found.get("@odata.nextLink")
            path = self._inside(following) if following else ""
            yield Part(tuple(rows), path, total if isinstance(total, int) else None)

    def _inside(self, link: Any) -> str:
        """Path and query of a following page, which must be Graph's own: the token goes nowhere else."""
        home = urlsplit(self._api.base)
        try:
            parts = urlsplit(str(link))
        except ValueError:
            raise self._api.strange("its next page is no address") from None
        if (parts.scheme, parts.netloc) != (home.scheme, home.netloc):
            raise self._api.strange("its next page is somewhere else")
        return f"{parts.path}?{parts.query}" if parts.query else parts.path
