"""Microsoft Graph, page after page of Graph's own."""

from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import urlsplit

from countermand.lib.granted import Granted
from countermand.lib.microsoft import LOGIN
from countermand.lib.vendor import Setting

WHERE: Mapping[str, Setting] = {
    "url": Setting("Graph's address", "https://graph.microsoft.com"),
    **LOGIN,
}


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
