"""Microsoft Graph as sources read it: collections in pages, each with where the next one begins."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from countermand.lib.graph import following
from countermand.lib.microsoft import granted
from countermand.lib.read_json import read_json
from countermand.sources.source import Link, Request, strange


@dataclass(frozen=True, slots=True)
class Part:
    """One page of a collection. ``next``: path and query of the following one, '' after the last."""

    rows: tuple[Any, ...]
    next: str
    total: int | None


class Graph:
    """One tenant. ``requests``: all that may be asked of it."""

    def __init__(self, link: Link, requests: tuple[Request, ...]) -> None:
        self._api = granted(link, requests, strange(link))

    def pages(self, path: str, read: Callable[[bytes], Any] = read_json) -> Iterator[Part]:
        """A collection from this path and query on. ``read``: what takes its pages apart. Denied; Refused ``source-strange`` for
        what Graph would not write."""
        while path:
            found = self._api.get(path, read=read)
            rows, total = found.get("value"), found.get("@odata.count")
            if not isinstance(rows, list):
                raise self._api.strange("a collection without its value")
            path = following(self._api, found)
            yield Part(tuple(rows), path, total if isinstance(total, int) else None)
