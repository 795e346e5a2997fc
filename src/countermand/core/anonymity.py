"""Small counts: which cells of a table are not shown, so that no count points at a few people.

A cell under the threshold is hidden, and so is what would give it away by subtraction from a total that is shown: with
one hidden cell in a row, the next smallest of the row; the same down a column whose rows add up to the total.
"""

from collections.abc import Iterator, Mapping, Sequence
from itertools import chain

Rows = Mapping[str, Mapping[str, int]]
Cell = tuple[str, str]


def hidden(
    rows: Rows, parts: Sequence[str], least: int, *, adding_up: bool, alike: Sequence[tuple[str, str]] = ()
) -> frozenset[Cell]:
    """(row, column) of every cell that is not shown. ``parts``: columns that add up to a total of their row which is shown;
    ``adding_up``: the rows add up to totals which are shown; ``alike``: (column, another that often holds the same count).
    A cell of 0 points at nobody and is shown."""
    found = {(row, column) for row, cells in rows.items() for column, value in cells.items() if 0 < value < least}
    while more := next(chain(_given_away(rows, parts, found, adding_up), _repeated(rows, found, alike)), None):
        found.add(more)
    return frozenset(found)


def _given_away(rows: Rows, parts: Sequence[str], found: set[Cell], adding_up: bool) -> Iterator[Cell]:
    """Cells to hide besides those already hidden, so that a lone one cannot be computed."""
    across = ([(row, part) for part in parts] for row in rows)
    columns = sorted({column for cells in rows.values() for column in cells})
    down = ([(row, column) for row in rows] for column in columns if adding_up)
    for line in chain(across, down):
        if sum(cell in found for cell in line) == 1:
            shown = [cell for cell in line if cell not in found and _value(rows, cell)]
            if shown:
                yield min(shown, key=lambda cell: (_value(rows, cell), cell))


def _repeated(rows: Rows, found: set[Cell], alike: Sequence[tuple[str, str]]) -> Iterator[Cell]:
    for row in rows:
        for column, other in alike:
            if (row, column) in found and (row, other) not in found and _value(rows, (row, other)):
                yield row, other


def _value(rows: Rows, cell: Cell) -> int:
    return rows[cell[0]].get(cell[1], 0)


def shown(value: int, cell: Cell, unseen: frozenset[Cell], least: int) -> int | str:
    """What stands in the cell: the count, ``<5``, or ``hidden`` for a larger one that would give a small one away."""
    if cell not in unseen:
        return value
    return f"<{least}" if value < least else "hidden"
