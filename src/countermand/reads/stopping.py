"""How far a halt or a rescission has come: which gates have heard it, and to whom the word of it is still on its way.

A gate has heard it when it holds the record that says so; what it last reported is what is known of it.
"""

from collections import Counter
from dataclasses import dataclass

from countermand.core.errors import Refused
from countermand.core.instants import Instant
from countermand.core.notices import Kind
from countermand.lib.read_json import read_json
from countermand.snapshot.records import Kind as What
from countermand.snapshot.signed import parts
from countermand.store import directives, feed, hearing, holds, installation
from countermand.store.unit import reading

#: Records that are looked through for the one that says it; behind more than these, all of them count.
_LOOKED_THROUGH = 2_000


@dataclass(frozen=True, slots=True)
class GateHeard:
    """``silent``: since when it has said nothing, in milliseconds; ``stopped``: by its stop file, so it denies nobody anyway."""

    name: str
    heard: bool
    stopped: bool
    silent: int


@dataclass(frozen=True, slots=True)
class Stopping:
    """``rescinded``: for good, else on hold. ``published``: the record for gates is signed and numbered. In people: ``reached``
    whom a notice reached or may have reached; ``written``: words of it that were handed over, and ``waiting``: that are on their
    way; ``promised``: everyone concerned has been promised them; ``in_flight``: notices that are with the mail server now."""

    directive: str
    at: Instant
    rescinded: bool
    published: bool
    gates: tuple[GateHeard, ...]
    reached: int
    written: int
    waiting: int
    promised: bool
    in_flight: int

    @property
    def gates_done(self) -> bool:
        return self.published and all(gate.heard or gate.stopped for gate in self.gates)

    @property
    def done(self) -> bool:
        """Every gate that ever reported has heard it, and everyone who was reached has the word of it."""
        return self.gates_done and self.promised and not self.waiting


def stopping(name: str, now: Instant) -> Stopping:
    """Refused ``not-found``, ``not-halted`` if the directive is neither on hold nor rescinded."""
    with reading():
        row = directives.known(name)
        at = row.ended_at if row.ended_at is not None else row.halted_at
        if at is None:
            raise Refused("not-halted")
        house = installation.load()
        epoch = house.epoch if house else 0
        published = not any(mark.key == name for mark in feed.stopping_marks())
        number = _number(epoch, name) if published else None
        gates = tuple(_heard(gate, epoch, number, now, published=published) for gate in feed.gates())
        kind, promised = Kind.HALTED, holds.told_to(name) is None
        if row.ended_at is not None:
            kind, promised = Kind.RESCINDED, row.corrected
        words = Counter({state: count for (of, state), count in hearing.by_state(name).items() if of == kind})
        counts = hearing.count(name)
    return Stopping(
        directive=name,
        at=at,
        rescinded=row.ended_at is not None,
        published=published,
        gates=gates,
        reached=counts.reached,
        written=words["accepted"] + words["unknown"] + words["refused"] + words["bounced"],
        waiting=words["promised"] + words["claimed"],
        promised=promised,
        in_flight=counts.in_flight,
    )


def _heard(gate: feed.Gate, epoch: int, number: int | None, now: Instant, *, published: bool) -> GateHeard:
    heard = published and gate.epoch == epoch and (number is None or gate.n >= number)
    return GateHeard(gate.name, heard, gate.stopped, max(now - gate.at, 0))


def _number(epoch: int, name: str) -> int | None:
    """The number of the last record about the directive, which says it; the newest of all if it is not among those looked
    through; None if none is kept."""
    last = feed.last(epoch).n
    begin = max(last - _LOOKED_THROUGH, (feed.first(epoch) or 1) - 1, 0)
    if last <= begin:
        return None
    found = last
    for number, line in feed.after(epoch, begin, _LOOKED_THROUGH):
        value = read_json(parts(line)[1])
        if value.get("what") == What.LINEAGE and value["body"]["id"] == name:
            found = number
    return found
