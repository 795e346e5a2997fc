"""A Google API as a service account sees it: lists in pages, each with a token for the next."""

from collections.abc import Callable, Iterator, Mapping
from typing import Any
from urllib.parse import quote

from countermand.lib.asserted import assertion
from countermand.lib.granted import Granted
from countermand.lib.read_json import read_json
from countermand.sources.source import Link, Page, Request, Setting, strange

LOGIN = Setting("where tokens are given out", "https://oauth2.googleapis.com")
TOKEN = Request("POST", "/token", "the service account's key")
#: An administrator for whom the service account asks.
SUBJECT = Setting("the administrator for whom the service account asks", form=r"[^\s@]{1,64}@[^\s@]{1,190}")


class Google:
    """One API. ``requests``: all that may be asked of it; ``scope``: what the token is good for."""

    def __init__(self, link: Link, requests: tuple[Request, ...], scope: str) -> None:
        api = link.outward(link.settings["url"], tuple((one.method, one.path) for one in requests if one is not TOKEN))
        login = link.outward(link.settings["login"], ((TOKEN.method, TOKEN.path),))
        refusal = strange(link)
        form = assertion(link, f"{login.base}/token", scope, refusal, link.settings.get("subject", ""))
        self._api = Granted(api, login, "/token", form, link.now, refusal)

    def one(self, path: str) -> Mapping[str, Any]:
        """One object. Denied."""
        return self._api.get(path)

    def pages(self, path: str, name: str, since: str = "", read: Callable[[bytes], Any] = read_json) -> Iterator[Page]:
        """A list from this page token on ('' = the first). ``name``: of the list in each answer, if it has one; ``read``: what
        takes answers apart. Denied."""
        token = since
        while True:
            found: Mapping[str, Any] = self._api.get(f"{path}&pageToken={quote(token, safe='')}" if token else path, read=read)
            rows, following = found.get(name, []), found.get("nextPageToken", "")
            if not isinstance(rows, list) or not isinstance(following, str) or (following and following == token):
                raise self._api.strange("a page without its list, or that is followed by itself")
            yield Page(tuple(rows), following)
            if not following:
                return
            token = following
