"""What takes time to make, made one ahead: while an item is being used, another thread makes the next, and no more than that.

Worth it only where the making lets go of Python's lock (Arrow, numpy, hashing): reading and using then have a core each.
"""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

Item = TypeVar("Item")

_END = object()


def ahead(items: Iterator[Item]) -> Iterator[Item]:
    """The same items in the same order. What making one raises is raised where it would have come."""
    with ThreadPoolExecutor(1) as other:
        coming = other.submit(next, items, _END)
        while (item := coming.result()) is not _END:
            coming = other.submit(next, items, _END)
            yield item  # type: ignore[misc]
