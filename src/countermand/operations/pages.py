"""Long lists in pages: so many rows, and the cursor behind which the next page begins."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Generic, TypeVar

Row = TypeVar("Row")

#: Rows of a page when nobody says how many.
USUAL = 200
MOST = 1_000


@dataclass(frozen=True, slots=True)
class Page(Generic[Row]):
    """``next``: give it as ``after`` to get the following page; '' when this is the last."""

    items: tuple[Row, ...]
    next: str


def page(rows: Iterable[Row], key: Callable[[Row], str | int], after: str, limit: int) -> Page[Row]:
    """The rows behind the cursor, at most ``limit``. ``key`` names each row; the order is that of ``rows``.

    Rows that are gone meanwhile do not lose a reader's place as long as the one that the cursor names is still there;
    if it is not, the list begins anew, so that nothing is ever skipped.
    """
    every = list(rows)
    names = [str(key(one)) for one in every]
    start = names.index(after) + 1 if after in names else 0
    size = min(max(limit, 1), MOST)
    found = every[start : start + size]
    more = start + size < len(every)
    return Page(tuple(found), names[start + size - 1] if more else "")
