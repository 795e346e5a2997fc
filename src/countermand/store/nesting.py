"""Groups within groups, as rows: which groups a person is in through those that they are in directly."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

#: An edge of nesting holds for ordinals under this: for everybody.
EVERYBODY = 2**31 - 1


@dataclass(frozen=True, slots=True)
class Nesting:
    """Group → every group it is in through nesting, for people with ordinals under ``cursor`` and from it on: the two differ
    while a change of nesting goes through the company."""

    cursor: int
    under: Mapping[str, frozenset[str]]
    beyond: Mapping[str, frozenset[str]]

    def of(self, person: int) -> Mapping[str, frozenset[str]]:
        return self.under if person < self.cursor else self.beyond


def of_edges(rows: Sequence[tuple[Any, ...]]) -> Nesting:
    """The nesting of these rows: (child, parent, since, until)."""
    ends = {end for _, _, since, until in rows for end in (since, until)} - {0, EVERYBODY}
    at = max(ends, default=0)
    under = _closed((child, parent) for child, parent, since, _ in rows if since == 0)
    beyond = under if not at else _closed((child, parent) for child, parent, _, until in rows if until == EVERYBODY)
    return Nesting(at, under, beyond)


def _closed(edges: Iterable[tuple[str, str]]) -> dict[str, frozenset[str]]:
    """Group → every group above it. Nesting is never cyclic, and this ends even if it were."""
    parents: dict[str, set[str]] = {}
    for child, parent in edges:
        parents.setdefault(child, set()).add(parent)
    closed: dict[str, frozenset[str]] = {}
    for group in parents:
        seen: set[str] = set()
        open_ = [group]
        while open_:
            for parent in parents.get(open_.pop(), ()):
                if parent not in seen:
                    seen.add(parent)
                    open_.append(parent)
        closed[group] = frozenset(seen)
    return closed
