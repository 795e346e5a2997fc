"""Holding: who was told of an order hears that it is on hold, and, once they heard that, that it goes on.

The halt itself is one small write and waits for none of this (flows.stop). The words follow in chunks, as corrections do:
the worker promises them, anything may interrupt it, and whoever was not reached by an earlier word gets no later one.
"""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass

from countermand.access import Act, require
from countermand.core.instants import Instant
from countermand.core.notices import TELLING, Kind
from countermand.store import directives, echoes, holds, log, outbox, readers
from countermand.store.unit import unit

#: People promised in one transaction.
CHUNK = 1_000


@dataclass(frozen=True, slots=True)
class Spread:
    """``promised`` now; ``more``: call again."""

    promised: int
    more: bool


def hold_next(act: Act, name: str) -> Spread:
    """Promise the word of the last halt, or of its end, to the next people whom it concerns, in one short unit."""
    require(act.actor, "tell")
    with unit():
        found = holds.told_to(name)
        if found is None:
            return Spread(0, more=False)
        halt, to = found
        people = outbox.reached(name, to, CHUNK)
        if not people:
            holds.tell(name, halt, to, done=True)
            return Spread(0, more=False)
        kind, promised = _promise(act, name, people, halt)
        holds.tell(name, halt, people[-1], done=False)
        if promised:
            log.append("hold-promised", act, {"lineage": name, "kind": kind.value, "people": promised})
        return Spread(promised, more=True)


def hold_all(act: Act, name: str, between: Callable[[], None] = lambda: None) -> int:
    """Promise it to everyone, chunk by chunk; returns how many. ``between`` is called after each chunk."""
    promised = 0
    while True:
        spread = hold_next(act, name)
        promised += spread.promised
        between()
        if not spread.more:
            return promised


def hold_late(act: Act, reached: Sequence[tuple[str, int, Kind]]) -> None:
    """Notices (lineage, person, kind) that reached their people just now. Inside the caller's unit: who was told of an order
    that is on hold by now hears so; who heard so of one that goes on again hears that."""
    mine = TELLING | {Kind.HALTED}
    for name in sorted({lineage for lineage, _, kind in reached if kind in mine}):
        row = directives.known(name)
        if row.last_halt is not None and row.ended_at is None:
            awaited = TELLING if row.halted_at is not None else {Kind.HALTED}
            people = sorted({person for lineage, person, kind in reached if lineage == name and kind in awaited})
            kind, promised = _promise(act, name, people, row.last_halt)
            record(act, {(name, kind): promised})


def record(act: Act, words: Mapping[tuple[str, Kind], int]) -> None:
    """One entry per lineage and kind of word that people were promised beside the chunks, because a notice turned out to have
    reached them, or may have. Inside the caller's unit."""
    for (name, kind), people in sorted(words.items()):
        if people and kind is Kind.RESCINDED:
            log.append("corrections-promised", act, {"lineage": name, "people": people})
        elif people:
            log.append("hold-promised", act, {"lineage": name, "kind": kind.value, "people": people})


def _promise(act: Act, name: str, people: Collection[int], halt: Instant) -> tuple[Kind, int]:
    """To those of them who do not know yet. That it goes on is for people who were told of the version in force: it states
    their due. Who knows another version hears of this one, which says what counts now."""
    row, issued = directives.known(name), directives.issued(name)
    kind = Kind.RESUMED if row.halted_at is None else Kind.HALTED
    if issued is None:
        return kind, 0
    waiting = holds.waiting(name, people)
    wanted = set(people) - waiting if kind is Kind.HALTED else waiting & readers.told_dues(issued.pk, people).keys()
    echoes.promise_back(issued.pk, kind, act, wanted, str(halt))
    echoes.promise_back_to_rooms(issued.pk, kind, act, str(halt))
    return kind, outbox.promise(issued.pk, sorted(wanted), kind, act, occurrence=str(halt))
