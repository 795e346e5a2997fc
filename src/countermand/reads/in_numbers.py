"""A preview for whoever oversees without looking at anybody: counts alone, and none that points at a few people."""

from collections.abc import Mapping
from dataclasses import replace

from countermand.core.anonymity import hidden
from countermand.core.verdict import Status
from countermand.reads.preview import Preview, whom_first

#: Dimensions of which a small count could point at somebody, and whether their rows add up to the total.
_GUARDED = {"country": True, "group": False}


def in_numbers(seen: Preview, least: int) -> Preview:
    """Without the logins of who gets the notice first; by country and group without what is under ``least``, or gives it away."""
    named = whom_first(seen.first_look)
    words = tuple(one for one in seen.words if one != named)
    by = {
        dimension: _guarded(rows, least, adding_up=_GUARDED[dimension]) if dimension in _GUARDED else rows
        for dimension, rows in seen.by.items()
    }
    return replace(seen, first_look=(), words=words, by=by)


def _guarded(rows: Mapping[str, Mapping[Status, int]], least: int, *, adding_up: bool) -> dict[str, dict[Status, int]]:
    counts = {row: {status.value: count for status, count in cells.items()} for row, cells in rows.items()}
    unseen = hidden(counts, [status.value for status in Status], least, adding_up=adding_up)
    return {
        row: {Status(status): count for status, count in cells.items() if (row, status) not in unseen}
        for row, cells in counts.items()
    }
