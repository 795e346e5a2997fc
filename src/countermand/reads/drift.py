"""Where the catalogue means something else by now than what was signed: nothing follows from it until people sign again."""

from collections.abc import Collection
from dataclasses import dataclass

from countermand.catalog import load
from countermand.core import facts
from countermand.core.apps import App
from countermand.core.bundle import Bundle
from countermand.core.drift import drift
from countermand.core.instants import Instant, to_datetime
from countermand.core.lifecycle import State
from countermand.store import directives, evidence, sets
from countermand.store.unit import reading


@dataclass(frozen=True, slots=True)
class MovedApp:
    """``devices`` on which it is known to be."""

    app: str
    devices: int


@dataclass(frozen=True, slots=True)
class Drifted:
    """A version in force or before its approvers: ids that its selectors also mean now, and frozen ones that they do not any
    more. ``waiting``: the number of a newer draft or proposal of the lineage, None if there is none."""

    directive: str
    number: int
    state: State
    added: tuple[MovedApp, ...]
    gone: tuple[MovedApp, ...]
    waiting: int | None


def drifted(now: Instant, name: str | None = None) -> list[Drifted]:
    """Every version in force or proposed whose selectors mean other ids on the day of ``now`` than those that were frozen.
    Refused ``not-found`` for a ``name`` that is none."""
    found = []
    with reading():
        rows = directives.versions(name) if name else [row for one in directives.names() for row in directives.versions(one)]
        if name and not rows:
            directives.newest(name)  # says what is near
        newest = {row.lineage: row for row in rows}  # versions come in the order of their numbers
        for row in rows:
            if row.state not in (State.ISSUED, State.PROPOSED) or not row.bundle:
                continue
            moved = drift(Bundle.opened(row.bundle), load(), to_datetime(now).date())
            last = newest[row.lineage]
            waiting = last.number if last.pk != row.pk and last.state in (State.DRAFT, State.PROPOSED) else None
            if moved:
                found.append(Drifted(row.lineage, row.number, row.state, _seen(moved.added), _seen(moved.gone), waiting))
    return found


def _seen(apps: Collection[App]) -> tuple[MovedApp, ...]:
    counts = dict.fromkeys(apps, 0)
    known = evidence.known_numbers(apps)
    for number in sets.blocks(sets.DEVICES):
        block = sets.load(sets.DEVICES, number, [facts.app(one) for one in known.values()])
        for app, one in known.items():
            counts[app] += len(block[facts.app(one)])
    return tuple(MovedApp(str(app), counts[app]) for app in sorted(apps, key=str))
