"""Microsoft Graph as an application of one tenant reaches it: by its secret, page after page of Graph's own."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any
from urllib.parse import urlsplit

from countermand.core.errors import Refused
from countermand.lib.granted import Granted, client_credentials
from countermand.lib.vendor import Link, Request, Setting

ID = r"[0-9A-Za-z.-]{1,64}"
TOKEN = Request("POST", rf"/{ID}/oauth2/v2\.0/token", "the client's secret")
WHO: Mapping[str, Setting] = {
    "tenant": Setting("the directory (tenant) id", form=ID),
    "client": Setting("the application (client) id", form=ID),
}
WHERE: Mapping[str, Setting] = {
    "url": Setting("Graph's address", "https://graph.microsoft.com"),
    "login": Setting("where tokens are given out", "https://login.microsoftonline.com"),
}


def granted(link: Link, requests: Sequence[Request], strange: Callable[[str], Refused]) -> Granted:
    """The API of one tenant, for these requests alone. ``strange``: the refusal of what Graph would not write."""
    api = link.outward(link.settings["url"], tuple((one.method, one.path) for one in requests if one is not TOKEN))
    login = link.outward(link.settings["login"], ((TOKEN.method, TOKEN.path),))
    form = client_credentials(link.secret, {"client_id": link.settings["client"], "scope": f"{api.base}/.default"})
    return Granted(api, login, f"/{link.settings['tenant']}/oauth2/v2.0/token", form, link.now, strange)


def rows(found: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """A page's rows, as far as they are any."""
    listed = found.get("value")
    return [row for row in listed if isinstance(row, dict)] if isinstance(listed, list) else []


def following(api: Granted, found: Mapping[str, Any]) -> str:
    """Path and query of the page after this one, '' after the last. The token goes nowhere else: Refused, as ``strange``."""
    link = found.get("@odata.nextLink")
    if not link:
        return ""
    home = urlsplit(api.base)
    try:
        parts = urlsplit(str(link))
    except ValueError:
        raise api.strange("its next page is no address") from None
    if (parts.scheme, parts.netloc) != (home.scheme, home.netloc):
        raise api.strange("its next page is somewhere else")
    return f"{parts.path}?{parts.query}" if parts.query else parts.path


def every(api: Granted, path: str) -> Iterator[Mapping[str, Any]]:
    """All rows of a collection, from this path and query on."""
    while path:
        found = api.get(path)
        yield from rows(found)
        path = following(api, found)
